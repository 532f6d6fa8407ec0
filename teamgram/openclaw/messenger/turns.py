"""An agent's turns in the messenger: what is written becomes a run of a session, and the reply is shown as it comes."""

import base64
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

from twisted.logger import Logger

from teamgram.domain.boxes.message import Message
from teamgram.domain.errors import DomainError
from teamgram.domain.ids.peer import channel_id_of, is_channel, is_user
from teamgram.domain.users.user import User
from teamgram.openclaw.agent.delivery import FileToSend
from teamgram.openclaw.agent.idempotency import fingerprint
from teamgram.openclaw.agent.outcome import ABORTED, ERROR, Outcome
from teamgram.openclaw.agent.parts import AgentParts
from teamgram.openclaw.agent.roster import model_chain
from teamgram.openclaw.agent.run import CHAT, Run, RunRequest
from teamgram.openclaw.agent.run_records import user_message
from teamgram.openclaw.agent.slots import OWNERS
from teamgram.openclaw.config.telegram import CHANNEL, telegram_section
from teamgram.openclaw.messenger.accounts import AgentAccount
from teamgram.openclaw.messenger.activity import RunActivity
from teamgram.openclaw.messenger.attachments import Attachments
from teamgram.openclaw.messenger.domain import MessengerDomain
from teamgram.openclaw.messenger.inbox import MessengerFailures
from teamgram.openclaw.messenger.owners import Owners
from teamgram.openclaw.messenger.reply import NO_REPLY, MessengerReply
from teamgram.openclaw.messenger.sent_files import MAX_ALBUM, SentFiles
from teamgram.openclaw.messenger.surroundings import MessageSurroundings
from teamgram.openclaw.sessions import keys as agent_session_keys
from teamgram.openclaw.sessions.agent_session import AgentSession

ACCOUNT = "default"
#: A longer reply comes as a document, with its beginning before it.
MOST_MESSAGES = 5
_TYPING = "sendMessageTypingAction"

#: What people who are not known as owners may not have done for them, until the operator changes the session.
_DENIED = ["group:fs", "group:nodes", "group:messaging", "group:memory", "group:canvas"]

#: Has something done that the messenger waits for when it stops.
RunTask = Callable[[Coroutine[Any, Any, None]], None]


