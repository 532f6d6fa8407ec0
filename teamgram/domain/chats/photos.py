"""Photos of basic groups."""

from teamgram.database import Database, Transaction
from teamgram.domain.boxes.audience import Audience
from teamgram.domain.boxes.changes import OwnChange
from teamgram.domain.boxes.message import Action
from teamgram.domain.chats import rights, store
from teamgram.domain.chats.chat import Banned, Chat
from teamgram.domain.chats.chats import Actor, Chats
from teamgram.domain.chats.errors import ChatNotModified
from teamgram.domain.files.errors import FileNotFound
from teamgram.domain.files.file import Photo, avatar_of, pack_avatar
from teamgram.domain.files.files import Files


class ChatPhotos:
    """Changes them, and shows them to whom a group is shown."""

    def __init__(self, database: Database, chats: Chats, files: Files) -> None:
        self._database = database
        self._chats = chats
        self._files = files

    async def check_edits(self, user_id: int, chat_id: int) -> None:
        """Whether a user may change a group's photo: for who has work to do before.

        Raises:
            ChatNotFound, ChatWriteForbidden, ChatAdminRequired.
        """
        rights.check_permitted(await self._chats.of_member(user_id, chat_id), user_id, Banned.CHANGE_INFO)

    async def edit(self, actor: Actor, chat_id: int, photo: Photo | None) -> OwnChange:
        """Give a group another photo, or (None) none.

        Raises:
            ChatNotFound, ChatWriteForbidden, ChatAdminRequired.
            ChatNotModified: it has that one already.
        """
        return await self._database.write("edit chat photo", self._edit_txn, actor, chat_id, photo)

    def _edit_txn(self, txn: Transaction, actor: Actor, chat_id: int, photo: Photo | None) -> OwnChange:
        found = store.chat_txn(txn, chat_id, (actor.user_id,), lock=True)
        chat = rights.known(found, chat_id, actor.user_id)
        rights.check_permitted(chat, actor.user_id, Banned.CHANGE_INFO)
        before = chat.photo.photo_id if chat.photo is not None else 0
        photo_id = photo.id if photo is not None else 0
        if photo_id == before:
            raise ChatNotModified(str(chat_id))
        # Its version stays: that counts who is in it.
        avatar = avatar_of(photo) if photo is not None else None
        store.update_chat_txn(txn, chat_id, photo_id=photo_id, photo=pack_avatar(avatar))
        audience = Audience.group(chat_id, store.member_ids_txn(txn, chat_id))
        action = Action("chatEditPhoto", photo=photo) if photo is not None else Action("chatDeletePhoto")
        return self._chats.tell_txn(txn, actor, chat_id, audience, action)

    async def of(self, chat: Chat) -> Photo | None:
        """The photo itself, for who may see the group."""
        return await self._files.photo(chat.photo.photo_id) if chat.photo is not None else None

    async def shown(self, user_id: int, chat_id: int, photo_id: int) -> Photo:
        """The group's photo, by its id, as the user sees it.

        Raises:
            FileNotFound: it is another one now, or not theirs to see.
        """
        if not await self.is_shown(user_id, chat_id, photo_id):
            raise FileNotFound
        return await self._files.photo(photo_id)

    async def is_shown(self, user_id: int, chat_id: int, photo_id: int) -> bool:
        """Whether that is the group's photo, and the user sees the group."""
        chat = (await self._chats.get([chat_id])).get(chat_id)
        if chat is None or chat.photo is None or chat.photo.photo_id != photo_id:
            return False
        return rights.sees(chat, user_id)
