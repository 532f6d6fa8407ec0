"""What a start prints: where everything is, and a program to paste."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from teamgram import __version__
from teamgram.app.server_key import ServerKey
from teamgram.clients.snippets import snippet


def listening_banner(
    listeners: Mapping[str, Sequence[str]],
    data_dir: Path,
    key: ServerKey,
    dc_id: int,
    notes: Sequence[str] = (),
) -> str:
    """The text of a successful start.

    Args:
        listeners: kind (``tcp``, ``websocket``, ``gateway``, …) to "host:port" each.
        notes: one line each: unused keys, the fixed code, a token just made.
    """
    lines = [f"Teamgram for Twisted {__version__}"]
    lines += [f"  {kind + ' listener':<22} {address}" for kind, addresses in listeners.items() for address in addresses]
    lines.append(f"  {'data directory':<22} {data_dir}")
    lines.append(f"  {'RSA key fingerprint':<22} {key.fingerprint} (unsigned {key.unsigned}, hex {key.hex})")
    lines.append(f"  {'public key':<22} {key.public_path}")
    lines += [f"  note: {note}" for note in notes]
    if listeners.get("tcp"):
        host, _, port = listeners["tcp"][0].rpartition(":")
        host = {"0.0.0.0": "127.0.0.1", "[::]": "::1"}.get(host, host).strip("[]")
        program = snippet(
            "Telethon",
            host=host,
            port=int(port),
            pem=str(key.public_path),
            fingerprint=key.fingerprint,
            dc_id=dc_id,
        )
        lines += ["", "Telegram Desktop for this server, started: make desktop (docs/apps.md)"]
        if listeners.get("http"):
            lines += [f"All ways in, other libraries too: http://{listeners['http'][0]}/"]
        lines += ["", "To connect with Telethon (pip install telethon), paste:", ""]
        lines += [f"    {line}" if line else "" for line in program.splitlines()]
    return "\n".join([*lines, ""])
