"""Media in messages: what each right covers, and whose a file is to read."""

from teamgram.database import Database, Transaction
from teamgram.domain.boxes.media import Media
from teamgram.domain.boxes.message import Tag
from teamgram.domain.chats.chat import Banned
from teamgram.domain.files.errors import FileReferenceExpired
from teamgram.domain.files.file import Document, File
from teamgram.domain.files.files import Files, Named
from teamgram.domain.files.references import TO_UPLOADER, FileReferences


def media_tags(media: Media | None) -> Tag:
    """What search finds the message by."""
    if media is None:
        return Tag(0)
    if media.photo is not None:
        return Tag.PHOTO
    if media.place is not None:
        return Tag.GEO
    if media.contact is not None:
        return Tag.CONTACT
    return _document_tags(media.document) if media.document is not None else Tag(0)


def _document_tags(document: Document) -> Tag:
    if document.attribute("animated") is not None:
        return Tag.GIF
    if document.attribute("sticker") is not None:
        return Tag(0)
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
    if media.dice is not None:
        return Banned.SEND_MESSAGES | Banned.SEND_GAMES
    if media.document is not None and media.document.attribute("sticker") is not None:
        return Banned.SEND_MESSAGES | Banned.SEND_STICKERS
    return Banned.SEND_MESSAGES | Banned.SEND_MEDIA | _RIGHTS.get(media_tags(media), Banned(0))


def _has_content_txn(txn: Transaction, owner_id: int, content_id: int) -> bool:
    txn.execute("SELECT 1 FROM messages WHERE content_id = ? AND owner_id = ? LIMIT 1", (content_id, owner_id))
    return txn.fetchone() is not None


class FileAccess:
    """Gives a file to whom it was given."""

    def __init__(self, database: Database, files: Files, references: FileReferences) -> None:
        self._database = database
        self._files = files
        self._references = references

    async def open(self, user_id: int, named: Named, now: int) -> File:
        """The file that a user names, if it is theirs to read and send on.

        Raises:
            FileNotFound: there is none, or its access_hash is another one.
            FileReferenceEmpty, FileReferenceInvalid: it was not given to anybody so.
            FileReferenceExpired: it is too old, or the user has not (any more) what it came with.
        """
        file = await self._files.find(named)
        origin = self._references.read(named.reference, named.id, now)
        if origin.kind == TO_UPLOADER:
            theirs = origin.id == user_id
        else:
            theirs = await self._database.read("has content", _has_content_txn, user_id, origin.id)
        if not theirs:
            raise FileReferenceExpired
        return file
