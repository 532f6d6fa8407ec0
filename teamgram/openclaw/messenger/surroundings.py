"""What stands around a message: what it answers or quotes, whose it was before, what a group said before it."""

from teamgram.domain.boxes.message import Message
from teamgram.domain.ids.peer import is_user
from teamgram.domain.messages.history import Page, Search
from teamgram.domain.messages.text import cut_utf16
from teamgram.openclaw.messenger.attachments import described
from teamgram.openclaw.messenger.domain import MessengerDomain

_MAX_QUOTE, _MAX_LINE = 1000, 500
_MAX_HISTORY = 16_000


class MessageSurroundings:
    """Reads them."""

    def __init__(self, domain: MessengerDomain) -> None:
        self._domain = domain

    async def before(self, message: Message, own_id: int) -> str:
        """What the model is told before the message's own words; empty for nothing."""
        lines = [await self._forwarded(message), await self._answered(message, own_id)]
        return "\n".join(filter(None, lines))

    async def _name(self, user_id: int) -> str:
        user = (await self._domain.users.get([user_id])).get(user_id) if is_user(user_id) else None
        return " ".join(filter(None, (user.first_name, user.last_name))) if user is not None else ""

    async def _forwarded(self, message: Message) -> str:
        forward = message.extra.forward
        if forward is None:
            return ""
        name = forward.from_name or await self._name(forward.from_id)
        return f"[forwarded from {name}]" if name else "[forwarded]"

    async def _answered(self, message: Message, own_id: int) -> str:
        reply = message.extra.reply
        if reply is not None and reply.quoted and reply.quote_text:
            return f"[about what was said: {_cut(reply.quote_text, _MAX_QUOTE)}]"
        if not message.reply_to_id:
            return ""
        found = (await self._domain.messages.get(message.owner_id, [message.reply_to_id])).get(message.reply_to_id)
        if found is None or found.peer != message.peer or message.reply_to_id == message.extra.thread_id:
            return ""  # Everything in a topic answers its first message.
        said = "\n".join(filter(None, (found.text, described(found.extra.media))))
        who = "you" if found.sender_id == own_id else await self._name(found.sender_id) or "somebody"
        return f"[answers {who}: {_cut(said, _MAX_QUOTE)}]" if said else ""

    async def history(self, message: Message, own_id: int, limit: int) -> str:
        """What others said in a group since the agent (``own_id``) spoke there, at most so many messages of it."""
        if limit <= 0 or is_user(message.peer):
            return ""
        page = Page(limit=limit, offset_id=message.id)
        thread_id = message.extra.thread_id if message.extra.in_topic else 0
        search = Search(message.owner_id, message.peer, viewer_id=own_id, thread_id=thread_id)
        found = (await self._domain.messages.page(search, page)).messages
        lines: list[str] = []
        size = 0
        for one in sorted(found, key=lambda each: each.id, reverse=True):
            if one.sender_id == own_id:
                break
            said = " ".join(filter(None, (one.text, described(one.extra.media) if one.extra.media else "")))
            if one.extra.action is None and said:
                lines.append(f"{await self._name(one.sender_id) or 'somebody'}: {_cut(said, _MAX_LINE)}")
                size += len(lines[-1])
            if size > _MAX_HISTORY:
                break
        return "\n".join(["[said in the group before]", *reversed(lines), "[end]"]) if lines else ""


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else cut_utf16(text, 0, most - 1).rstrip("\ufffd") + "…"
