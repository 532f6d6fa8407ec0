"""A listener's certificate, through pyOpenSSL, replaceable while the listener runs."""

from twisted.internet.interfaces import IOpenSSLServerConnectionCreator
from twisted.protocols.tls import TLSMemoryBIOProtocol
from zope.interface import implementer

from OpenSSL import SSL


class CertificateError(Exception):
    """The certificate or key file cannot be used; names the files, never their content."""


@implementer(IOpenSSLServerConnectionCreator)
class ReloadableCertificate:
    """Makes the server side of each new connection with the certificate that is current.

    Connections that exist keep the context that they began with.
    """

    def __init__(self, cert_file: str, key_file: str) -> None:
        """
        Args:
            cert_file: PEM, the leaf first and its chain after it.
            key_file: PEM, without passphrase.

        Raises:
            CertificateError: as ``reload``.
        """
        self._cert_file = cert_file
        self._key_file = key_file
        self._context = self._load()

    def reload(self) -> None:
        """Read the files again; on failure the old certificate stays in use.

        Raises:
            CertificateError: a file is missing, not PEM, or the key does not belong to the certificate.
        """
        self._context = self._load()

    def serverConnectionForTLS(self, tlsProtocol: TLSMemoryBIOProtocol) -> SSL.Connection:
        """The TLS engine of one accepted connection."""
        return SSL.Connection(self._context, None)

    def _load(self) -> SSL.Context:
        context = SSL.Context(SSL.TLS_SERVER_METHOD)
        context.set_min_proto_version(SSL.TLS1_2_VERSION)
        # No renegotiation, no compression; tickets stay, they save a phone a round trip.
        context.set_options(SSL.OP_NO_RENEGOTIATION | SSL.OP_NO_COMPRESSION)
        try:
            context.use_certificate_chain_file(self._cert_file)
            context.use_privatekey_file(self._key_file)
            context.check_privatekey()
        except (SSL.Error, OSError) as error:
            raise CertificateError(
                f"cannot use certificate {self._cert_file} with key {self._key_file}: {type(error).__name__}"
            ) from None
        return context
