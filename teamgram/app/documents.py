"""Everything that the HTTP listeners show browsers: the front page, and the web apps below their paths."""

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

from twisted.internet.defer import DeferredSemaphore
from twisted.internet.threads import deferToThreadPool
from twisted.logger import Logger

from teamgram.app.config import sections
from teamgram.app.config.errors import ConfigError
from teamgram.app.server_key import ServerKey
from teamgram.clients.front_page import FrontPage
from teamgram.clients.web_client import Address, WebClient
from teamgram.gnetway.service import GnetwayService
from teamgram.interfaces.documents import DocumentAnswer, DocumentRequest, whole
from teamgram.mtproto.crypto.rsa import RsaPublicKey

_T = TypeVar("_T")
_PATH = re.compile(r"/[a-z0-9-]{1,32}/")
#: Requests that may wait for files being read and compressed, one at a time; more are told to come again.
MAX_WAITING = 64
_LATER = [(b"Retry-After", b"1"), (b"Cache-Control", b"no-store")]


def is_path(path: str) -> bool:
    """Whether a web app may be below that path; MTProto over HTTP has those that begin with ``/api``."""
    return _PATH.fullmatch(path) is not None and not path.startswith("/api")


def web_clients(file: sections.GnetwayFile, data_dir: Path, key: RsaPublicKey) -> list[WebClient]:
    """One for each of ``WebClients``; none was looked through yet.

    Raises:
        ConfigError: a path that cannot be, or is there twice.
    """
    found: dict[str, WebClient] = {}
    for index, section in enumerate(file.WebClients):
        where = f"WebClients[{index}]"
        if not is_path(section.Path):
            raise ConfigError("gnetway.yaml", f"{where}.Path", f"{section.Path!r} is no path; write it like /a/")
        if section.Path in found:
            raise ConfigError("gnetway.yaml", f"{where}.Path", f"{section.Path} is there twice")
        if not 0 <= section.WebSocketPort < 65536:
            raise ConfigError("gnetway.yaml", f"{where}.WebSocketPort", f"{section.WebSocketPort} is no port")
        found[section.Path] = WebClient(section.Path, data_dir / section.Directory, section.WebSocketPort, key)
    return list(found.values())


class ShownDocuments:
    """MessageAnswers what is no MTProto. Files are read in a thread.

    Attributes:
        key: the server's, which web apps are given.
    """

    _log = Logger()

    def __init__(
        self,
        front_page: FrontPage,
        key: RsaPublicKey,
        reactor: Any,
        websockets: Callable[[bool], Sequence[Address]],
    ) -> None:
        """
        Args:
            websockets: (kind, host, port) of the WebSocket listeners that speak TLS, or of those that do not.
        """
        self.key = key
        self._front_page = front_page
        self._reactor = reactor
        self._websockets = websockets
        self._clients: dict[bytes, WebClient] = {}
        self._one_at_a_time = DeferredSemaphore(1)
        self._waiting = 0

    def show(self, clients: Sequence[WebClient]) -> None:
        """Show these from now on; they were looked through."""
        for client in clients:
            if client.trouble:
                self._log.error("{path} cannot be shown: {why}", path=client.path, why=client.trouble)
            else:
                self._log.info("{name} is at {path}", name=client.name, path=client.path)
        self._clients = {client.path.strip("/").encode(): client for client in clients}
        self._front_page.web_clients = [(client.name, client.path) for client in clients if not client.trouble]

    async def examined(self, clients: Sequence[WebClient]) -> None:
        """Look through the directories of these; in a thread."""
        for client in clients:
            await self._in_thread(client.examine)

    async def answer(self, request: DocumentRequest) -> DocumentAnswer | None:
        """The answer; None where nothing is."""
        client = self._clients.get(request.path.split(b"/", 2)[1])
        if client is None:
            return self._front_page.document(request)
        if (moved := client.redirect(request.path)) is not None:
            return moved
        answer = client.answer(request, self._websockets(request.is_tls))
        if not callable(answer):
            return answer
        if self._waiting >= MAX_WAITING:
            return whole(503, _LATER, b"")
        self._waiting += 1
        try:
            return await self._in_thread(answer)
        finally:
            self._waiting -= 1

    async def _in_thread(self, work: Callable[[], _T]) -> _T:
        pool = self._reactor.getThreadPool()
        done: _T = await self._one_at_a_time.run(deferToThreadPool, self._reactor, pool, work)
        return done


def open_documents(
    file: sections.GnetwayFile, data_dir: Path, key: ServerKey, reactor: Any, gnetway: Callable[[], GnetwayService]
) -> ShownDocuments:
    """What the configuration has them show.

    Args:
        gnetway: the edge, which is made with these.

    Raises:
        ConfigError: as ``web_clients``.
    """
    page = FrontPage(key.public_pem, key.fingerprint, file.DcId, lambda: gnetway().addresses)
    documents = ShownDocuments(page, key.key.public, reactor, lambda is_tls: gnetway().listeners.websockets(is_tls))
    clients = web_clients(file, data_dir, key.key.public)
    for client in clients:
        client.examine()
    documents.show(clients)
    return documents
