"""TLS on the control port: a certificate from PEM files, and what it is known by."""

import datetime
import hashlib
import hmac
from pathlib import Path
from typing import Any

from twisted.internet.interfaces import IOpenSSLClientConnectionCreator, IOpenSSLServerConnectionCreator
from twisted.internet.protocol import connectionDone
from twisted.protocols.tls import TLSMemoryBIOFactory, TLSMemoryBIOProtocol
from twisted.python.failure import Failure
from zope.interface import implementer

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from OpenSSL import SSL

from teamgram.database import private_file
from teamgram.openclaw.config.sections import TlsSection


class TlsError(Exception):
    """The certificate or its key cannot be used; names the files, never what is in them."""


#: A certificate that we make ourselves is known by its fingerprint and by nothing else, so it may last.
_DAYS = 3650
#: After the server has said goodbye, a peer has so long to say it too.
CLOSE_SECONDS = 60.0
_MADE = ("openclaw/tls/gateway-cert.pem", "openclaw/tls/gateway-key.pem")


def files_of(section: TlsSection, data_dir: Path) -> tuple[Path, Path]:
    """Certificate and key; what is no absolute path is below the data directory, those without a name are our own."""
    cert, key = (section.cert_path, section.key_path) if section.cert_path else _MADE
    return data_dir / cert, data_dir / key


def make_certificate(cert_path: Path, key_path: Path, now: datetime.datetime) -> None:
    """A key and a certificate that nobody else vouches for, unless they are there. Blocks."""
    if cert_path.exists() and key_path.exists():
        return
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "teamgram gateway")])
    names = x509.SubjectAlternativeName([x509.DNSName("localhost")])
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    builder = builder.not_valid_before(now).not_valid_after(now + datetime.timedelta(days=_DAYS))
    certificate = builder.add_extension(names, critical=False).sign(key, hashes.SHA256())
    cert_path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    private_file.replace(key_path, private)
    private_file.replace(cert_path, certificate.public_bytes(Encoding.PEM))


def fingerprint(cert_path: Path) -> str:
    """SHA-256 of the first certificate, as ``AB:CD:…``.

    Raises:
        TlsError: there is none.
    """
    try:
        certificate = x509.load_pem_x509_certificate(cert_path.read_bytes())
    except (OSError, ValueError) as error:
        raise TlsError(f"cannot use certificate {cert_path}: {type(error).__name__}") from None
    return digest_of(certificate.public_bytes(Encoding.DER))


def digest_of(der: bytes) -> str:
    """The fingerprint of a certificate in DER."""
    return hashlib.sha256(der).digest().hex(":").upper()


@implementer(IOpenSSLServerConnectionCreator)
class GatewayCertificate:
    """Makes the server's side of each connection."""

    def __init__(self, cert_path: Path, key_path: Path) -> None:
        """Read both.

        Raises:
            TlsError: one cannot be used, or they are no pair.
        """
        self._context = context = SSL.Context(SSL.TLS_SERVER_METHOD)
        context.set_min_proto_version(SSL.TLS1_2_VERSION)
        context.set_options(SSL.OP_NO_RENEGOTIATION | SSL.OP_NO_COMPRESSION)
        try:
            context.use_certificate_chain_file(str(cert_path))
            context.use_privatekey_file(str(key_path))
            context.check_privatekey()
        except (SSL.Error, OSError) as error:
            raise TlsError(f"cannot use certificate {cert_path} with key {key_path}: {type(error).__name__}") from None

    def serverConnectionForTLS(self, tlsProtocol: TLSMemoryBIOProtocol) -> SSL.Connection:
        """Called by Twisted."""
        return SSL.Connection(self._context, None)


class ClosedInTime(TLSMemoryBIOProtocol):
    """TLS on a socket that ends when it is closed.

    Twisted's own waits for the peer to say goodbye as well, and without end: who does not keeps a socket for ever.
    """

    _closing: Any = None

    def loseConnection(self) -> None:
        """Say goodbye; without an answer the socket is closed all the same."""
        super().loseConnection()  # type: ignore[no-untyped-call]
        if self._closing is None and self.connected:
            factory: Any = self.factory
            self._closing = factory.call_later(CLOSE_SECONDS, self._enough)

    def _enough(self) -> None:
        self._closing = None
        self.abortConnection()  # type: ignore[no-untyped-call]

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """It is gone."""
        if self._closing is not None:
            self._closing.cancel()
            self._closing = None
        super().connectionLost(reason)  # type: ignore[no-untyped-call]


class ClosedInTimeFactory(TLSMemoryBIOFactory):
    """Makes them.

    Attributes:
        call_later: the reactor's.
    """

    protocol = ClosedInTime
    call_later: Any = None


def wrapped(factory: Any, section: TlsSection, data_dir: Path, reactor: Any) -> Any:
    """A factory behind TLS where the configuration wants that, else as it is.

    Raises:
        TlsError: see :class:`GatewayCertificate`.
    """
    if not section.enabled:
        return factory
    files = files_of(section, data_dir)
    if not section.cert_path:
        make_certificate(*files, datetime.datetime.now(datetime.UTC))
    secured = ClosedInTimeFactory(GatewayCertificate(*files), False, factory)
    secured.call_later = reactor.callLater
    return secured


@implementer(IOpenSSLClientConnectionCreator)
class PinnedCertificate:
    """The client's side of a connection to a gateway that is known by its fingerprint, whoever vouches for it."""

    def __init__(self, pinned: str) -> None:
        """Args:
        pinned: SHA-256 of the certificate in hex, colons or not.
        """
        self._digest = "".join(char for char in pinned if char.isalnum()).upper().removeprefix("SHA256")
        self._context = SSL.Context(SSL.TLS_CLIENT_METHOD)
        self._context.set_min_proto_version(SSL.TLS1_2_VERSION)
        self._context.set_verify(SSL.VERIFY_PEER, self._verify)

    def _verify(self, connection: SSL.Connection, certificate: Any, error: int, depth: int, is_good: int) -> bool:
        # What stands above the gateway's own certificate says nothing here.
        if depth:
            return True
        der = certificate.to_cryptography().public_bytes(Encoding.DER)
        return hmac.compare_digest(digest_of(der).replace(":", ""), self._digest)

    def clientConnectionForTLS(self, tlsProtocol: TLSMemoryBIOProtocol) -> SSL.Connection:
        """Called by Twisted."""
        return SSL.Connection(self._context, None)
