"""The manhole's shell over SSH: ``twisted.conch``, its host key, who may come in, and single commands.

Imported only when a manhole is configured: conch needs more than the rest.
"""

from __future__ import annotations

import contextlib
import hmac
import io
from code import InteractiveInterpreter
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

from twisted.conch.checkers import InMemorySSHKeyDB, SSHPublicKeyChecker, readAuthorizedKeyFile
from twisted.conch.insults.insults import ServerProtocol
from twisted.conch.manhole import Manhole as Terminal
from twisted.conch.manhole_ssh import ConchFactory, TerminalRealm, TerminalSession, TerminalSessionTransport
from twisted.conch.ssh.keys import BadKeyError, Key
from twisted.cred.checkers import ICredentialsChecker
from twisted.cred.credentials import IUsernamePassword
from twisted.cred.error import UnauthorizedLogin
from twisted.cred.portal import Portal
from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.error import ProcessDone, ProcessTerminated
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from teamgram.app.config.errors import ConfigError
from teamgram.app.manhole_settings import ManholeSettings
from teamgram.database import private_file

Namespace = Callable[[], dict[str, Any]]


def parse_keys(content: bytes) -> list[Key]:
    """The public keys of an ``authorized_keys`` file; lines that are none are logged."""
    return list(readAuthorizedKeyFile(BytesIO(content)))


def load_host_key(path: Path) -> Key:
    """The manhole's own key; made (0600) when it is not there.

    Raises:
        ConfigError: the file holds none.
    """
    if not path.exists():
        made = Ed25519PrivateKey.generate()
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        private_file.replace(path, made.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()))
    try:
        key: Key = Key.fromString(path.read_bytes())
    except (BadKeyError, OSError, ValueError) as error:
        raise ConfigError(str(path), "", f"holds no SSH key: {error}") from None
    return key


class ShellFactory(ConchFactory):
    """One SSH server with one host key."""

    noisy = False

    def __init__(self, portal: Portal, host_key_path: Path) -> None:
        super().__init__(portal)
        key: Any = load_host_key(host_key_path)
        self.publicKeys = {key.sshType(): key.public()}
        self.privateKeys = {key.sshType(): key}


class Realm(TerminalRealm):
    """Says in the log who came in."""

    _log = Logger()

    def requestAvatar(self, avatarId: Any, mind: Any, *interfaces: Any) -> Any:
        self._log.warn("manhole: {user} signed in", user=avatarId.decode("utf-8", "replace"))
        return super().requestAvatar(avatarId, mind, *interfaces)


def make_portal(settings: ManholeSettings, namespace: Namespace) -> Portal:
    """Who may come in, and what they find."""
    # Any: conch has next to no annotations.
    realm: Any = Realm()
    realm.sessionFactory = lambda original: ShellSession(original, namespace)
    realm.chainedProtocolFactory = lambda: ServerProtocol(Terminal, namespace())
    portal = Portal(realm)
    if settings.authorized_keys:
        keys = parse_keys(settings.authorized_keys)
        portal.registerChecker(SSHPublicKeyChecker(InMemorySSHKeyDB({settings.user.encode(): keys})))
    if settings.password:
        portal.registerChecker(PasswordChecker(settings.user.encode(), settings.password))
    return portal


@implementer(ICredentialsChecker)
class PasswordChecker:
    """One user, one password; conch lets a wrong one wait a second."""

    _log = Logger()
    credentialInterfaces = (IUsernamePassword,)

    def __init__(self, user: bytes, password: bytes) -> None:
        self._user = user
        self._password = password

    def requestAvatarId(self, credentials: Any) -> Deferred[bytes | tuple[()]]:
        """The user, or ``UnauthorizedLogin``."""
        right_user = hmac.compare_digest(credentials.username, self._user)
        right_password = hmac.compare_digest(credentials.password, self._password)
        if not (right_user and right_password):
            self._log.warn("manhole: a wrong password was refused")
            return fail(UnauthorizedLogin("wrong user or password"))
        return succeed(self._user)


class ShellSession(TerminalSession):
    """An interactive shell, or one line to run: ``ssh … 'connections()'``."""

    transportFactory = TerminalSessionTransport
    width, height = 80, 24

    def __init__(self, original: Any, namespace: Namespace) -> None:
        super().__init__(original)
        self._namespace = namespace
        self._client: Any = None

    def openShell(self, proto: Any) -> None:
        """A prompt."""
        self._client = proto
        super().openShell(proto)

    def execCommand(self, proto: Any, cmd: bytes) -> None:
        """Run one line, send what it prints, end with 0, or 1 when it raised."""
        output, failed = run_line(cmd.decode("utf-8", "replace"), self._namespace())
        proto.outReceived(output.encode())
        proto.processEnded(Failure(ProcessTerminated(1) if failed else ProcessDone(0)))

    def windowChanged(self, newWindowSize: Any) -> None:
        """The prompt keeps the size it began with."""

    def eofReceived(self) -> None:
        """Nothing more will be typed."""
        if self._client is not None:
            self._client.loseConnection()


class _Lines(InteractiveInterpreter):
    def __init__(self, namespace: dict[str, Any]) -> None:
        super().__init__(namespace)
        self.failed = False

    def showtraceback(self) -> None:
        self.failed = True
        super().showtraceback()

    def showsyntaxerror(self, *args: Any, **options: Any) -> None:
        self.failed = True
        super().showsyntaxerror(*args, **options)


def run_line(line: str, namespace: dict[str, Any]) -> tuple[str, bool]:
    """What a line of Python prints, as at the prompt; and whether it raised."""
    output = io.StringIO()
    interpreter = _Lines(namespace)
    with contextlib.redirect_stdout(output), contextlib.redirect_stderr(output):
        interpreter.runsource(line)
    return output.getvalue(), interpreter.failed
