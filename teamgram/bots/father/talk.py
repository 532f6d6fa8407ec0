"""What is said to BotFather and what it answers: one step of a talk, without sending anything."""

from dataclasses import dataclass, field
from typing import Any

import msgspec

from teamgram.domain.bots.bot import MAX_PLACEHOLDER, Bot, BotCommand, BotDetails, CommandSet
from teamgram.domain.bots.bots import Bots
from teamgram.domain.bots.errors import (
    BotCommandDescriptionInvalid,
    BotCommandInvalid,
    BotCommandsTooMany,
    BotDescriptionTooLong,
    BotsTooMany,
    BotUsernameInvalid,
)
from teamgram.domain.ids.username import UsernameInvalid
from teamgram.domain.users.names import FirstNameInvalid
from teamgram.domain.users.user import User
from teamgram.domain.users.users import UsernameOccupied, Users

HELP = """I can help you create and manage bots on this server.

/newbot - create a new bot
/mybots - show your bots

/setname - change a bot's name
/setdescription - change what is shown before the first message
/setabouttext - change what its profile says
/setcommands - change its list of commands
/setinline - may people ask it from other chats?
/setinlinefeedback - is it told what they chose?
/setjoingroups - may it be brought into groups?
/setprivacy - does it hear everything in groups?
/deletebot - delete a bot

/token - get a new token for a bot
/revoke - the same: the token of before stops working
/cancel - stop what we are doing"""

#: The same for the menu.
COMMANDS = tuple(
    BotCommand(name.removeprefix("/"), description)
    for name, separator, description in (line.partition(" - ") for line in HELP.splitlines())
    if separator
)
ABOUT = "Makes and manages bots on this server."
DESCRIPTION = "I can help you create and manage bots on this server: their names, texts, commands and tokens."

#: What is asked for once a bot was chosen.
_WANTED = {
    "setname": "OK. Send me the new name.",
    "setdescription": "OK. Send me the new description: what people see before they write for the first time.",
    "setabouttext": "OK. Send me the new text for the profile.",
    "setcommands": "OK. Send me a list of commands, like this:\n\nstart - begin\nhelp - what I can do\n\n"
    "or /empty to take the list away.",
    "setinline": "Send me what stands in the field of who asks the bot from another chat, like Search a city...\n\n"
    "or /empty if nobody shall ask it there.",
    "setinlinefeedback": "Of how many chosen results shall it be told? Now: {feedback}.",
    "setjoingroups": "Send Enable if it may be brought into groups, or Disable. Now: {groups}.",
    "setprivacy": "Send Enable if in groups it shall hear only what is meant for it, or Disable. Now: {privacy}.",
    "deletebot": "Are you sure? Send Yes, I am totally sure.",
}
_SWITCH = ("Enable", "Disable")
_FEEDBACK = {"Enabled": 100, "1/2": 50, "1/10": 10, "1/100": 1, "Disabled": 0}
_CHOICES = {"setprivacy": _SWITCH, "setjoingroups": _SWITCH, "setinlinefeedback": tuple(_FEEDBACK)}
_TAKES_EMPTY = ("setcommands", "setinline")
_AT_ONCE = frozenset({"token", "revoke"})
SURE = "Yes, I am totally sure."


class Step(msgspec.Struct, frozen=True, omit_defaults=True):
    """Where a talk stands: what is being done, to which bot, and what was said so far."""

    doing: str = ""
    bot_id: int = 0
    name: str = ""


NOWHERE = Step()


@dataclass(frozen=True, slots=True)
class FatherReply:
    """What is answered, and the keyboard of words to choose from.

    Attributes:
        step: where the talk stands after it.
        renamed, revoked, deleted: a bot that others must hear of, or 0.
    """

    text: str
    step: Step = NOWHERE
    words: tuple[str, ...] = ()
    renamed: int = 0
    revoked: int = 0
    deleted: int = 0