class Turns:
    """Begins and shows them."""

    _log = Logger()

    def __init__(
        self,
        parts: AgentParts,
        domain: MessengerDomain,
        owners: Owners,
        attachments: Attachments,
        failures: MessengerFailures,
        run_task: RunTask,
    ) -> None:
        self._parts = parts
        self._domain = domain
        self._owners = owners
        self._attachments = attachments
        self._failures = failures
        self._surroundings = MessageSurroundings(domain)
        self._files = SentFiles(domain, parts.reactor)
        self._run_task = run_task
        self._reactor = parts.reactor

    def key(self, account: AgentAccount, peer: int, topic: int = 0) -> str:
        """The session's key of an agent's dialog, each topic of a group's has its own."""
        if not is_user(peer):
            chat = f"{peer}:topic:{topic}" if topic else str(peer)
            return agent_session_keys.group(account.agent_id, CHANNEL, chat)
        # Without a word from the operator everybody has a conversation of their own: strangers may write here.
        chosen = self._parts.config.sections.session.dm_scope
        return agent_session_keys.direct(account.agent_id, CHANNEL, ACCOUNT, str(peer), chosen)

    def session(self, account: AgentAccount, peer: int, topic: int = 0) -> AgentSession:
        """The session of an agent's dialog, made now if there is none."""
        key = self.key(account, peer, topic)
        is_new = self._parts.sessions.get(key) is None
        session = self._parts.runs.session_for(self._parts.runs.parse_key(key), created_via="channel")
        if is_new and session.kind != "main":
            session.settings = {"inheritedToolDeny": _DENIED}
            session.chat_type = "direct" if is_user(peer) else "group"
        session.origin = {"channel": CHANNEL, "account": ACCOUNT, "peer": peer}
        return session

    def _takes_images(self, account: AgentAccount, session: AgentSession) -> bool:
        """Whether every model that may come to answer looks at pictures."""
        agent = self._parts.roster.get(account.agent_id)
        chain = model_chain(session.model) if session.model else agent.models if agent is not None else ()
        return bool(chain) and all(map(self._parts.catalog.takes_images, chain))

    async def start(
        self, account: AgentAccount, album: Sequence[Message], session: AgentSession, sender: User, text: str
    ) -> None:
        """Begin a run with what was written, and show its reply.

        Raises:
            GatewayError: the run is not accepted.
        """
        message = album[0]
        run_id = f"{CHANNEL}:{account.user_id}:{message.content_id}"
        name = " ".join(filter(None, (sender.first_name, sender.last_name)))
        session.display_name = session.display_name or name
        is_owner = sender.id in self._owners
        about = {"channel": CHANNEL, "senderId": str(sender.id), "senderName": name, "senderIsOwner": is_owner}
        words = text if is_user(message.peer) else f"{name}: {text}"
        limit = telegram_section(self._parts.config.sections.channels).history_limit
        around = self._surroundings
        own = account.user_id
        before = [await around.history(message, own, limit), await around.before(message, own)]
        words = "\n".join(filter(None, (*before, words, await self._attachments.texts(album))))
        images = await self._attachments.images(album) if self._takes_images(account, session) else []
        content: Any = [{"type": "text", "text": words}, *images] if images else words
        reply: list[MessengerReply] = []
        activity = RunActivity(
            self._reactor,
            lambda: self._type_there(account.user_id, message.peer, topic_of(message)),
            lambda word: reply[0].note(word) if reply else None,
        )

        def heard(words: str) -> None:
            activity.words()
            if reply:
                reply[0].say(words)

        request = RunRequest(
            run_id,
            user_message(run_id, words, message.date * 1000, content=content, __openclaw=about),
            fingerprint(words),
            CHAT,
            on_text=heard,
            on_wait=activity.waits,
            person=OWNERS if is_owner else f"{CHANNEL}:{sender.id}",
        )
        accepted = await self._parts.runs.accept(session, request)
        run = accepted.run
        if run is None:
            return
        reply.append(
            MessengerReply(
                self._domain.messages,
                self._reactor,
                sender_id=account.user_id,
                peer=message.peer,
                run_id=run_id,
                reply_to_id=0 if is_user(message.peer) else message.id,
                text=lambda: run.live.text,
                **({"most": MOST_MESSAGES} if self._domain.files is not None else {}),
            )
        )
        activity.start()
        self._run_task(self._finish(account, message.peer, run, reply[0], activity))

    async def _type_there(self, user_id: int, peer: int, topic: int) -> None:
        if is_channel(peer):
            if self._domain.channels is not None:
                now = int(self._reactor.seconds())
                seat = await self._domain.channels.seat(user_id, channel_id_of(peer), now)
                self._domain.channels.say_typing(seat, _TYPING, 0, topic)
        elif is_user(peer):
            await self._domain.dialogs.say_typing(user_id, peer, _TYPING, 0)
        else:
            await self._domain.chats.say_typing(user_id, -peer, _TYPING, 0)

    async def _finish(
        self, account: AgentAccount, peer: int, run: Run, reply: MessengerReply, activity: RunActivity
    ) -> None:
        outcome = await run.when_ended()
        activity.stop()
        text, note = shown_of(outcome)
        if not text and not note and reply.has_note:
            note = "↩️ Answered with what was written next."  # What stands there would say for ever that it is at work.
        try:
            is_whole = await reply.end(text, note)
            if not is_whole:
                file = FileToSend("reply.md", "text/markdown", text.encode(), "document")
                caption = note or "📄 The whole answer."
                await self._files.send(account, peer, [file], caption, f"{run.id}:whole")
            pictures = pictures_of(outcome) if self._domain.files is not None else []
            if pictures:
                await self._files.send(account, peer, pictures, "", f"{run.id}:pictures")
        except DomainError as error:
            self._failures.unshown_replies += 1
            self._log.warn("the reply of run {run_id} was refused: {error!r}", run_id=run.id, error=error)
        except Exception:
            self._failures.unshown_replies += 1
            self._log.failure("the reply of run {run_id} could not be shown", run_id=run.id)


def topic_of(message: Message) -> int:
    """The topic that a message of a supergroup is in, by its first message; 0: none."""
    return message.extra.thread_id if message.extra.in_topic else 0


def pictures_of(outcome: Outcome) -> list[FileToSend]:
    """What a model drew, as files."""
    found = []
    for number, part in enumerate(outcome.images[:MAX_ALBUM], 1):
        try:
            content = base64.b64decode(str(part.get("data")), validate=True)
        except ValueError:
            continue
        if content:
            found.append(FileToSend(f"picture{number}.png", str(part.get("mimeType") or "image/png"), content))
    return found


def shown_of(outcome: Outcome) -> tuple[str, str]:
    """(what is shown of a run's reply, the word of ours below it); both empty: another run's reply answers it."""
    text = outcome.text.strip()
    if outcome.status == ERROR:
        return text, f"⚠️ {outcome.summary}"
    if outcome.status == ABORTED:
        return text, "⏹ Stopped."
    if text == NO_REPLY:
        return "", ""
    if not text and outcome.images:
        return "", "🖼"
    # A model answered, with tools alone: who waits for words is told that there are none.
    return text, "✓ Done, without words." if not text and outcome.model and not outcome.tool_calls else ""
