"""The first message that a new account has.

It says where the agents are. It is also what ends Telegram Web A's spinner,
which waits for a first chat in a list that is empty.
"""

from twisted.logger import Logger

from teamgram.domain.codes.delivery import CodeMessages
from teamgram.domain.users.user import User
from teamgram.domain.users.users import Users
from teamgram.mtproto.tl import encode, tl

DEFAULT_WELCOME = (
    "Welcome, {name}! Your account, your chats and your groups live on this server and nowhere else.\n\n"
    "Whoever has an account here can be found by number or username. {agents}"
)
"""``{name}`` is the new user's first name; ``{agents}`` says whom to write to."""

_SHOWN = 10


class Welcome:
    """Writes to those who sign up.

    Args:
        text: with ``{name}`` and ``{agents}`` in it or not; empty: nothing is written.
    """

    _log = Logger()

    def __init__(self, users: Users, service_messages: CodeMessages, text: str) -> None:
        self._users = users
        self._service_messages = service_messages
        self._text = text

    async def __call__(self, user: User) -> None:
        """Write it; an account without it is an account all the same."""
        if not self._text:
            return
        try:
            names = await self._users.agent_usernames(_SHOWN) if "{agents}" in self._text else []
            text = self._text.replace("{name}", user.first_name).replace("{agents}", _told(names))
            await self._service_messages.send(user.id, text, (), _buttons(names))
        except Exception:
            self._log.failure("no welcome for user {user_id}", user_id=user.id)


def _told(names: list[str]) -> str:
    if not names:
        return "No agent lives here yet."
    return f"Agents live here, too; write to them as to anybody: {', '.join('@' + name for name in names)}"


def _buttons(names: list[str]) -> bytes:
    """One for each agent, which opens the chat with it (core.telegram.org/api/links#public-username-links)."""
    if not names:
        return b""
    rows = [
        tl.keyboardInlineButtonRow(
            buttons=[
                tl.keyboardInlineButton(
                    text=f"@{name}", type=tl.inlineButtonTypeUrl(url=f"tg://resolve?domain={name}"), style=None
                )
            ]
        )
        for name in names
    ]
    return encode(tl.replyInlineMarkup(rows=rows))
