"""Media in messages: what each right covers, and whose a file is to read."""

from collections.abc import Awaitable, Callable, Mapping

from teamgram.database import Database, Transaction
from teamgram.domain.boxes.media import Media
from teamgram.domain.boxes.message import Message, Tag
from teamgram.domain.boxes.store import message_columns, message_from_row
from teamgram.domain.channels.channel import Seat
from teamgram.domain.channels.rights import reads
from teamgram.domain.channels.store import seat_txn
from teamgram.domain.chats.chat import Banned
from teamgram.domain.files.errors import FileReferenceExpired
from teamgram.domain.files.file import Document, File
from teamgram.domain.files.files import Files, Named
from teamgram.domain.files.references import TO_UPLOADER, FileReferences
from teamgram.domain.ids.peer import channel_id_of, channels_only
from teamgram.domain.messages import rules
from teamgram.domain.messages.place import group_place_txn


def media_tags(media: Media | None) -> Tag:
    """What search finds the message by."""
    if media is None or media.ttl:
        return Tag(0)
    if media.photo is not None:
        return Tag.PHOTO
    if media.place is not None:
        return Tag.GEO
    if media.contact is not None:
        return Tag.CONTACT
    if media.poll is not None:
        return Tag.POLL
    if media.todo is not None:
        return Tag.TODO
    return _document_tags(media.document) if media.document is not None else Tag(0)


def _document_tags(document: Document) -> Tag:
    if document.sticker is not None:
        return Tag(0)
    if document.attribute("animated") is not None:
        return Tag.GIF
    video = document.attribute("video")
    if video is not None:
        return Tag.ROUND_VIDEO if video.round_message else Tag.VIDEO
    audio = document.attribute("audio")
    if audio is not None:
        return Tag.VOICE if audio.voice else Tag.MUSIC
    return Tag.DOCUMENT


_RIGHTS = {
    Tag.PHOTO: Banned.SEND_PHOTOS,
    Tag.VIDEO: Banned.SEND_VIDEOS,
    Tag.ROUND_VIDEO: Banned.SEND_ROUNDVIDEOS,
    Tag.MUSIC: Banned.SEND_AUDIOS,
    Tag.VOICE: Banned.SEND_VOICES,
    Tag.DOCUMENT: Banned.SEND_DOCS,
    Tag.GIF: Banned.SEND_GIFS,
}


def forbidden_by(media: Media) -> Banned:
    """The bans of a group any of which forbids its members to send this."""
    if media.place is not None or media.contact is not None:
        return Banned.SEND_MESSAGES | Banned.SEND_PLAIN
    if media.poll is not None or media.todo is not None:
        return Banned.SEND_MESSAGES | Banned.SEND_POLLS
    if media.dice is not None:
        return Banned.SEND_MESSAGES | Banned.SEND_GAMES
    if media.document is not None and media.document.sticker is not None:
        return Banned.SEND_MESSAGES | Banned.SEND_STICKERS
    return Banned.SEND_MESSAGES | Banned.SEND_MEDIA | _RIGHTS.get(media_tags(media), Banned(0))


def _content_txn(txn: Transaction, owner_id: int, content_id: int, now: int) -> tuple[Message, Seat | None] | None:
    """The owner's message with that content, or one of a channel that they may see with their seat there."""
    of_content = f"SELECT {message_columns} WHERE m.content_id = ?"
    txn.execute(f"{of_content} AND m.owner_id = ? LIMIT 1", (content_id, owner_id))
    row = txn.fetchone()
    if row is not None:
        return message_from_row(row), None
    txn.execute(f"{of_content} AND {channels_only('m.owner_id')} LIMIT 1", (content_id,))
    row = txn.fetchone()
    if row is None:
        return None
    message = message_from_row(row)
    seat = seat_txn(txn, channel_id_of(message.owner_id), owner_id, now)
    return (message, seat) if reads(seat) and message.id > seat.hidden_up_to else None


def _has_content_txn(txn: Transaction, owner_id: int, content_id: int, file_id: int, now: int) -> bool:
    """Whether the owner has the content, and that file is (still) in it."""
    found = _content_txn(txn, owner_id, content_id, now)
    return found is not None and file_id in found[0].extra.file_ids


def _copyable_txn(txn: Transaction, owner_id: int, content_id: int, file_id: int, now: int) -> bool:
    """Whether the owner has the content, that file is in it, and they may take it elsewhere.

    Raises:
        ForwardsRestricted, ChatForbidden: see ``rules.check_copies``.
    """
    found = _content_txn(txn, owner_id, content_id, now)
    if found is None or file_id not in found[0].extra.file_ids:
        return False
    message, seat = found
    chat = seat or group_place_txn(txn, owner_id, message.peer, now)
    rules.check_copies(message, message.id, message.peer, chat)
    return True


Shown = Callable[[int, int, int], Awaitable[bool]]
"""Whether a user is still shown, at what has that id, the file of the third."""


class FileAccess:
    """Gives a file to whom it was given.

    Args:
        shown: by the kind of ``Origin`` who decides where no message is.
    """

    def __init__(
        self, database: Database, files: Files, references: FileReferences, shown: Mapping[int, Shown]
    ) -> None:
        self._database = database
        self._files = files
        self._references = references
        self._shown = shown

    async def open(self, user_id: int, named: Named, now: int, *, to_send: bool = False) -> File:
        """The file that a user names, if it is theirs to read.

        Args:
            to_send: and to send on, which is taking it out of where they have it, as forwarding is.

        Raises:
            ForwardsRestricted, ChatForbidden: it may not be sent on.
            FileNotFound: there is none, or its access_hash is another one.
            FileReferenceEmpty, FileReferenceInvalid: it was not given to anybody so.
            FileReferenceExpired: it is too old, or the user has not (any more) what it came with.
        """
        file = await self._files.find(named)
        origin = self._references.read(named.reference, named.id, now)
        if origin.kind == TO_UPLOADER:
            theirs = origin.id == user_id
        elif origin.kind in self._shown:
            theirs = await self._shown[origin.kind](user_id, origin.id, named.id)
        else:
            check = _copyable_txn if to_send else _has_content_txn
            theirs = await self._database.read("has content", check, user_id, origin.id, named.id, now)
        if not theirs:
            raise FileReferenceExpired
        return file
