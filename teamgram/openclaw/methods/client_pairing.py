"""``client.pair.*``: programs that get a token of their own by a code that somebody types into them."""

from typing import Any

from teamgram.openclaw.devices.token_clients import TokenClients
from teamgram.openclaw.gateway import scopes
from teamgram.openclaw.gateway.errors import invalid
from teamgram.openclaw.gateway.reception import Reception
from teamgram.openclaw.gateway.router import Call, method


class ClientPairingMethods:
    """The family; ``client.pair.confirm`` is the JSON-RPC dialect's own, since whoever sends it is nobody yet."""

    def __init__(self, clients: TokenClients, reception: Reception) -> None:
        self._clients = clients
        self._reception = reception

    @method("client.pair.start", scopes.ADMIN, control_plane_write=True)
    def start(self, call: Call) -> dict[str, Any]:
        """Show a code: ``{name, permissions}``."""
        name, permissions = call.params.get("name"), call.params.get("permissions", ["read", "write"])
        if not isinstance(name, str) or not isinstance(permissions, list):
            raise invalid("invalid client.pair.start params: name (text) and permissions (list) are needed")
        if not all(isinstance(each, str) for each in permissions):
            raise invalid("invalid client.pair.start params: permissions must be texts")
        code, expires_at_ms = self._clients.open_code(name, permissions, call.connection.granted)
        return {"ok": True, "code": code, "expiresAtMs": expires_at_ms}

    @method("client.pair.list", scopes.PAIRING)
    def list(self, call: Call) -> dict[str, Any]:
        """Who was paired so."""
        rows = [
            {"id": paired.id, "name": paired.name, "permissions": paired.permissions, "pairedAtMs": paired.paired_at_ms}
            for paired in self._clients.paired()
        ]
        return {"clients": rows}

    @method("client.pair.revoke", scopes.ADMIN, control_plane_write=True)
    async def revoke(self, call: Call) -> dict[str, Any]:
        """Forget one, and close its connections: ``{clientId}``."""
        client_id = call.params.get("clientId")
        if not isinstance(client_id, str):
            raise invalid("invalid client.pair.revoke params: must have required property 'clientId'")
        removed = await self._clients.revoke(client_id)
        self._reception.close_token_clients(self._clients.holds)
        return {"ok": True, "revoked": removed}
