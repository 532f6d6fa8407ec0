"""Making and keeping bots, from the control port and from a terminal."""

from typing import Any

from teamgram.bff.authorization import SignIns
from teamgram.database import Database
from teamgram.domain.bots.bots import Bots
from teamgram.domain.errors import DomainError
from teamgram.domain.ids.phone import PhoneNumberInvalid, normalize_phone
from teamgram.domain.users.users import Users
from teamgram.openclaw.gateway import scopes
from teamgram.openclaw.gateway.errors import invalid
from teamgram.openclaw.gateway.router import Call, method


class NoSuchBot(ValueError):
    """What was asked for cannot be done; says why."""


class BotKeeper:
    """What can be done to bots, whichever way it was asked for."""

    def __init__(self, bots: Bots, users: Users) -> None:
        self._bots = bots
        self._users = users

    async def create(self, username: str, name: str, owner: str, *, now: int) -> dict[str, Any]:
        """``{"id", "username", "name", "token"}`` of a new bot.

        Args:
            owner: a phone number, or nothing: then it is the operator's.

        Raises:
            NoSuchBot: it cannot be made.
        """
        owner_id = 0
        if owner:
            try:
                found = await self._users.by_phone(normalize_phone(owner))
            except PhoneNumberInvalid:
                found = None
            if found is None:
                raise NoSuchBot(f"nobody has signed up with {owner}")
            owner_id = found.id
        try:
            user, token = await self._bots.create(owner_id, name or username, username, now)
        except DomainError as error:
            raise NoSuchBot(_REASONS.get(type(error).__name__, type(error).__name__)) from None
        return {"id": user.id, "username": username, "name": user.first_name, "token": token}

    async def list(self) -> list[dict[str, Any]]:
        """Every bot, without its token: only a hash of that is kept."""
        bots = await self._bots.owned(None)
        users = await self._users.get([one for bot in bots for one in (bot.user_id, bot.owner_id) if one])
        told = []
        for bot in bots:
            user, owner = users.get(bot.user_id), users.get(bot.owner_id)
            if user is not None and not user.is_deleted:
                phone = f"+{owner.phone}" if owner is not None and owner.phone else ""
                told.append({"id": user.id, "username": user.username, "name": user.first_name, "owner": phone})
        return told

    async def find(self, who: str) -> int:
        """The id of a bot by its id or its username.

        Raises:
            NoSuchBot: there is none.
        """
        user_id = int(who) if who.isascii() and who.isdigit() and len(who) < 19 else 0
        if not user_id:
            peer = await self._users.resolve_username(who.lstrip("@")) if who else None
            user_id = peer.id if peer is not None else 0
        if user_id not in await self._bots.get([user_id]):
            raise NoSuchBot(f"there is no bot {who}; teamgram bots list shows them")
        return user_id

    async def revoke(self, user_id: int) -> dict[str, Any]:
        """``{"id", "token"}``: another token, and the old one is nobody's."""
        return {"id": user_id, "token": await self._bots.revoke(user_id)}

    async def delete(self, user_id: int) -> dict[str, Any]:
        """``{"id", "deleted"}``."""
        await self._bots.delete(user_id)
        return {"id": user_id, "deleted": True}


_REASONS = {
    "BotUsernameInvalid": "a bot's username ends in bot",
    "UsernameInvalid": "a username has 5 to 32 of a-z, 0-9 and _, and begins with a letter",
    "UsernameOccupied": "somebody has that username",
    "FirstNameInvalid": "a name has 1 to 64 characters",
    "BotsTooMany": "that person has as many bots as one may have",
}


def keeper_over(database: Database, bus: Any) -> BotKeeper:
    """One over a database that no server has open."""
    users = Users(database, bus)
    return BotKeeper(Bots(database, bus, users), users)


class BotMethods:
    """``teamgram.bots.*``; register with the control plane's router."""

    def __init__(self, keeper: BotKeeper, sign_ins: SignIns) -> None:
        """Args:
        sign_ins: ends the sessions of a bot whose token is revoked.
        """
        self._keeper = keeper
        self._sign_ins = sign_ins

    @method("teamgram.bots.create", scopes.ADMIN)
    async def create(self, call: Call) -> dict[str, Any]:
        """``{"username", "name", "owner"}``: make a bot."""
        given = call.params
        username, name, owner = (given.get(key) or "" for key in ("username", "name", "owner"))
        if not (isinstance(username, str) and isinstance(name, str) and isinstance(owner, str)):
            raise invalid("username, name and owner must be text")
        try:
            return await self._keeper.create(username, name, owner, now=self._sign_ins.now())
        except NoSuchBot as error:
            raise invalid(str(error)) from None

    @method("teamgram.bots.list", scopes.ADMIN)
    async def list(self, call: Call) -> dict[str, Any]:
        """All of them."""
        return {"bots": await self._keeper.list()}

    @method("teamgram.bots.revoke", scopes.ADMIN)
    async def revoke(self, call: Call) -> dict[str, Any]:
        """``{"bot"}``: give it another token, and sign it out wherever it is signed in by the old one."""
        bot_id = await self._find(call)
        told = await self._keeper.revoke(bot_id)
        await self._sign_ins.sign_out_others(bot_id, 0)
        return told

    @method("teamgram.bots.delete", scopes.ADMIN)
    async def delete(self, call: Call) -> dict[str, Any]:
        """``{"bot"}``: take it out of use."""
        bot_id = await self._find(call)
        told = await self._keeper.delete(bot_id)
        await self._sign_ins.sign_out_others(bot_id, 0)
        return told

    async def _find(self, call: Call) -> int:
        who = call.params.get("bot")
        try:
            return await self._keeper.find(str(who) if isinstance(who, int | str) else "")
        except NoSuchBot as error:
            raise invalid(str(error)) from None
