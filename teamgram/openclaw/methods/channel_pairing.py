"""``channels.pairing.*`` and ``teamgram.pairing.*``: who waits to be let in to the agents in the messenger."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Protocol

from teamgram.openclaw.config.sections import OpenClawFile
from teamgram.openclaw.config.telegram import CHANNEL, telegram_section
from teamgram.openclaw.gateway import scopes
from teamgram.openclaw.gateway.errors import invalid
from teamgram.openclaw.gateway.router import Call, method
from teamgram.openclaw.messenger.owners import Owners
from teamgram.openclaw.messenger.pairing import MAX_PENDING, TTL_MS, PersonPairing, PersonRequest

_ACCOUNT, _LABEL = "default", "Teamgram"


class LetsIn(Protocol):
    """The messenger, as far as people are let in to it."""

    pairing: PersonPairing
    owners: Owners

    async def approve(self, request: PersonRequest, *, notify: bool, owner: bool) -> bool:
        """Let somebody in; False: they could not be told."""


class ChannelPairingMethods:
    """The family.

    Attributes:
        messenger: None where agents have no accounts in a messenger.
    """

    def __init__(self, sections: Callable[[], OpenClawFile]) -> None:
        self._sections = sections
        self.messenger: LetsIn | None = None

    def _request(self, params: dict[str, Any]) -> tuple[LetsIn, PersonRequest]:
        name = params["channel"].strip().lower()
        if name != CHANNEL or self.messenger is None:
            raise invalid(f"unknown channel: {name[:64]}")
        if params["accountId"] != _ACCOUNT:
            raise invalid(f"unknown account of channel {name}: {params['accountId'][:64]}")
        found = self.messenger.pairing.find(params["requestId"])
        if found is None:
            raise invalid("nobody waits with that code")
        return self.messenger, found

    def _has_owner(self) -> bool:
        configured = bool(self._sections().commands.owner_allow_from)
        return configured or (self.messenger is not None and self.messenger.owners.are_named)

    @method("channels.pairing.list", scopes.PAIRING)
    def list(self, call: Call) -> dict[str, Any]:
        """Who waits; a request's id is the code that the person was told."""
        limits = {"pendingPerAccount": MAX_PENDING, "ttlMs": TTL_MS}
        accounts, requests = [], []
        here = {"channel": CHANNEL, "channelLabel": _LABEL, "accountId": _ACCOUNT, "notifySupported": True}
        pairs = telegram_section(self._sections().channels).dm_policy == "pairing"
        wanted = call.params.get("channel") in (None, CHANNEL) and call.params.get("accountId") in (None, _ACCOUNT)
        if self.messenger is not None and pairs and wanted:
            accounts = [here]
            requests = [{**here, **_told(request)} for request in self.messenger.pairing.pending()]
        return {
            "accounts": accounts, "requests": requests, "commandOwnerConfigured": self._has_owner(), "limits": limits,
        }  # fmt: skip

    @method("channels.pairing.approve", scopes.PAIRING)
    async def approve(self, call: Call) -> dict[str, Any]:
        """Let somebody in, for private conversations; with ``bootstrapCommandOwner`` an admin names the first owner."""
        wants_owner, notify = bool(call.params.get("bootstrapCommandOwner")), bool(call.params.get("notify"))
        if wants_owner:
            call.require(scopes.ADMIN)
        messenger, request = self._request(call.params)
        owner = wants_owner and not self._has_owner()
        is_told = await messenger.approve(request, notify=notify, owner=owner)
        return {
            "requestId": request.code,
            "senderId": str(request.user_id),
            "notification": ("sent" if is_told else "failed") if notify else "not-requested",
            "commandOwnerBootstrap": "not-requested"
            if not wants_owner
            else "configured" if owner else "already-configured",
        }  # fmt: skip

    @method("channels.pairing.dismiss", scopes.PAIRING)
    async def dismiss(self, call: Call) -> dict[str, Any]:
        """Do not let somebody in."""
        messenger, request = self._request(call.params)
        await messenger.pairing.dismiss(request)
        return {"requestId": request.code, "senderId": str(request.user_id)}

    @method("teamgram.pairing.people", scopes.PAIRING)
    def people(self, call: Call) -> dict[str, Any]:
        """Whoever was let in by a code."""
        found = [] if self.messenger is None else self.messenger.pairing.people()
        return {"people": [{"userId": one.user_id, "name": one.name, "approvedAtMs": one.approved_at} for one in found]}

    @method("teamgram.pairing.revoke", scopes.PAIRING)
    async def revoke(self, call: Call) -> dict[str, Any]:
        """Let somebody in no longer."""
        user_id = call.params.get("userId")
        if not isinstance(user_id, int) or isinstance(user_id, bool):
            raise invalid("userId must be a number")
        if self.messenger is None or not await self.messenger.pairing.revoke(user_id):
            raise invalid(f"nobody with the id {user_id} was let in by a code")
        return {"userId": user_id}


def _told(request: PersonRequest) -> dict[str, Any]:
    return {
        "requestId": request.code,
        "senderId": str(request.user_id),
        "senderLabel": request.name or str(request.user_id),
        "metadata": {"agent": request.agent_id},
        "createdAt": _time(request.created_at),
        "lastSeenAt": _time(request.last_seen_at),
        "expiresAt": _time(request.expires_at),
    }


def _time(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
