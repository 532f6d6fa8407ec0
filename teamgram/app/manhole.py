"""The manhole's settings and its port; the shell itself is in ``manhole_shell``, which alone needs conch.

An SSH shell into the live process, off unless ``operations.yaml`` opens it.
Whoever is in can read and do everything, so it listens on loopback only and
asks for a key or a password from a file.
"""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from twisted.internet.defer import maybeDeferred
from twisted.internet.endpoints import serverFromString
from twisted.internet.interfaces import IListeningPort
from twisted.logger import Logger

from teamgram.app.config.errors import ConfigError
from teamgram.app.config.sections import ManholeSection
from teamgram.app.manhole_settings import ManholeSettings

HOST_KEY_FILE = "manhole_host_key"
_FILE = "operations.yaml"


def manhole_settings(section: ManholeSection, data_dir: Path) -> ManholeSettings | None:
    """None: there is to be none.

    Raises:
        ConfigError: not on loopback, nothing to sign in with, a file that cannot be read, or no conch.
    """
    if not section.ListenOn:
        return None
    host, port = _loopback(section.ListenOn)
    if not section.AuthorizedKeys and not section.PasswordFile:
        raise ConfigError(_FILE, "Manhole.AuthorizedKeys", "name a file of public keys here, or a PasswordFile")
    keys = _content(data_dir, section.AuthorizedKeys, "AuthorizedKeys")
    password = _content(data_dir, section.PasswordFile, "PasswordFile").split(b"\n")[0].rstrip(b"\r")
    if section.PasswordFile and not password:
        raise ConfigError(_FILE, "Manhole.PasswordFile", "the first line of the file is empty")
    try:
        from teamgram.app.manhole_shell import parse_keys
    except ImportError as error:
        raise ConfigError(
            _FILE,
            "Manhole.ListenOn",
            f"conch cannot be loaded ({error}); type: .venv/bin/pip install -e '.[manhole]'",
        ) from None
    if section.AuthorizedKeys and not parse_keys(keys):
        raise ConfigError(_FILE, "Manhole.AuthorizedKeys", "there is no public key in the file")
    return ManholeSettings(host, port, section.User, keys, password)


def _loopback(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    host = host.strip("[]")
    try:
        loopback = ip_address(host).is_loopback and 0 <= int(port) < 65536
    except ValueError:
        loopback = False
    if not loopback:
        raise ConfigError(
            _FILE, "Manhole.ListenOn", f"{text!r}: a manhole is on loopback only; write it like 127.0.0.1:2222"
        )
    return host, int(port)


def _content(data_dir: Path, file: str, key: str) -> bytes:
    if not file:
        return b""
    try:
        return (data_dir / file).read_bytes()
    except OSError as error:
        raise ConfigError(_FILE, f"Manhole.{key}", f"{data_dir / file} cannot be read: {error.strerror}") from None


class Manhole:
    """The port, open or not.

    Args:
        namespace: the names that a shell begins with.

    Attributes:
        settings: what it is open with, None while it is closed.
    """

    _log = Logger()

    def __init__(self, reactor: Any, data_dir: Path, namespace: Callable[[], dict[str, Any]]) -> None:
        self._reactor = reactor
        self._data_dir = data_dir
        self._namespace = namespace
        self._port: IListeningPort | None = None
        self._factory: Any = None
        self.settings: ManholeSettings | None = None

    @property
    def port(self) -> int:
        """The port that it listens on, 0 while it is closed."""
        return 0 if self._port is None else int(self._port.getHost().port)  # type: ignore[attr-defined]

    async def set(self, wanted: ManholeSettings | None) -> None:
        """Open, close or change it; shells that are open stay.

        Raises:
            CannotListenError: nothing has changed.
            ConfigError: the host key cannot be used; nothing has changed.
        """
        before = self.settings
        if wanted == before:
            return
        if wanted is None:
            await self.close()
            return
        from teamgram.app.manhole_shell import ShellFactory, make_portal

        portal = make_portal(wanted, self._namespace)
        if before is None or (wanted.host, wanted.port) != (before.host, before.port):
            factory = ShellFactory(portal, self._data_dir / HOST_KEY_FILE)
            kind, host = ("tcp6", wanted.host.replace(":", "\\:")) if ":" in wanted.host else ("tcp", wanted.host)
            opened = await serverFromString(self._reactor, f"{kind}:{wanted.port}:interface={host}").listen(factory)
            await self.close()
            self._port, self._factory = opened, factory
            self._log.warn(
                "manhole open: ssh -p {port} {user}@{host}", port=self.port, user=wanted.user, host=wanted.host
            )
        else:
            self._factory.portal = portal
            self._log.info("manhole: other users, keys or passwords from now on")
        self.settings = wanted

    async def close(self) -> None:
        """Accept nobody any more."""
        port, self._port, self.settings = self._port, None, None
        if port is not None:
            await maybeDeferred(port.stopListening)
            self._log.info("manhole closed")
