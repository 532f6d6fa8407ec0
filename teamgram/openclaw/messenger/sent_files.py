"""Files that agents send: pictures, voice, documents, albums, and replies that are too long for a chat."""

import secrets
from collections.abc import Sequence
from typing import Any

from teamgram.domain.boxes.media import Media
from teamgram.domain.boxes.message import Extra
from teamgram.domain.errors import DomainError
from teamgram.domain.files.errors import StorageAway
from teamgram.domain.files.file import Attribute
from teamgram.domain.messages.sending import SendRequest
from teamgram.domain.messages.text import MAX_CAPTION
from teamgram.openclaw.agent.delivery import FileToSend
from teamgram.openclaw.messenger.accounts import AgentAccount
from teamgram.openclaw.messenger.domain import MessengerDomain
from teamgram.openclaw.messenger.formatting import MessageText, as_messages
from teamgram.openclaw.messenger.reply import random_id

_PHOTOS = frozenset({"image/jpeg", "image/png", "image/webp"})
_OGG_PAGE, _OPUS_RATE = b"OggS", 48_000
MAX_ALBUM = 10


class SentFiles:
    """Sends them."""

    def __init__(self, domain: MessengerDomain, reactor: Any) -> None:
        self._domain = domain
        self._reactor = reactor

    async def send(self, account: AgentAccount, peer: int, files: Sequence[FileToSend], caption: str, key: str) -> int:
        """Send them, several as one album; the id of the last message. Under one key they are sent once.

        Raises:
            DomainError: the chat takes nothing, or a picture is none.
        """
        if self._domain.files is None:
            raise StorageAway("there are no files here")
        await self._domain.messages.check_writable(account.user_id, peer)
        words = (as_messages(caption, most=MAX_CAPTION) or [MessageText("")])[0]
        now, group = int(self._reactor.seconds()), secrets.randbits(62) + 1 if len(files) > 1 else 0
        requests = []
        for number, file in enumerate(files):
            said = words if number == 0 else MessageText("")
            extra = Extra(entities=said.entities, media=await self._media(account, file), grouped_id=group)
            random = random_id(account.user_id, key, number)
            requests.append(SendRequest(account.user_id, peer, said.text, random, now, extra, said.tags))
        return (await self._domain.messages.send_all(tuple(requests))).ids[-1][1]

    async def _media(self, account: AgentAccount, file: FileToSend) -> Media:
        files = self._domain.files
        assert files is not None
        if file.kind == "photo" or (file.kind == "auto" and file.mime_type in _PHOTOS):
            try:
                return Media(photo=await files.make_photo_of(account.user_id, file.content))
            except StorageAway:
                raise
            except DomainError:
                if file.kind == "photo":
                    raise
        attributes: tuple[Attribute, ...] = (Attribute("filename", file_name=file.name),)
        if file.kind == "voice" or (file.kind == "audio" or (file.kind == "auto" and file.mime_type[:6] == "audio/")):
            seconds = ogg_seconds(file.content)
            attributes = (Attribute("audio", seconds=seconds, voice=file.kind == "voice"), *attributes)
        mime_type = "audio/ogg" if file.kind == "voice" else file.mime_type
        document = await files.make_document_of(account.user_id, file.content, mime_type, attributes)
        return Media(document=document)


def ogg_seconds(content: bytes) -> float:
    """How long Opus in an Ogg file plays, by its last page (RFC 7845, section 4); 0 for anything else."""
    last = content.rfind(_OGG_PAGE)
    if last < 0 or b"OpusHead" not in content[:256] or last + 14 > len(content):
        return 0.0
    samples = int.from_bytes(content[last + 6 : last + 14], "little", signed=True)
    return round(samples / _OPUS_RATE, 2) if 0 < samples < _OPUS_RATE * 86_400 else 0.0
