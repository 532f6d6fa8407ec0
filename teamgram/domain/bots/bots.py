"""The bots of this server: made, found by their tokens, changed and taken out of use."""

import re
import secrets
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from hmac import compare_digest

import msgspec

from teamgram.cache.loaded import LoadedRows, RowsBus
from teamgram.database import Database, Transaction
from teamgram.domain.bots import store, tokens
from teamgram.domain.bots.bot import (
    MAX_ABOUT,
    MAX_BUTTON,
    MAX_COMMANDS,
    MAX_DESCRIPTION,
    MAX_DETAILS,
    MAX_PLACEHOLDER,
    MAX_URL,
    MAX_WORDINGS,
    Bot,
    BotCommand,
    BotDetails,
    CommandSet,
    MenuButton,
    Webhook,
    Wording,
    pack_details,
)
from teamgram.domain.bots.errors import (
    BotCommandDescriptionInvalid,
    BotCommandInvalid,
    BotCommandsTooMany,
    BotDescriptionTooLong,
    BotNotFound,
    BotsTooMany,
    BotTokenInvalid,
    BotUsernameInvalid,
    LangCodeInvalid,
    MenuButtonInvalid,
)
from teamgram.domain.boxes.difference import state_txn
from teamgram.domain.channels.channel import AdminRight
from teamgram.domain.ids.peer import Peer
from teamgram.domain.ids.username import check_username, username_key
from teamgram.domain.users import names
from teamgram.domain.users.store import claim_username_txn, insert_user_txn, update_user_txn, users_by_id_txn
from teamgram.domain.users.user import User, pack_traits
from teamgram.domain.users.users import UsernameOccupied, Users

MAX_OWNED = 20
"""Bots of one person (core.telegram.org/bots/features#botfather); the operator has no such limit."""

_LANG_CODE = re.compile(r"[a-z]{2}")
_COMMAND = re.compile(r"[a-z0-9_]{1,32}", re.ASCII)


class WebhookChanged(msgspec.Struct, frozen=True):
    """A bot's updates are brought elsewhere from now on, or nowhere: read the bot again."""

    bot_id: int


