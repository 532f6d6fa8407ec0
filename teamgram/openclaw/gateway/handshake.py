"""``connect``: from the first request to hello-ok, or to a refusal with a close code.

The checks and their order are the reference gateway's: shape, protocol
version, role, origin, device signature, shared secret or device token,
pairing. Each stage is one function that raises :class:`Refused`.
"""

from dataclasses import dataclass
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.task import deferLater

from teamgram.net import websocket
from teamgram.openclaw.devices import identity as device_identity
from teamgram.openclaw.devices import pairing
from teamgram.openclaw.devices.device_store import DeviceStore
from teamgram.openclaw.devices.setup_codes import PROFILES, SetupCode, SetupCodes, completion
from teamgram.openclaw.gateway import auth, scopes
from teamgram.openclaw.gateway.connection import Connection
from teamgram.openclaw.gateway.door import DEVICE_TOKEN, SHARED_SECRET, Door
from teamgram.openclaw.gateway.errors import NOT_PAIRED, GatewayError, invalid
from teamgram.openclaw.gateway.events import EventStream
from teamgram.openclaw.gateway.lifetime import Lifetime
from teamgram.openclaw.gateway.router import Schemas

PROTOCOL = 4
#: Probes and nodes may still offer only this one.
OLDEST_PROBE_PROTOCOL = 3

_CONTROL_UI = "openclaw-control-ui"
_ORIGIN_REFUSED = (
    "origin not allowed (open the Control UI from the gateway host or allow it in gateway.controlUi.allowedOrigins)"
)
#: Clients without a device that keep their scopes, on loopback, with the shared secret.
_TRUSTED_WITHOUT_DEVICE = frozenset({("cli", "cli"), ("gateway-client", "backend")})

_PAIRING_MESSAGES = {
    pairing.NOT_PAIRED: (
        "device is not approved yet",
        "Approve this device from the pending pairing requests.",
    ),
    pairing.SCOPE_UPGRADE: (
        "device is asking for more scopes than currently approved",
        "Review the requested scopes, then approve the pending upgrade.",
    ),
    pairing.ROLE_UPGRADE: (
        "device is asking for a higher role than currently approved",
        "Review the requested role upgrade, then approve the pending request.",
    ),
    pairing.METADATA_UPGRADE: (
        "device identity changed and must be re-approved",
        "Review the refreshed device details, then approve the pending request.",
    ),
}


class Refused(Exception):
    """The connect fails.

    Attributes:
        error: what the ``res`` says; None: no ``res`` at all.
        code, reason: of the close; the reason defaults to the error's message.
        delay_ms: how long the answer is held back.
    """

    def __init__(
        self, error: GatewayError | None, code: int = websocket.POLICY, reason: str | None = None, delay_ms: int = 0
    ) -> None:
        super().__init__(reason or (error.message if error else ""))
        self.error = error
        self.code = code
        self.reason = reason if reason is not None else (error.message if error else "")
        self.delay_ms = delay_ms


@dataclass(slots=True)
class Accepted:
    """Who the client is.

    Attributes:
        method: ``token``, ``password``, ``device-token``, ``bootstrap-token`` or ``none``.
        scopes: what it was granted, as hello says it.
        device: its record, None without a device.
    """

    role: str
    method: str
    scopes: list[str]
    device: pairing.Device | None = None
    token: pairing.DeviceToken | None = None
    setup: SetupCode | None = None


