"""``getUpdates`` and webhooks."""

import re
from typing import Any

from teamgram.bots.errors import ApiError, bad_request
from teamgram.bots.parameters import Parameters
from teamgram.bots.registry import ApiCall, api_method
from teamgram.bots.views.updates import BotUpdateViews
from teamgram.bots.webhook_target import MAX_CERTIFICATE, checked_certificate, checked_url
from teamgram.bots.webhooks import Webhooks
from teamgram.domain.bots.bot import Webhook
from teamgram.domain.domain import Domain

MAX_SECONDS = 50
"""So long a call waits (Client.cpp: LONG_POLL_MAX_TIMEOUT)."""
MAX_KINDS, _MAX_KIND = 64, 64
MAX_CONNECTIONS = 100
"""Of one webhook (core.telegram.org/bots/api#setwebhook)."""

WEBHOOK_IS_ACTIVE = ApiError(
    409,
    "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first",
)

_SECRET_TOKEN = re.compile(r"[A-Za-z0-9_-]{1,256}", re.ASCII)


class BotUpdatesTaking:
    """Giving out what waits."""

    def __init__(self, domain: Domain, views: BotUpdateViews, webhooks: Webhooks) -> None:
        self._domain = domain
        self._views = views
        self._webhooks = webhooks

    @api_method("getUpdates")
    async def get_updates(self, call: ApiCall) -> Any:
        """Array of Update."""
        parameters = call.parameters
        offset, limit = parameters.number("offset"), parameters.number("limit", 100)
        seconds = min(max(parameters.number("timeout"), 0), MAX_SECONDS)
        allowed = _kinds(parameters)
        if call.bot.webhook is not None:
            raise WEBHOOK_IS_ACTIVE
        told: list[Any] = []
        while not told:
            waiting = await self._domain.bot_inbox.take(call.bot_id, offset, limit, seconds, allowed)
            told = await self._views.told(call.bot_id, waiting)
            if not waiting or told:
                break
            # All of it is gone meanwhile: it counts as taken, and what comes then is waited for.
            offset, allowed = waiting[-1].update_id + 1, None
        return told

    @api_method("setWebhook")
    async def set_webhook(self, call: ApiCall) -> bool:
        """True. Without a URL the webhook is taken away."""
        parameters = call.parameters
        url = parameters.text("url").strip()
        if not url:
            return await self.delete_webhook(call)
        url = checked_url(url, private=self._webhooks.private)
        secret_token = parameters.text("secret_token")
        if secret_token and _SECRET_TOKEN.fullmatch(secret_token) is None:
            raise bad_request("secret token contains unallowed characters")
        certificate = parameters.files.get("certificate")
        webhook = Webhook(
            url,
            secret_token,
            min(max(parameters.number("max_connections", 40), 1), MAX_CONNECTIONS),
            checked_certificate(certificate.content.read(MAX_CERTIFICATE + 1)) if certificate is not None else "",
        )
        allowed = _kinds(parameters)
        if allowed is not None:
            await self._domain.bot_inbox.take(call.bot_id, 0, 1, 0, allowed)
        if parameters.flag("drop_pending_updates"):
            await self._domain.bot_inbox.forget(call.bot_id)
        await self._domain.bots.set_webhook(call.bot_id, webhook)
        return True

    @api_method("deleteWebhook")
    async def delete_webhook(self, call: ApiCall) -> bool:
        """True, also when there was none."""
        if call.bot.webhook is not None:
            await self._domain.bots.set_webhook(call.bot_id, None)
        if call.parameters.flag("drop_pending_updates"):
            await self._domain.bot_inbox.forget(call.bot_id)
        return True

    @api_method("getWebhookInfo")
    async def get_webhook_info(self, call: ApiCall) -> Any:
        """WebhookInfo."""
        state, webhook = await self._domain.bot_inbox.state(call.bot_id), call.bot.webhook
        info: dict[str, Any] = {
            "url": webhook.url if webhook is not None else "",
            "has_custom_certificate": webhook is not None and bool(webhook.certificate),
            "pending_update_count": state.waiting,
        }
        if webhook is not None:
            info["max_connections"] = webhook.max_connections
            error = self._webhooks.last_error(call.bot_id)
            if error.date:
                info |= {"last_error_date": error.date, "last_error_message": error.message}
        allowed = call.bot.details.allowed_updates
        return info | ({"allowed_updates": list(allowed)} if allowed else {})

    @api_method("logOut")
    @api_method("close")
    async def close(self, call: ApiCall) -> bool:
        """True: nothing has to be closed here, the bot may go to another server at once."""
        self._domain.bot_inbox.stop_waiting(call.bot_id)
        return True


def _kinds(parameters: Parameters) -> tuple[str, ...] | None:
    """``allowed_updates``; None: as before.

    Raises:
        ApiError: no list of names.
    """
    given = parameters.object("allowed_updates")
    if given is None:
        return None
    if not isinstance(given, list) or len(given) > MAX_KINDS:
        raise bad_request("can't parse allowed_updates: an Array of String was expected")
    return tuple(str(one)[:_MAX_KIND] for one in given)
