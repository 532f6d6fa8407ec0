"""The server, with everything that it is asked and answers written down beside it.

``python -m acceptance_tests.apps.watched_server FILE ARGUMENTS…`` is ``twistd ARGUMENTS…``; each request that comes to
bff becomes a line of JSON in FILE: ``at`` (unix seconds), ``key`` (the permanent key), ``session``, ``client``,
``method``, ``query`` (the request in words) and ``answer`` (the result in words, or ``error 400 NAME``). Requests that
nobody serves come no further than session; ``rpc_errors_total`` counts those. A line without a key says when it was
started again.

For accounts of tests only: a server's own log never says so much.
"""

import json
import sys
import time
from dataclasses import asdict
from typing import Any, TextIO

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure
from twisted.scripts.twistd import run

from acceptance_tests.apps.asked import RESTARTED, Asked
from teamgram.bff.caller import Caller
from teamgram.interfaces.rpc import RpcError, RpcRequest
from teamgram.mtproto.tl import TLError, decode, decode_result

#: Pieces of files are not for reading.
MAX_WORDS = 4000


class Watch:
    """Stands before ``Caller.call`` and writes down what passes."""

    def __init__(self, file: TextIO) -> None:
        self._file = file
        self._call = Caller.call

    def install(self) -> None:
        """Every caller made from now on is watched."""
        watch = self

        def call(caller: Caller, request: RpcRequest) -> Any:
            return watch.call(caller, request)

        Caller.call = call  # type: ignore[method-assign,assignment]
        if self._file.tell():
            self._write(Asked(time.time(), 0, "", RESTARTED, "", ""))

    def call(self, caller: Caller, request: RpcRequest) -> Any:
        """As ``Caller.call``."""
        try:
            result = self._call(caller, request)
        except RpcError as error:
            self._note(request, f"error {error}")
            raise
        if isinstance(result, Deferred):
            return result.addCallbacks(self._answered, self._failed, callbackArgs=(request,), errbackArgs=(request,))
        return self._answered(result, request)

    def _answered(self, result: Any, request: RpcRequest) -> Any:
        try:
            words = repr(decode_result(request.method, bytes(result), request.metadata.layer))
        except TLError as error:
            words = f"unreadable: {error}"
        self._note(request, words)
        return result

    def _failed(self, failure: Failure, request: RpcRequest) -> Failure:
        self._note(request, f"error {failure.value}")
        return failure

    def _note(self, request: RpcRequest, answer: str) -> None:
        try:
            query = repr(decode(request.body))
        except TLError as error:
            query = f"unreadable: {error} {request.body.hex()}"
        caller = request.metadata
        key, client, method = caller.perm_auth_key_id, caller.client.app_version, request.method
        answer = answer[:MAX_WORDS]
        self._write(Asked(time.time(), key, client, method, query[:MAX_WORDS], answer, caller.session_id))

    def _write(self, line: Asked) -> None:
        self._file.write(json.dumps(asdict(line)) + "\n")
        self._file.flush()


if __name__ == "__main__":
    with open(sys.argv[1], "a", encoding="utf-8") as file:
        Watch(file).install()
        sys.argv = ["twistd", *sys.argv[2:]]
        run()
