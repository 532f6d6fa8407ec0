"""``secrets.reload``: what a configuration's secrets are now, asked of their providers again."""

from collections.abc import Awaitable, Callable
from typing import Any

from teamgram.openclaw.config.errors import OpenClawConfigError
from teamgram.openclaw.config.live import LiveConfig
from teamgram.openclaw.gateway import scopes
from teamgram.openclaw.gateway.errors import unavailable
from teamgram.openclaw.gateway.router import Call, method


class SecretMethods:
    """The family.

    Args:
        reread: reads the configuration; ``secrets=True``: with all secrets anew.
    """

    def __init__(self, config: LiveConfig, reread: Callable[..., Awaitable[None]]) -> None:
        self._config = config
        self._reread = reread

    @method("secrets.reload", scopes.ADMIN, control_plane_write=True)
    async def reload(self, call: Call) -> dict[str, Any]:
        """Ask again. If one of them cannot be had, all that holds stays as it is."""
        try:
            await self._reread(secrets=True)
        except OpenClawConfigError:
            raise unavailable("secrets.reload failed") from None
        return {"ok": True, "warningCount": len(self._config.lacking)}
