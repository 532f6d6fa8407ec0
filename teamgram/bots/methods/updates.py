"""``getUpdates``, and what there is of webhooks."""

from typing import Any

from teamgram.bots.errors import bad_request
from teamgram.bots.registry import ApiCall, api_method
from teamgram.bots.views.updates import BotUpdateViews
from teamgram.domain.domain import Domain

MAX_SECONDS = 50
"""So long a call waits (Client.cpp: LONG_POLL_MAX_TIMEOUT)."""
MAX_KINDS = 64


class BotUpdatesTaking:
    """Giving out what waits."""

    def __init__(self, domain: Domain, views: BotUpdateViews) -> None:
        self._domain = domain
        self._views = views

    @api_method("getUpdates")
    async def get_updates(self, call: ApiCall) -> Any:
        """Array of Update."""
        parameters = call.parameters
        offset, limit = parameters.number("offset"), parameters.number("limit", 100)
        seconds = min(max(parameters.number("timeout"), 0), MAX_SECONDS)
        given = parameters.object("allowed_updates")
        allowed = None
        if given is not None:
            if not isinstance(given, list) or len(given) > MAX_KINDS:
                raise bad_request("can't parse allowed_updates: an Array of String was expected")
            allowed = tuple(str(one) for one in given)
        told: list[Any] = []
        while not told:
            waiting = await self._domain.bot_inbox.take(call.bot_id, offset, limit, seconds, allowed)
            told = await self._views.told(call.bot_id, waiting)
            if not waiting or told:
                break
            # All of it is gone meanwhile: it counts as taken, and what comes then is waited for.
            offset, allowed = waiting[-1].update_id + 1, None
        return told

    @api_method("deleteWebhook")
    async def delete_webhook(self, call: ApiCall) -> bool:
        """True: there is none."""
        if call.parameters.flag("drop_pending_updates"):
            await self._domain.bot_inbox.forget(call.bot_id)
        return True

    @api_method("getWebhookInfo")
    async def get_webhook_info(self, call: ApiCall) -> Any:
        """WebhookInfo."""
        state = await self._domain.bot_inbox.state(call.bot_id)
        info = {"url": "", "has_custom_certificate": False, "pending_update_count": state.waiting}
        bot = await self._domain.bots.require(call.bot_id)
        return info | ({"allowed_updates": list(bot.details.allowed_updates)} if bot.details.allowed_updates else {})

    @api_method("logOut")
    @api_method("close")
    async def close(self, call: ApiCall) -> bool:
        """True: nothing has to be closed here, the bot may go to another server at once."""
        self._domain.bot_inbox.stop_waiting(call.bot_id)
        return True