@dataclass(slots=True)
class Talk:
    """Answers one person at a time."""

    bots: Bots
    users: Users
    api_root: str = ""
    _unknown: str = field(default="I do not understand. /help shows what I can do.", init=False)

    async def answer(self, person_id: int, text: str, step: Step, now: int) -> FatherReply:
        """What to say to a text, where the talk stands at ``step``."""
        text = text.strip()
        if text.startswith("/") and not (step.doing in _TAKES_EMPTY and text.lower() == "/empty"):
            return await self._command(person_id, _command_in(text), step)
        if step.doing == "newbot":
            return await self._new_bot(person_id, text, step, now)
        if step.doing and not step.bot_id:
            return await self._chosen(person_id, text, step)
        if step.doing:
            bot = (await self.bots.get([step.bot_id])).get(step.bot_id)
            if bot is None or bot.owner_id != person_id:
                return FatherReply("That bot is not there any more.")
            return await self._change(bot, text, step)
        return FatherReply(self._unknown)

    async def _command(self, person_id: int, command: str, step: Step) -> FatherReply:
        if command in ("start", "help"):
            return FatherReply(HELP)
        if command == "cancel":
            return FatherReply("Nothing was being done." if not step.doing else "Done: nothing is changed.")
        if command == "newbot":
            return FatherReply("A new bot. How shall it be called? Choose a name for it.", Step("newbot"))
        if command in ("mybots", *_WANTED, *_AT_ONCE):
            return await self._choose(person_id, command)
        return FatherReply(self._unknown, step)

    async def _own(self, person_id: int) -> list[User]:
        bots = await self.bots.owned(person_id)
        users = await self.users.get([bot.user_id for bot in bots])
        return [user for user in users.values() if not user.is_deleted]

    async def _choose(self, person_id: int, command: str) -> FatherReply:
        own = await self._own(person_id)
        if not own:
            return FatherReply("You have no bots. /newbot makes one.")
        if command == "mybots":
            return FatherReply("Your bots:\n\n" + "\n".join(f"@{user.username} - {user.first_name}" for user in own))
        words = tuple(f"@{user.username}" for user in own)
        return FatherReply("Which bot?", Step(command), words)

    async def _chosen(self, person_id: int, text: str, step: Step) -> FatherReply:
        wanted = text.lstrip("@").lower()
        user = next((one for one in await self._own(person_id) if one.username.lower() == wanted), None)
        if user is None:
            return FatherReply("You have no such bot. Send its @username, or /cancel.", step)
        if step.doing in _AT_ONCE:
            token = await self.bots.revoke(user.id)
            told = f"The new token of @{user.username}, and the only one that works from now on:\n\n{token}"
            return FatherReply(told, revoked=user.id)
        details = (await self.bots.require(user.id)).details
        told = next(name for name, percent in _FEEDBACK.items() if details.feedback >= percent)
        asked = _WANTED[step.doing].format(
            privacy="disabled" if details.sees_all else "enabled",
            groups="disabled" if details.no_groups else "enabled",
            feedback=told.lower(),
        )
        words = (SURE,) if step.doing == "deletebot" else _CHOICES.get(step.doing, ())
        return FatherReply(asked, Step(step.doing, user.id), words)

    async def _new_bot(self, person_id: int, text: str, step: Step, now: int) -> FatherReply:
        if not step.name:
            if not text or len(text) > 64:
                return FatherReply("A name has 1 to 64 characters. Choose another one.", step)
            told = "Good. Now choose a username for it. It must end in bot, like this: weather_bot."
            return FatherReply(told, Step("newbot", name=text))
        try:
            user, token = await self.bots.create(person_id, step.name, text.lstrip("@"), now)
        except UsernameOccupied:
            return FatherReply("Somebody has that username. Choose another one.", step)
        except (UsernameInvalid, BotUsernameInvalid):
            return FatherReply("A username has 5 to 32 of a-z, 0-9 and _, and ends in bot. Choose another one.", step)
        except FirstNameInvalid:
            return FatherReply("That is no name. How shall the bot be called?", Step("newbot"))
        except BotsTooMany:
            return FatherReply("You have as many bots as one may have. /deletebot deletes one.")
        root = f"\n\nThe address of the Bot API is {self.api_root}" if self.api_root else ""
        return FatherReply(
            f"Done. Your new bot is @{user.username}. This is its token, which is not shown again:\n\n{token}\n\n"
            f"Keep it to yourself: whoever has it can do what the bot can.{root}"
        )

    async def _change(self, bot: Bot, text: str, step: Step) -> FatherReply:
        changers: dict[str, Any] = {
            "setname": self._set_name,
            "setdescription": self._set_description,
            "setabouttext": self._set_about,
            "setcommands": self._set_commands,
            "setinline": self._set_inline,
            "setinlinefeedback": self._set_feedback,
            "setjoingroups": self._set_groups,
            "setprivacy": self._set_privacy,
            "deletebot": self._delete,
        }
        reply: FatherReply = await changers[step.doing](bot, text, step)
        return reply

    async def _set_name(self, bot: Bot, text: str, step: Step) -> FatherReply:
        try:
            await self.bots.set_profile(bot.user_id, name=text)
        except FirstNameInvalid:
            return FatherReply("A name has 1 to 64 characters. Choose another one.", step)
        return FatherReply("Done: it has the new name.", renamed=bot.user_id)

    async def _set_description(self, bot: Bot, text: str, step: Step) -> FatherReply:
        try:
            await self.bots.set_description(bot.user_id, text)
        except BotDescriptionTooLong:
            return FatherReply("A description has 512 characters at most.", step)
        return FatherReply("Done: it has the new description.")

    async def _set_about(self, bot: Bot, text: str, step: Step) -> FatherReply:
        try:
            await self.bots.set_profile(bot.user_id, about=text)
        except BotDescriptionTooLong:
            return FatherReply("That text has 120 characters at most.", step)
        return FatherReply("Done: its profile says so.", renamed=bot.user_id)

    async def _set_commands(self, bot: Bot, text: str, step: Step) -> FatherReply:
        commands = []
        for line in [] if text.lower() == "/empty" else text.splitlines():
            command, _, description = line.partition(" - ")
            commands.append(BotCommand(command.strip().lstrip("/").lower(), description.strip()))
        try:
            await self.bots.set_commands(bot.user_id, CommandSet(commands=tuple(commands)))
        except (BotCommandInvalid, BotCommandDescriptionInvalid, BotCommandsTooMany):
            return FatherReply("I cannot read that. One command a line, like this:\n\nstart - begin", step)
        return FatherReply("Done: the list of commands is changed.")

    async def _set_inline(self, bot: Bot, text: str, step: Step) -> FatherReply:
        placeholder = None if text.lower() == "/empty" else text
        try:
            await self.bots.set_inline(bot.user_id, placeholder, geo=bot.details.inline_geo and placeholder is not None)
        except BotDescriptionTooLong:
            return FatherReply(f"That text has {MAX_PLACEHOLDER} characters at most.", step)
        if placeholder is None:
            return FatherReply("Done: nobody asks it from other chats any more.", renamed=bot.user_id)
        return FatherReply("Done: people may ask it from other chats.", renamed=bot.user_id)

    async def _set_feedback(self, bot: Bot, text: str, step: Step) -> FatherReply:
        percent = _FEEDBACK.get(text.capitalize())
        if percent is None:
            return FatherReply("Choose one of these.", step, _CHOICES["setinlinefeedback"])
        await self.bots.change(bot.user_id, lambda details: msgspec.structs.replace(details, feedback=percent))
        return FatherReply("Done: the bot will be told so.")

    async def _set_groups(self, bot: Bot, text: str, step: Step) -> FatherReply:
        if text.capitalize() not in _SWITCH:
            return FatherReply("Send Enable or Disable.", step, _SWITCH)
        shut = text.lower() == "disable"
        await self.bots.change(bot.user_id, lambda details: msgspec.structs.replace(details, no_groups=shut))
        return FatherReply(f"Done: {text.lower()}d.", renamed=bot.user_id)

    async def _set_privacy(self, bot: Bot, text: str, step: Step) -> FatherReply:
        if text.lower() not in ("enable", "disable"):
            return FatherReply("Send Enable or Disable.", step, _CHOICES["setprivacy"])
        sees_all = text.lower() == "disable"

        def changed(details: BotDetails) -> BotDetails:
            return msgspec.structs.replace(details, sees_all=sees_all)

        await self.bots.change(bot.user_id, changed)
        return FatherReply(f"Done: {text.lower()}d.", renamed=bot.user_id)

    async def _delete(self, bot: Bot, text: str, step: Step) -> FatherReply:
        if text != SURE:
            return FatherReply(f"Send {SURE} - or /cancel.", step, (SURE,))
        await self.bots.delete(bot.user_id)
        return FatherReply("Done: the bot is gone.", deleted=bot.user_id)


def _command_in(text: str) -> str:
    """What follows the slash, without the bot's name and what else is written; may be nothing."""
    words = text[1:].partition("@")[0].split(maxsplit=1)
    return words[0].lower() if words else ""
