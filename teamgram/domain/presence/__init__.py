"""Who is here now, and when the others were last seen."""

from teamgram.domain.presence.presence import Presence, Status

__all__ = ["Presence", "Status"]
