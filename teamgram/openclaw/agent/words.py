"""A run's words on their way to clients: told when :mod:`teamgram.openclaw.agent.streaming` says they are due."""

from typing import Any

from teamgram.openclaw.agent.run import Run
from teamgram.openclaw.gateway.append_only import AppendOnly


class Words:
    """Tells a run's words when they are due."""

    def __init__(self, run: Run, reactor: Any) -> None:
        self._run = run
        self._reactor = reactor
        self._timer: Any = None
        # Who listens by ``on_text`` cannot take words back.
        self._append = AppendOnly()

    def begin_item(self) -> None:
        """Another model call."""
        self._run.live.begin_item()
        self._run.events.begin_item()

    def take_back(self) -> None:
        """That call is made again."""
        self._run.live.take_back_item()

    def add(self, text: str) -> None:
        """The model said this."""
        live = self._run.live
        live.add(text)
        if self._timer is not None or not live.has_news:
            return
        wait = live.next_at - self._reactor.seconds()
        if wait <= 0:
            self.flush()
        else:
            self._timer = self._reactor.callLater(wait, self._due)

    def _due(self) -> None:
        self._timer = None
        self.flush()

    def flush(self) -> None:
        """Tell what waits, now."""
        self.stop()
        run = self._run
        piece = run.live.take(self._reactor.seconds())
        if piece is None:
            return
        run.events.piece(piece, run.live.size)
        if run.request.on_text is not None:
            words = self._append.replace(piece.text) if piece.replaces else self._append.add(piece.text)
            if words:
                run.request.on_text(words)

    def stop(self) -> None:
        """No more timer."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
