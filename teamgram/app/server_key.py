"""The server's RSA key in the data directory: made at the first start, read afterwards."""

from pathlib import Path

from teamgram.app.config.errors import ConfigError
from teamgram.app.config.sections import GnetwayFile
from teamgram.database import private_file
from teamgram.mtproto.crypto.rsa import RsaKeyError, RsaPrivateKey

PUBLIC_FILE = "server_public.pem"


class ServerKey:
    """The key and what is printed of it.

    Attributes:
        public_path: where the public key lies.
        note: something the operator should know, or empty.
    """

    def __init__(self, key: RsaPrivateKey, public_path: Path | None = None, note: str = "") -> None:
        self.key = key
        self.public_path = public_path or Path(PUBLIC_FILE)
        self.note = note

    @classmethod
    def generate(cls) -> "ServerKey":
        """A new key, stored nowhere."""
        return cls(RsaPrivateKey.generate())

    @property
    def fingerprint(self) -> int:
        """As TL's ``long`` has it."""
        return self.key.fingerprint

    @property
    def unsigned(self) -> int:
        """As teamgram's ``KeyFingerprint`` is written."""
        return self.fingerprint & 0xFFFFFFFFFFFFFFFF

    @property
    def hex(self) -> str:
        """16 hexadecimal digits."""
        return f"{self.unsigned:016x}"

    @property
    def private_pem(self) -> str:
        """PKCS#1."""
        return self.key.private_pem().decode()

    @property
    def public_pem(self) -> str:
        """PKCS#1."""
        return self.key.public_pem().decode()


def load_server_key(gnetway: GnetwayFile, data_dir: Path) -> ServerKey:
    """The first configured key; made (0600) when its file is not there. Writes ``server_public.pem`` beside the data.

    Raises:
        ConfigError: the file holds no usable key.
        OSError: it cannot be read, or made.
    """
    if not gnetway.RSAKey:
        raise ConfigError("gnetway.yaml", "RSAKey", "at least one key file must be named")
    section = gnetway.RSAKey[0]
    path = data_dir / section.KeyFile
    try:
        key = RsaPrivateKey.from_pem(path.read_bytes())
    except FileNotFoundError:
        key = RsaPrivateKey.generate()
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        private_file.replace(path, key.private_pem())
    except RsaKeyError as error:
        raise ConfigError("gnetway.yaml", "RSAKey[0].KeyFile", f"{path} holds no usable RSA key: {error}") from None
    server_key = ServerKey(key, data_dir / PUBLIC_FILE)
    configured = section.KeyFingerprint
    if configured and configured not in (str(server_key.unsigned), str(server_key.fingerprint), server_key.hex):
        server_key.note = (
            f"gnetway.yaml says KeyFingerprint {configured}, but {path.name} has {server_key.unsigned}: "
            "clients need the key's"
        )
    if not server_key.public_path.exists() or server_key.public_path.read_text() != server_key.public_pem:
        server_key.public_path.write_text(server_key.public_pem)
    return server_key