class Handshake:
    """Judges who wants to come in."""

    def __init__(
        self,
        lifetime: Lifetime,
        door: Door,
        devices: DeviceStore,
        setup_codes: SetupCodes,
        events: EventStream,
        schemas: Schemas,
    ) -> None:
        self._setup_codes = setup_codes
        self._lifetime = lifetime
        self._door = door
        self._devices = devices
        self._events = events
        self._schemas = schemas

    async def judge(self, connection: Connection, params: Any, nonce: str) -> Accepted:
        """Decide about the parameters of a connect.

        Returns once everything that hello promises (a new device, its token) is
        on disk.

        Raises:
            Refused: with what to answer.
        """
        role = self._check_shape(params)
        self._check_origin(connection, params)
        device = params.get("device")
        if device is not None:
            try:
                device_identity.verify(params, nonce, self._lifetime.now_ms())
            except GatewayError as error:
                raise Refused(error) from None
        accepted = self._authenticate(connection, params, role)
        if device is None:
            return _without_device(connection, params, accepted)
        return await self._with_device(connection, params, accepted)

    def _check_shape(self, params: Any) -> str:
        """Shape, version and role; returns the role."""
        if isinstance(params, dict):
            client = params.get("client")
            worker = isinstance(client, dict) and (
                client.get("mode") == "worker" or client.get("id") == "openclaw-worker"
            )
            if params.get("role") == "worker" or worker:
                raise Refused(None, reason="invalid-handshake")
        problem = self._schemas.problem("connect", params)
        if problem is not None:
            raise Refused(invalid(f"invalid connect params: {problem}"))
        client = params["client"]
        role = params.get("role", "operator")
        low, high = params["minProtocol"], params["maxProtocol"]
        old_is_fine = client["mode"] == "probe" or (role == "node" and client["mode"] == "node")
        if not (low <= PROTOCOL <= high or (old_is_fine and low <= OLDEST_PROBE_PROTOCOL <= high)):
            details = {
                "code": "PROTOCOL_MISMATCH",
                "clientMinProtocol": low,
                "clientMaxProtocol": high,
                "expectedProtocol": PROTOCOL,
                "minimumProbeProtocol": OLDEST_PROBE_PROTOCOL,
            }
            raise Refused(invalid("protocol mismatch", details), websocket.PROTOCOL_ERROR)
        if role not in ("operator", "node"):
            raise Refused(invalid("invalid role"))
        return str(role)

    def _check_origin(self, connection: Connection, params: dict[str, Any]) -> None:
        origin = connection.caller.origin
        if origin is None and params["client"]["id"] != _CONTROL_UI:
            return
        if self._door.page_allowed(origin):
            return
        reason = "origin not allowed" if origin else "origin missing or invalid"
        raise Refused(invalid(_ORIGIN_REFUSED, {"code": "CONTROL_UI_ORIGIN_NOT_ALLOWED", "reason": reason}))

    def _authenticate(self, connection: Connection, params: dict[str, Any], role: str) -> Accepted:
        """The shared secret, or a token of the device; otherwise a refusal that costs something."""
        given = params.get("auth") or {}
        device = params.get("device")
        door, caller = self._door, connection.caller
        shared = door.secret
        wanted = scopes.known(params.get("scopes") or ())
        has_secret = bool(given.get("token") or given.get("password"))
        if shared.mode == auth.NONE:
            return Accepted(role, auth.NONE, wanted)
        if device is None and not (has_secret or given.get("deviceToken") or given.get("bootstrapToken")):
            raise Refused(GatewayError(NOT_PAIRED, "device identity required", {"code": "DEVICE_IDENTITY_REQUIRED"}))
        kind = DEVICE_TOKEN if given.get("deviceToken") and not has_secret else SHARED_SECRET
        wait_ms = door.locked_for_ms(caller, kind)
        if wait_ms:
            raise Refused(auth.rate_limited(wait_ms))
        if shared.matches(given):
            door.succeeded(caller, kind)
            return Accepted(role, shared.mode, wanted)
        error: GatewayError | None = None
        if device is not None:
            for text in (given.get("deviceToken"), given.get("token")):
                token = self._devices.pairing.token_of(device["id"], role, text) if text else None
                if token is None:
                    continue
                if set(wanted) <= scopes.expand(token.scopes):
                    door.succeeded(caller, kind)
                    return Accepted(role, "device-token", wanted, token=token)
                raise Refused(
                    auth.unauthorized(
                        "device token scope mismatch (re-pair or approve scope upgrade)",
                        "AUTH_SCOPE_MISMATCH",
                        "scope_mismatch",
                        "review_auth_configuration",
                    )
                )
        if device is not None and given.get("bootstrapToken") and not has_secret:
            setup = self._setup_codes.find(given["bootstrapToken"], device["id"], self._lifetime.now_ms())
            if setup is not None:
                roles, allowed = PROFILES[setup.profile]
                if role not in roles or not set(wanted) <= scopes.expand(allowed):
                    text = "bootstrap token scope mismatch (the setup code is for less)"
                    raise Refused(
                        auth.unauthorized(text, "AUTH_SCOPE_MISMATCH", "scope_mismatch", "review_auth_configuration")
                    )
                door.succeeded(caller, kind)
                return Accepted(role, "bootstrap-token", wanted, setup=setup)
        if given.get("deviceToken") and not has_secret:
            error = auth.unauthorized(
                "device token mismatch (rotate/reissue device token)",
                "AUTH_DEVICE_TOKEN_MISMATCH",
                "device_token_mismatch",
                "update_auth_credentials",
            )
        elif given.get("bootstrapToken") and not has_secret:
            error = auth.unauthorized(
                "bootstrap token invalid or expired",
                "AUTH_BOOTSTRAP_TOKEN_INVALID",
                "bootstrap_token_invalid",
                "update_auth_credentials",
            )
        else:
            is_cli = params["client"]["id"] == "cli" and caller.local
            error = auth.secret_refused(shared.mode, given, is_cli=is_cli, has_device=device is not None)
            if not has_secret:
                raise Refused(error)
        # A guess at any of them costs something.
        raise Refused(error, delay_ms=door.failed(caller, kind))

    async def _with_device(self, connection: Connection, params: dict[str, Any], accepted: Accepted) -> Accepted:
        known, client, device = self._devices.pairing, params["client"], params["device"]
        now_ms = self._lifetime.now_ms()
        role = accepted.role
        reason = known.needs(device["id"], role, accepted.scopes, client.get("platform"), client.get("deviceFamily"))
        if reason is not None:
            local = accepted.method != "device-token" and self._door.pairs_silently(connection.caller)
            local = local or accepted.setup is not None
            wanted = pairing.PairRequest(
                request_id=pairing.new_request_id(),
                device_id=device["id"],
                public_key=device_identity.encode_base64url(device_identity.raw_public_key(device["publicKey"])),
                role=role,
                scopes=accepted.scopes,
                ts_ms=now_ms,
                reason=reason,
                display_name=client.get("displayName"),
                platform=client.get("platform"),
                device_family=client.get("deviceFamily"),
                client_id=client["id"],
                client_mode=client["mode"],
                remote_ip=connection.ip,
                silent=local,
                is_repair=device["id"] in known.devices,
            )
            if not local:
                await self._ask_operator(wanted)
            known.approve(wanted, now_ms, "setup-code" if accepted.setup is not None else "silent")
            await self._devices.saved()
        if accepted.setup is not None:
            name = str(client.get("displayName") or "")[:200]
            if await self._setup_codes.used(accepted.setup, device["id"], name, now_ms):
                self._events.broadcast("device.pair.setup.completed", completion(accepted.setup))
        record = known.devices.get(device["id"])
        if record is None:  # Removed while the disk was busy.
            raise Refused(GatewayError(NOT_PAIRED, "pairing required: device was removed"))
        if accepted.token is None:
            had = record.tokens.get(role)
            accepted.token = known.token(record, role, now_ms)
            if accepted.token is not had:
                await self._devices.saved()
        record.last_seen_at_ms, record.last_seen_reason = now_ms, "connect"
        record.version = client["version"]
        self._devices.touch()
        accepted.device = record
        return accepted

    async def _ask_operator(self, wanted: pairing.PairRequest) -> None:
        request, is_new = self._devices.pairing.request(wanted)
        if is_new:
            self._events.broadcast("device.pair.requested", request.to_wire())
            await self._devices.saved()
        text, hint = _PAIRING_MESSAGES[wanted.reason]
        details: dict[str, Any] = {
            "code": "PAIRING_REQUIRED",
            "reason": wanted.reason,
            "requestId": request.request_id,
            "remediationHint": hint,
        }
        if wanted.role == "operator":
            details |= {"recommendedNextStep": "wait_then_retry", "retryable": True, "pauseReconnect": False}
        details |= {"deviceId": wanted.device_id, "requestedRole": wanted.role}
        if wanted.scopes:
            details["requestedScopes"] = wanted.scopes
        known = self._devices.pairing.devices.get(wanted.device_id)
        if known is not None:
            details |= {"approvedRoles": known.roles, "approvedScopes": known.scopes}
        message = f"pairing required: {text}"
        raise Refused(GatewayError(NOT_PAIRED, message, details), reason=f"{message} (requestId: {request.request_id})")

    def later(self, delay_ms: int) -> Deferred[None]:
        """Fires after ``delay_ms``; cancelling it leaves nothing behind."""
        return deferLater(self._lifetime.reactor, delay_ms / 1000, lambda: None)


def _without_device(connection: Connection, params: dict[str, Any], accepted: Accepted) -> Accepted:
    if accepted.role == "node":
        raise Refused(GatewayError(NOT_PAIRED, "device identity required", {"code": "DEVICE_IDENTITY_REQUIRED"}))
    client = params["client"]
    trusted = connection.caller.local and (client["id"], client["mode"]) in _TRUSTED_WITHOUT_DEVICE
    if not trusted:
        accepted.scopes = []
    return accepted