class Bots:
    """Every bot that has an owner. The agents' accounts are bots without one and are not here."""

    def __init__(self, database: Database, bus: RowsBus, users: Users, *, max_cached: int = 20_000) -> None:
        self._database = database
        self._users = users
        self._bus = bus
        self._rows: LoadedRows[int, Bot] = LoadedRows.shared("bots", bus, max_cached)

    async def get(self, user_ids: Iterable[int]) -> dict[int, Bot]:
        """Those of the accounts that are bots with an owner, by id."""
        found, missing = {}, []
        for user_id in user_ids:
            row = self._rows.get(user_id)
            if row is None:
                missing.append(user_id)
            else:
                found[user_id] = row
        if missing:
            ticket = self._rows.start_load()
            try:
                rows: dict[int, Bot] = await self._database.read("bots by id", store.bots_txn, missing)
                self._rows.finish_load(ticket, rows)
            finally:
                self._rows.abandon_load(ticket)
            found.update(rows)
        return found

    async def require(self, user_id: int) -> Bot:
        """One bot.

        Raises:
            BotNotFound: it is none.
        """
        found = (await self.get([user_id])).get(user_id)
        if found is None:
            raise BotNotFound(str(user_id))
        return found

    async def by_token(self, text: str) -> Bot:
        """Whose token that is. Read each time: a revoked one is dead at once, whichever process took it away.

        Raises:
            BotTokenInvalid: nobody's, or no longer.
        """
        user_id, secret = tokens.parse(text)
        bot, secret_hash = await self._database.read("bot by token", _with_hash_txn, user_id)
        # Compared all the same when there is no such bot: how long it takes tells nothing.
        if not compare_digest(tokens.hash_of(secret), secret_hash or bytes(32)) or bot is None or not secret_hash:
            raise BotTokenInvalid
        return bot

    async def owned(self, owner_id: int | None, limit: int = 1000) -> list[Bot]:
        """The bots of a person, of the operator (0) or of everybody (None)."""
        return await self._database.read("bots of an owner", store.owned_txn, owner_id, limit)

    async def create(self, owner_id: int, name: str, username: str, now: int) -> tuple[User, str]:
        """Make a bot; its account and its token, which cannot be read again.

        Raises:
            FirstNameInvalid, UsernameInvalid, BotUsernameInvalid: its name, or its username.
            UsernameOccupied: somebody has it.
            BotsTooMany: the owner has ``MAX_OWNED`` already.
        """
        name = names.check_first_name(name)
        check_username(username)
        if not username.lower().endswith("bot"):
            raise BotUsernameInvalid(username)
        secret = tokens.new_secret()
        user = User(0, secrets.randbits(63), "", name, is_bot=True, username=username, created_at=now)
        user_id: int = await self._database.write(
            "create bot", self._create_txn, user, owner_id, tokens.hash_of(secret)
        )
        return replace(user, id=user_id), tokens.token(user_id, secret)

    async def create_of_server(self, name: str, username: str, now: int) -> User:
        """Make a bot that the server itself speaks for: it has no token, and any free username.

        Raises:
            UsernameOccupied: somebody has it.
        """
        user = User(0, secrets.randbits(63), "", name, is_bot=True, username=username, created_at=now)
        user_id: int = await self._database.write("create bot", self._create_txn, user, 0, b"")
        return replace(user, id=user_id)

    async def adopt(self, user_id: int, now: int) -> None:
        """Have an account of the server's own that is a bot be one here as well: without a token, of no owner.

        What is pressed is told to who is there at the moment, and not kept.
        """
        bot = Bot(user_id, 0, now, BotDetails(allowed_updates=("message",)))
        await self._database.write("adopt bot", self._adopt_txn, bot)

    def _adopt_txn(self, txn: Transaction, bot: Bot) -> None:
        if not store.bots_txn(txn, [bot.user_id]):
            store.insert_bot_txn(txn, bot, b"", state_txn(txn, bot.user_id).pts)
            self._invalidate_after_txn(txn, bot.user_id)

    def _create_txn(self, txn: Transaction, user: User, owner_id: int, secret_hash: bytes) -> int:
        if owner_id and store.count_owned_txn(txn, owner_id) >= MAX_OWNED:
            raise BotsTooMany(str(owner_id))
        user_id = insert_user_txn(txn, user)
        assert user_id is not None, "nobody has the number that a bot has not"
        if not claim_username_txn(txn, username_key(user.username), Peer.user(user_id)):
            raise UsernameOccupied(user.username)
        update_user_txn(txn, user_id, {"username": user.username})
        bot = Bot(user_id, owner_id, user.created_at, BotDetails())
        store.insert_bot_txn(txn, bot, secret_hash, state_txn(txn, user_id).pts)
        self._users.invalidate_after_txn(txn, user_id)
        self._invalidate_after_txn(txn, user_id)
        return user_id

    async def revoke(self, user_id: int) -> str:
        """Give a bot another token; the old one is nobody's from now on.

        Raises:
            BotNotFound: it is none.
        """
        await self.require(user_id)
        secret = tokens.new_secret()
        await self._database.write("revoke token", self._set_secret_txn, user_id, tokens.hash_of(secret))
        return tokens.token(user_id, secret)

    def _set_secret_txn(self, txn: Transaction, user_id: int, secret_hash: bytes) -> None:
        store.set_secret_txn(txn, user_id, secret_hash)
        self._invalidate_after_txn(txn, user_id)

    async def delete(self, user_id: int) -> User:
        """Take a bot out of use: its token and its username are free, its id stays "deleted".

        Raises:
            BotNotFound: it is none.
        """
        await self.require(user_id)
        await self._database.write("delete bot", self._delete_txn, user_id)
        return await self._users.delete(user_id)

    def _delete_txn(self, txn: Transaction, user_id: int) -> None:
        store.delete_bot_txn(txn, user_id)
        self._invalidate_after_txn(txn, user_id)
        txn.call_after(self._bus.publish, WebhookChanged(user_id))

    async def change(self, user_id: int, function: Callable[[BotDetails], BotDetails]) -> Bot:
        """Change what its owner chose: ``function`` makes the new of the old, perhaps more than once.

        Raises:
            BotNotFound: it is none.
        """
        return await self._database.write("change bot", self._change_txn, user_id, function)

    def _change_txn(self, txn: Transaction, user_id: int, function: Callable[[BotDetails], BotDetails]) -> Bot:
        bot = store.bots_txn(txn, [user_id]).get(user_id)
        if bot is None:
            raise BotNotFound(str(user_id))
        details = function(bot.details)
        if details != bot.details:
            store.set_details_txn(txn, user_id, details)
            self._invalidate_after_txn(txn, user_id)
            self._show_txn(txn, user_id, details)
        return msgspec.structs.replace(bot, details=details)

    def _show_txn(self, txn: Transaction, user_id: int, details: BotDetails) -> None:
        before = users_by_id_txn(txn, [user_id])[user_id].traits
        traits = details.traits(before.version + 1)
        update_user_txn(txn, user_id, {"bot_traits": pack_traits(traits)})
        self._users.invalidate_after_txn(txn, user_id)

    async def set_webhook(self, user_id: int, webhook: Webhook | None) -> None:
        """Bring its updates there from now on, or (None) let it fetch them.

        Raises:
            BotNotFound: it is none.
        """
        await self.require(user_id)
        await self._database.write("set webhook", self._webhook_txn, user_id, webhook)

    def _webhook_txn(self, txn: Transaction, user_id: int, webhook: Webhook | None) -> None:
        store.set_webhook_txn(txn, user_id, webhook)
        self._invalidate_after_txn(txn, user_id)
        txn.call_after(self._bus.publish, WebhookChanged(user_id))

    async def with_webhooks(self) -> list[int]:
        """The ids of the bots whose updates are brought to them."""
        return await self._database.read("bots with webhooks", store.with_webhooks_txn)

    async def set_commands(self, user_id: int, wanted: CommandSet) -> None:
        """Put one set of commands in the place of the one before; an empty one takes it away.

        Raises:
            BotNotFound, BotCommandInvalid, BotCommandDescriptionInvalid, BotCommandsTooMany.
        """
        check_commands(wanted.commands)

        def changed(details: BotDetails) -> BotDetails:
            others = [one for one in details.commands if one.place != wanted.place]
            if len(others) >= MAX_COMMANDS:
                raise BotCommandsTooMany(str(len(others)))
            kept = (*others, wanted) if wanted.commands else tuple(others)
            found = msgspec.structs.replace(details, commands=tuple(kept))
            if wanted.commands and len(pack_details(found)) > MAX_DETAILS:
                raise BotCommandsTooMany(str(len(kept)))
            return found

        await self.change(user_id, changed)

    async def set_description(self, user_id: int, description: str) -> None:
        """What is shown before the first message.

        Raises:
            BotNotFound, BotDescriptionTooLong.
        """
        if len(description) > MAX_DESCRIPTION:
            raise BotDescriptionTooLong(str(len(description)))
        await self.change(user_id, lambda details: msgspec.structs.replace(details, description=description))

    async def set_wording(
        self, user_id: int, lang_code: str, *, description: str | None = None, about: str | None = None
    ) -> None:
        """What it says of itself in one language; None leaves it, nothing takes it away.

        Raises:
            BotNotFound, BotDescriptionTooLong.
            LangCodeInvalid: no two letters.
        """
        if _LANG_CODE.fullmatch(lang_code) is None:
            raise LangCodeInvalid(lang_code)
        if len(description or "") > MAX_DESCRIPTION or len(about or "") > MAX_ABOUT:
            raise BotDescriptionTooLong(lang_code)

        def changed(details: BotDetails) -> BotDetails:
            before = details.wording(lang_code)
            said = Wording(
                lang_code,
                before.description if description is None else description,
                before.about if about is None else about,
            )
            others = tuple(one for one in details.wordings if one.lang_code != lang_code)
            wordings = (*others, said) if said.description or said.about else others
            if len(wordings) > MAX_WORDINGS:
                raise BotDescriptionTooLong(str(len(wordings)))
            return msgspec.structs.replace(details, wordings=wordings)

        await self.change(user_id, changed)

    async def menu(self, bot_id: int, viewer_id: int) -> MenuButton:
        """The button that somebody sees in the chat with a bot.

        Raises:
            BotNotFound.
        """
        own = await self._database.read("bot menu", store.menu_txn, bot_id, viewer_id) if viewer_id else None
        return own if own is not None else (await self.require(bot_id)).details.menu

    async def set_menu(self, bot_id: int, viewer_id: int, button: MenuButton) -> None:
        """Show that button to one person, or (0) to everybody who has none of their own; "default": as to everybody.

        Raises:
            BotNotFound.
            MenuButtonInvalid: too long, or without words or a place where it leads.
        """
        if len(button.text) > MAX_BUTTON or len(button.url) > MAX_URL:
            raise MenuButtonInvalid(str(bot_id))
        if button.kind == "web_app" and not (button.text.strip() and button.url.startswith("https://")):
            raise MenuButtonInvalid(str(bot_id))
        if not viewer_id:
            await self.change(bot_id, lambda details: msgspec.structs.replace(details, menu=button))
            return
        await self.require(bot_id)
        own = None if button.kind == "default" else button
        await self._database.write("set bot menu", store.set_menu_txn, bot_id, viewer_id, own)

    async def set_default_rights(self, bot_id: int, rights: int, *, channels: bool) -> None:
        """What it asks for where it is made an administrator (bits of ``chatAdminRights``).

        Raises:
            BotNotFound.
        """
        name = "channel_rights" if channels else "group_rights"
        if channels:
            # Nobody is anonymous where the channel speaks for everybody.
            rights &= ~int(AdminRight.ANONYMOUS)
        await self.change(bot_id, lambda details: msgspec.structs.replace(details, **{name: rights}))

    async def set_inline(self, user_id: int, placeholder: str | None, *, geo: bool = False) -> None:
        """Let people ask the bot from other chats, with that in their field, or (None) no longer.

        Raises:
            BotNotFound, BotDescriptionTooLong.
        """
        if placeholder is not None and len(placeholder) > MAX_PLACEHOLDER:
            raise BotDescriptionTooLong(str(len(placeholder)))
        await self.change(user_id, lambda details: msgspec.structs.replace(details, inline=placeholder, inline_geo=geo))

    async def set_profile(self, user_id: int, *, name: str | None = None, about: str | None = None) -> User:
        """Its name, and what its profile says of it.

        Raises:
            BotNotFound, FirstNameInvalid, BotDescriptionTooLong.
        """
        await self.require(user_id)
        columns: dict[str, str] = {}
        if name is not None:
            columns["first_name"] = names.check_first_name(name)
        if about is not None:
            if len(about) > MAX_ABOUT:
                raise BotDescriptionTooLong(str(len(about)))
            columns["about"] = about
        return await self._users.update(user_id, **columns)

    def _invalidate_after_txn(self, txn: Transaction, user_id: int) -> None:
        txn.call_after(self._rows.invalidate, user_id)


def _with_hash_txn(txn: Transaction, user_id: int) -> tuple[Bot | None, bytes]:
    return store.bots_txn(txn, [user_id]).get(user_id), store.secret_hash_txn(txn, user_id)


def check_commands(commands: Sequence[BotCommand]) -> None:
    """Whether a menu can be made of them.

    Raises:
        BotCommandInvalid, BotCommandDescriptionInvalid, BotCommandsTooMany.
    """
    if len(commands) > MAX_COMMANDS:
        raise BotCommandsTooMany(str(len(commands)))
    for one in commands:
        if _COMMAND.fullmatch(one.command) is None:
            raise BotCommandInvalid(one.command)
        if not 1 <= len(one.description.strip()) <= 256:
            raise BotCommandDescriptionInvalid(one.command)
