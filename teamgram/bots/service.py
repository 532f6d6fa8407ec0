"""The Bot API as a service: its listeners."""

from pathlib import Path
from typing import Any

from twisted.application.service import Service
from twisted.internet.defer import Deferred, maybeDeferred
from twisted.internet.endpoints import serverFromString
from twisted.internet.interfaces import IListeningPort

from teamgram.bots.connections import MAX_CONNECTIONS, MAX_PER_ADDRESS, ApiFactory
from teamgram.bots.father.service import BotFather
from teamgram.bots.http import Answers
from teamgram.bots.webhooks import Webhooks

#: Below the data directory: files lie there while a call that brings them lasts.
UPLOAD_FOLDER = "bot_uploads"


class BotApiService(Service):
    """Listens while it runs.

    Attributes:
        listening: fires when every listener is open; fails when one cannot be.
        addresses: (host, port) of each, once they are open.
    """

    def __init__(
        self,
        answers: Answers,
        webhooks: Webhooks,
        father: BotFather | None,
        reactor: Any,
        addresses: list[tuple[str, int]],
        max_bytes: int,
        data_dir: Path,
        connections: tuple[int, int] = (MAX_CONNECTIONS, MAX_PER_ADDRESS),
    ) -> None:
        """Args:
        father: makes bots for people; None: nobody does.
        max_bytes: of one call.
        connections: at a time, in all and of one address.
        """
        self.listening: Deferred[None] = Deferred()
        self.addresses: list[tuple[str, int]] = []
        self._webhooks = webhooks
        self._father = father
        self._reactor = reactor
        self._wanted = addresses
        self._folder = data_dir / UPLOAD_FOLDER
        self._factory = ApiFactory(answers, reactor, max_bytes, self._folder, *connections)
        self._ports: list[IListeningPort] = []

    def startService(self) -> None:
        """Open the listeners."""
        super().startService()
        if self._wanted:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        Deferred.fromCoroutine(self._listen()).chainDeferred(self.listening)

    async def _listen(self) -> None:
        for host, port in self._wanted:
            interface = host.replace(":", "\\:")
            endpoint = serverFromString(self._reactor, f"tcp:{port}:interface={interface}")
            opened = await endpoint.listen(self._factory)
            self._ports.append(opened)
            self.addresses.append((host, opened.getHost().port))
        if self._wanted:
            self._webhooks.start()
            if self._father is not None:
                self._father.start()

    def stopService(self) -> Deferred[None]:
        """Close them; calls that wait are answered by who makes them wait."""
        super().stopService()
        return Deferred.fromCoroutine(self._close())

    async def _close(self) -> None:
        if self._father is not None:
            await self._father.stop()
        await self._webhooks.stop()
        ports, self._ports = self._ports, []
        for port in ports:
            await maybeDeferred(port.stopListening)
