"""What the control port can ask of the messenger: watching one auth key, and reloading, without a manhole."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred

from teamgram.openclaw.gateway import scopes
from teamgram.openclaw.gateway.errors import invalid
from teamgram.openclaw.gateway.router import Call, method
from teamgram.session.watched_keys import WatchedKeys


class OperatorMethods:
    """``teamgram.*``; register with the control plane's router."""

    def __init__(self, watched: WatchedKeys, reload: Callable[[], Deferred[bool]]) -> None:
        self._watched = watched
        self._reload = reload

    @method("teamgram.debug", scopes.ADMIN)
    def debug(self, call: Call) -> dict[str, Any]:
        """``{"authKeyId": "…", "on": true}``: log each frame and request of that key; all watched keys.

        The id is text, for not every client's numbers have 64 bits.
        """
        text, on = call.params.get("authKeyId"), call.params.get("on", True)
        try:
            auth_key_id = int(str(text))
        except ValueError:
            raise invalid("authKeyId must be an auth key's id, in decimal digits") from None
        if not -(2**63) <= auth_key_id < 2**63 or not isinstance(on, bool):
            raise invalid("authKeyId must have 64 bits and a sign, and on must be boolean")
        return {"watched": [str(watched) for watched in sorted(self._watched.set(auth_key_id, on))]}

    @method("teamgram.reload", scopes.ADMIN)
    async def reload(self, call: Call) -> dict[str, Any]:
        """As SIGHUP; the log says what came of it."""
        return {"reloaded": await self._reload()}
