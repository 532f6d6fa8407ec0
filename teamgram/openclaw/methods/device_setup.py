"""``device.pair.setupCode`` and ``setupStatus``: a phone set up with a QR code."""

import base64
import socket
from typing import Any
from urllib.parse import urlsplit

from teamgram.openclaw.config.live import LiveConfig
from teamgram.openclaw.devices.setup_codes import SetupCodes, completion
from teamgram.openclaw.gateway import frames, scopes, tls
from teamgram.openclaw.gateway.errors import GatewayError, invalid
from teamgram.openclaw.gateway.lifetime import Lifetime
from teamgram.openclaw.gateway.router import Call, method

_MAX_QR_CHARS = 16_384
_SCHEMES = {"http": "ws", "https": "wss", "ws": "ws", "wss": "wss"}


class DeviceSetupMethods:
    """The family."""

    def __init__(self, lifetime: Lifetime, config: LiveConfig, codes: SetupCodes) -> None:
        self._lifetime = lifetime
        self._config = config
        self._codes = codes

    @method("device.pair.setupCode", scopes.ADMIN, control_plane_write=True)
    async def setup_code(self, call: Call) -> dict[str, Any]:
        """A code, and its QR picture, that lets one device in within ten minutes."""
        params, gateway = call.params, self._config.sections.gateway
        if params.get("joinUrl"):
            raise invalid("Join URLs are not served here; use the setup code")
        if params.get("publicUrl"):
            url, source = _public_url(params["publicUrl"]), "request.publicUrl"
        else:
            url, source = self._own_url()
        profile = params.get("bootstrapProfile") or "limited"
        try:
            code, token = await self._codes.issue(profile, self._lifetime.now_ms())
        except Exception as error:
            raise GatewayError("UNAVAILABLE", f"the code could not be kept ({type(error).__name__})") from None
        payload: dict[str, Any] = {"url": url, "bootstrapToken": token, "expiresAtMs": code.expires_at_ms}
        if source != "request.publicUrl" and gateway.tls.enabled:
            payload["tlsFingerprint"] = tls.fingerprint(tls.files_of(gateway.tls, self._lifetime.data_dir)[0])
        text = base64.urlsafe_b64encode(frames.encode_json(payload)).rstrip(b"=").decode()
        answer: dict[str, Any] = {
            "setupId": code.id,
            "expiresAtMs": code.expires_at_ms,
            "setupCode": text,
            "gatewayUrl": url,
            "auth": "password" if gateway.auth.mode == "password" else "token",
            "urlSource": source,
            "access": profile,
        }
        if params.get("includeQr") is not False:
            import segno  # Whoever needs no code of ours needs none of it in memory.

            picture = segno.make(text, error="l", micro=False).png_data_uri(scale=4)
            if len(picture) <= _MAX_QR_CHARS:
                answer["qrDataUrl"] = picture
        return answer

    def _own_url(self) -> tuple[str, str]:
        gateway = self._config.sections.gateway
        scheme = "wss" if gateway.tls.enabled else "ws"
        if gateway.bind == "loopback":
            raise invalid(
                "Gateway is only bound to loopback. Set gateway.bind=lan, or say how devices reach it with publicUrl."
            )
        host = gateway.custom_bind_host if gateway.bind == "custom" else ""
        if host in ("", "0.0.0.0", "::"):
            host = _outward_address()
        shown = f"[{host}]" if ":" in host else host
        return f"{scheme}://{shown}:{gateway.port}", f"gateway.bind={gateway.bind}"

    @method("device.pair.setupStatus", scopes.ADMIN)
    def setup_status(self, call: Call) -> dict[str, Any]:
        """Which device came with a code; nothing while none has."""
        code = self._codes.get(call.params["setupId"])
        return {"completion": completion(code)} if code is not None and code.device_id else {}


def _public_url(text: str) -> str:
    try:
        parts = urlsplit(text)
        scheme, good = _SCHEMES.get(parts.scheme), bool(parts.hostname) and not parts.username
        _ = parts.port
    except ValueError:
        scheme, good = None, False
    if scheme is None or not good or len(text) > 500 or not text.isascii():
        raise invalid("publicUrl must be a ws, wss, http or https address")
    return f"{scheme}://{parts.netloc}{parts.path.rstrip('/')}"


def _outward_address() -> str:
    """The address from which this machine speaks to others; nothing is sent to find it out.

    Raises:
        GatewayError: it speaks to nobody.
    """
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        try:
            sock.connect(("192.0.2.1", 9))
            return str(sock.getsockname()[0])
        except OSError:
            raise invalid("this machine has no address to be reached at; say publicUrl") from None
