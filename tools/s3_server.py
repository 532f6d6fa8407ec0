"""A real S3-compatible server of one's own (versitygw, see ``tools/setup_s3.sh``): started, killed, started again."""

import os
import secrets
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tools.test_services import Service, answer_of

PROGRAM = Path(".test/versitygw/v1.8.0/versitygw")
"""Below the repository."""
BUCKET = "documents"


def program() -> Path | None:
    """Where it is; None when it was not built."""
    path = Path(__file__).parent.parent / PROGRAM
    return path if os.access(path, os.X_OK) else None


class S3Server:
    """One that keeps its objects in ``directory``.

    Attributes:
        access_key, secret_key: who may do everything there.
        port: of 127.0.0.1, the same after each start.
    """

    def __init__(self, directory: Path | None = None) -> None:
        self._own = directory is None
        self.directory = directory or Path(tempfile.mkdtemp(prefix="teamgram-s3-"))
        self.access_key, self.secret_key = f"key{secrets.token_hex(6)}", secrets.token_hex(16)
        for name in ("objects", "about"):
            (self.directory / name).mkdir(exist_ok=True)
        self._service = Service("versitygw", self.directory, self._command, lambda port: bool(answer_of(port)))
        self.port = 0

    def _command(self, port: int) -> Sequence[str]:
        path = program()
        assert path is not None, "sh tools/setup_s3.sh builds it"
        words = [path, "--port", f"127.0.0.1:{port}", "--access", self.access_key, "--secret", self.secret_key]
        # What it knows of objects lies beside them: not every file system keeps it with them.
        words += ["--quiet", "--keep-alive", "posix", "--sidecar", self.directory / "about"]
        return [*map(str, words), str(self.directory / "objects")]

    @property
    def endpoint(self) -> str:
        """host:port."""
        return f"127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start, on the same port as before; return when it answers."""
        self._service.start(self.port)
        self._service.wait()
        self.port = self._service.port

    def kill(self) -> None:
        """As a machine's fall would."""
        self._service.kill()

    def close(self) -> None:
        """End it; a directory of its own goes."""
        self._service.stop()
        if self._own:
            shutil.rmtree(self.directory, ignore_errors=True)

    def dfs_yaml(self) -> str:
        """What ``dfs.yaml`` says of it, in teamgram's words."""
        return (
            f"Minio:\n  Endpoint: {self.endpoint}\n  AccessKeyID: {self.access_key}\n"
            f"  SecretAccessKey: {self.secret_key}\n  UseSSL: false\n  Bucket: {{Documents: {BUCKET}}}\n"
        )
