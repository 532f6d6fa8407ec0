"""Photos of channels."""

from teamgram.database import Database, Transaction
from teamgram.domain.boxes.changes import OwnChange
from teamgram.domain.boxes.message import Action
from teamgram.domain.channels import rights, store
from teamgram.domain.channels.admin_log import PhotoChanged, log_txn
from teamgram.domain.channels.channel import Seat
from teamgram.domain.channels.channels import Channels
from teamgram.domain.chats.chats import Actor
from teamgram.domain.chats.errors import ChatNotModified
from teamgram.domain.files.errors import FileNotFound
from teamgram.domain.files.file import Photo, avatar_of, pack_avatar
from teamgram.domain.files.files import Files


class ChannelPhotos:
    """Changes them, and shows them to whom a channel is shown."""

    def __init__(self, database: Database, channels: Channels, files: Files) -> None:
        self._database = database
        self._channels = channels
        self._files = files

    def check_edits(self, seat: Seat) -> None:
        """Whether they may change the photo: for who has work to do before.

        Raises:
            ChannelPrivate, ChatAdminRequired.
        """
        rights.check_changes_info(seat)

    async def edit(self, actor: Actor, channel_id: int, photo: Photo | None) -> OwnChange:
        """Give a channel another photo, or (None) none.

        Raises:
            ChannelNotFound, ChannelPrivate, ChatAdminRequired.
            ChatNotModified: it has that one already.
        """
        return await self._database.write("edit channel photo", self._edit_txn, actor, channel_id, photo)

    def _edit_txn(self, txn: Transaction, actor: Actor, channel_id: int, photo: Photo | None) -> OwnChange:
        seat = store.seat_txn(txn, channel_id, actor.user_id, actor.now, lock=True)
        rights.check_changes_info(seat)
        photo_id = photo.id if photo is not None else 0
        if photo_id == seat.channel.photo_id:
            raise ChatNotModified(str(channel_id))
        avatar = avatar_of(photo) if photo is not None else None
        store.update_channel_txn(txn, channel_id, photo_id=photo_id, photo=pack_avatar(avatar))
        self._channels.changed_after(txn, channel_id)
        log_txn(txn, actor, channel_id, PhotoChanged(photo))
        action = Action("chatEditPhoto", photo=photo) if photo is not None else Action("chatDeletePhoto")
        return self._channels.tell_txn(txn, actor, seat.channel, action)

    async def shown(self, seat: Seat, photo_id: int) -> Photo:
        """The channel's photo, by its id, as the user sees it.

        Raises:
            FileNotFound: it is another one now, or not theirs to see.
        """
        if not rights.reads(seat) or seat.channel.photo_id != photo_id:
            raise FileNotFound
        return await self._files.photo(photo_id)

    async def is_shown(self, user_id: int, channel_id: int, photo_id: int) -> bool:
        """Whether that is the channel's photo, and the user sees the channel."""
        channel = (await self._channels.get([channel_id])).get(channel_id)
        if channel is None or channel.photo_id != photo_id:
            return False
        membership = (await self._channels.memberships.of(user_id)).get(channel_id)
        return rights.reads(Seat(channel, user_id, membership))
