"""What one commit or event tells, and each user's part of it, until it is pushed."""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field

from teamgram.bff.views.alike import Owned
from teamgram.bff.views.media import FileViews
from teamgram.bff.views.updates import Drawing, entries_drawing
from teamgram.domain.boxes.events import OF_A_MESSAGE, LogEntry
from teamgram.domain.boxes.message import Message
from teamgram.interfaces.updates import Receiver
from teamgram.mtproto.tl.places import Places


@dataclass(slots=True)
class Sketch:
    """Whom it names that some are told alike."""

    user_ids: list[int]
    chat_ids: list[int]


@dataclass(slots=True)
class Drawn:
    """A sketch as some viewers see it, encoded, and those of them who have not got it yet."""

    body: bytes
    places: Places = ()
    receivers: list[Receiver] = field(default_factory=list)


@dataclass(slots=True)
class Told:
    """What one commit, or one event, tells.

    Attributes:
        number: grows from one to the next.
        event: the drawing of an event, which is the same for all.
        ready: what somebody is to get now.
    """

    number: int
    except_perm_auth_key_id: int
    event: Drawing | None
    is_for_many: bool
    sketches: dict[Hashable, Sketch] = field(default_factory=dict)
    drawn: dict[Hashable, Drawn] = field(default_factory=dict)
    ready: list[Drawn] = field(default_factory=list)


@dataclass(slots=True)
class Item:
    """One user's part of what is told; ``entries`` is None for an event.

    Attributes:
        messages: of all owners; those that the entries speak of are looked up when it is drawn.
    """

    user_id: int
    told: Told
    entries: Sequence[LogEntry] | None
    messages: Mapping[tuple[int, int], Message] = field(default_factory=dict)

    def owned(self) -> Owned | None:
        """The entries and this user's messages."""
        if self.entries is None:
            return None
        mine = {}
        for entry in self.entries:
            event = entry.event
            if isinstance(event, OF_A_MESSAGE):
                message = self.messages.get((self.user_id, event.id))
                if message is not None:
                    mine[event.id] = message
        return self.entries, mine

    def drawing(self, files: FileViews) -> Drawing:
        """For this user alone."""
        owned = self.owned()
        return entries_drawing(*owned, files) if owned is not None else self.told.event or Drawing()
