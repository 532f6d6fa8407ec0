"""The S3 server that all tests of a process share."""

import atexit
from functools import cache

from tools.s3_server import S3Server, program

SKIP = "" if program() is not None else "no versitygw: sh tools/setup_s3.sh"


@cache
def shared_server() -> S3Server:
    """Running, and gone with the process. Whoever kills it starts it again."""
    server = S3Server()
    atexit.register(server.close)
    server.start()
    return server
