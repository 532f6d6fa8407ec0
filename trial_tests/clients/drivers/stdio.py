"""The line protocol between a test and a client library's process.

One JSON object a line. In: ``{"id", "do", "args"}``. Out: ``{"id", "ok"}`` or
``{"id", "error"}`` for each command, ``{"event", …}`` whenever the library
tells of something. A driver runs under the library's own interpreter, so this
file imports the standard library only.
"""

import asyncio
import json
import sys
import traceback


class Driver:
    """Reads commands, runs the method named ``do_<command>``, writes what came of it."""

    def __init__(self):
        self._out = sys.stdout
        sys.stdout = sys.stderr  # what a library prints must not look like an answer
        self._tasks = set()

    def emit(self, event, **fields):
        """Tell the test about something that it did not ask for."""
        self._write({"event": event, **fields})

    def _write(self, line):
        self._out.write(json.dumps(line) + "\n")
        self._out.flush()

    async def _answer(self, line):
        try:
            result = await getattr(self, "do_" + line["do"])(**line.get("args", {}))
            self._write({"id": line["id"], "ok": result})
        except Exception as error:
            if "--traces" in sys.argv:
                traceback.print_exc()
            self._write({"id": line["id"], "error": self.describe(error)})

    def describe(self, error):
        """How an exception is told; drivers put the RPC error's own name first."""
        return f"{type(error).__name__}: {error}"

    async def run(self):
        """Until standard input ends."""
        loop = asyncio.get_running_loop()
        reader = asyncio.StreamReader(limit=1 << 24)
        await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
        self.emit("ready")
        while line := await reader.readline():
            task = asyncio.ensure_future(self._answer(json.loads(line)))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        for task in self._tasks:
            task.cancel()
