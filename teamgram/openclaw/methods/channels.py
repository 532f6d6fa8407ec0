"""``channels.{start,stop,logout}``: whether a messaging channel's messages are answered."""

from typing import Any

from teamgram.openclaw.agent.delivery import Deliveries, OutboundChannel
from teamgram.openclaw.gateway import scopes
from teamgram.openclaw.gateway.errors import invalid
from teamgram.openclaw.gateway.router import Call, method

_ACCOUNT = "default"


class ChannelMethods:
    """The family."""

    def __init__(self, deliveries: Deliveries) -> None:
        self._deliveries = deliveries

    def _channel(self, params: dict[str, Any]) -> OutboundChannel:
        name = params["channel"].strip().lower()
        found = self._deliveries.channels.get(name)
        if found is None:
            raise invalid(f"unknown channel: {name[:64]}")
        if params.get("accountId") not in (None, "", _ACCOUNT):
            raise invalid(f"unknown account of channel {name}: {params['accountId'][:64]}")
        return found

    @method("channels.start", scopes.ADMIN, control_plane_write=True)
    async def start(self, call: Call) -> dict[str, Any]:
        """Answer again, also what was written meanwhile."""
        await self._channel(call.params).switch(True)
        return {"channel": call.params["channel"], "accountId": _ACCOUNT, "started": True}

    @method("channels.stop", scopes.ADMIN, control_plane_write=True)
    async def stop(self, call: Call) -> dict[str, Any]:
        """Answer nobody until it is started, or the server is."""
        await self._channel(call.params).switch(False)
        return {"channel": call.params["channel"], "accountId": _ACCOUNT, "stopped": True}

    @method("channels.logout", scopes.ADMIN, control_plane_write=True)
    def logout(self, call: Call) -> dict[str, Any]:
        """Agents' accounts are this server's own: there is nothing to log out of."""
        self._channel(call.params)
        raise invalid(f"channel {call.params['channel']} does not support logout")
