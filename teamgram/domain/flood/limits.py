"""How many requests of a kind a key may make, in a row and per second.

Plain Python: the time comes from the ``seconds`` callable that it is given.
"""

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field

from teamgram.net.token_buckets import Limit, TokenBuckets


@dataclass(frozen=True, slots=True)
class FloodSettings:
    """Limits by TL method; a method without one is not limited.

    What only reads a cache is not limited. The limits are there to stop abuse,
    not scripts: 20 messages a second and 150 in a row never come near them.
    """

    by_method: Mapping[str, Limit] = field(
        default_factory=lambda: {
            "auth.sendCode": Limit(10, 0.05),
            "auth.resendCode": Limit(10, 0.05),
            "auth.signIn": Limit(20, 0.1),
            "auth.signUp": Limit(10, 0.05),
            "auth.exportLoginToken": Limit(60, 1),
            "auth.acceptLoginToken": Limit(20, 0.1),
            "auth.importBotAuthorization": Limit(20, 0.2),
            "account.updateUsername": Limit(20, 0.1),
            "account.checkUsername": Limit(60, 1),
            "account.updateProfile": Limit(60, 1),
            "account.sendChangePhoneCode": Limit(5, 0.02),
            "contacts.importContacts": Limit(100, 2),
            "contacts.resolvePhone": Limit(60, 1),
            "contacts.resolveUsername": Limit(200, 5),
            "contacts.search": Limit(200, 5),
            "chatlists.exportChatlistInvite": Limit(100, 0.5),
            "chatlists.joinChatlistInvite": Limit(30, 0.2),
            "chatlists.joinChatlistUpdates": Limit(30, 0.2),
            "account.reportPeer": Limit(30, 0.1),
            "account.reportProfilePhoto": Limit(30, 0.1),
            "channels.reportSpam": Limit(30, 0.1),
            "messages.createChat": Limit(60, 0.5),
            "messages.report": Limit(60, 0.2),
            "messages.reportReaction": Limit(30, 0.1),
            "messages.reportSpam": Limit(300, 0.1),
            "messages.sendMessage": Limit(5_000, 100),
            "messages.forwardMessages": Limit(1_000, 50),
            "messages.search": Limit(500, 20),
            "messages.getWebPage": Limit(60, 1),
            "messages.getWebPagePreview": Limit(120, 2),
            "stickers.addStickerToSet": Limit(300, 1),
            "stickers.createStickerSet": Limit(30, 0.1),
            "stickers.replaceSticker": Limit(300, 1),
            "stickers.setStickerSetThumb": Limit(60, 0.2),
            "account.uploadRingtone": Limit(60, 0.2),
            "account.uploadWallPaper": Limit(60, 0.2),
        }
    )
    max_tracked: int = 50_000


class FloodLimits:
    """The limits of ``FloodSettings``, kept per subject (a permanent key) and method."""

    def __init__(self, settings: FloodSettings, seconds: Callable[[], float]) -> None:
        self._seconds = seconds
        self._buckets = {
            method: TokenBuckets(limit, settings.max_tracked) for method, limit in settings.by_method.items()
        }

    def set(self, settings: FloodSettings) -> None:
        """Other limits from now on; what was counted under one that stays is kept."""
        before = self._buckets
        self._buckets = {
            method: before[method]
            if method in before and before[method].limit == limit
            else TokenBuckets(limit, settings.max_tracked)
            for method, limit in settings.by_method.items()
        }

    def take(self, subject: Hashable, method: str) -> int:
        """Count one request: 0 when it may run, else the seconds to wait."""
        buckets = self._buckets.get(method)
        return 0 if buckets is None else buckets.take(subject, self._seconds())
