"""Notification choices as TL."""

from typing import Any

from teamgram.domain.users.notifications import RINGTONE, UNCHANGED, Notifications
from teamgram.mtproto.tl import tl


def notify_settings_view(chosen: Notifications = UNCHANGED) -> Any:
    """``peerNotifySettings``; what was not chosen is absent, and the client falls back to the kind of peer.

    A kind's must be whole (``in_scope``): Telegram Desktop reads an absent ``mute_until`` there as muted, and Web
    K an absent ``show_previews`` as off, which it saves as the user's choice.
    """
    sound = None
    if chosen.sound is not None and chosen.sound.startswith(RINGTONE):
        sound = tl.notificationSoundRingtone(id=int(chosen.sound.removeprefix(RINGTONE)))
    elif chosen.sound is not None:
        sound = tl.notificationSoundDefault() if chosen.sound else tl.notificationSoundNone()
    return tl.peerNotifySettings(
        show_previews=chosen.show_previews,
        silent=chosen.silent,
        mute_until=chosen.mute_until,
        ios_sound=sound,
        android_sound=sound,
        other_sound=sound,
        stories_muted=chosen.stories_muted,
        stories_hide_sender=chosen.stories_hide_sender,
    )
