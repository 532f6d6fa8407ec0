"""The accounts: read through a cache in memory, changed in one transaction each."""

import secrets
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from teamgram.cache.loaded import LoadedRows, RowsBus
from teamgram.database import Database, Transaction
from teamgram.domain.errors import DomainError
from teamgram.domain.ids.peer import Peer
from teamgram.domain.ids.username import username_key
from teamgram.domain.users import photos_store, store
from teamgram.domain.users.user import User, UserNotFound


class PhoneOccupied(DomainError):
    """Another account has that phone number."""


class UsernameOccupied(DomainError):
    """Another peer has that username."""


class UsernameNotModified(DomainError):
    """The account has that username already."""


class Users:
    """Every account of this server.

    ``cached`` answers without waiting and is what hot paths ask first.
    """

    def __init__(self, database: Database, bus: RowsBus, *, max_cached: int = 20_000) -> None:
        self._database = database
        self._rows: LoadedRows[int, User] = LoadedRows.shared("users", bus, max_cached)

    def cached(self, user_id: int) -> User | None:
        """The user when it is in memory; None says nothing about the database."""
        return self._rows.get(user_id)

    async def get(self, user_ids: Iterable[int]) -> dict[int, User]:
        """Those of the users that exist, deleted ones included, by id."""
        found: dict[int, User] = {}
        missing: set[int] = set()
        for user_id in user_ids:
            user = self._rows.get(user_id)
            if user is None:
                missing.add(user_id)
            else:
                found[user_id] = user
        if missing:
            found.update(await self._load(sorted(missing)))
        return found

    async def require(self, user_id: int) -> User:
        """One user.

        Raises:
            UserNotFound: nobody has that id.
        """
        user = self._rows.get(user_id)
        if user is None:
            user = (await self._load([user_id])).get(user_id)
        if user is None:
            raise UserNotFound(f"no user {user_id}")
        return user

    async def _load(self, user_ids: Sequence[int]) -> dict[int, User]:
        ticket = self._rows.start_load()
        try:
            users: dict[int, User] = await self._database.read("users by id", store.users_by_id_txn, user_ids)
            self._rows.finish_load(ticket, users)
        finally:
            self._rows.abandon_load(ticket)
        return users

    async def by_phone(self, phone: str) -> User | None:
        """The account that signs in with this number (digits without "+")."""
        user: User | None = await self._database.read("user by phone", store.user_by_phone_txn, phone)
        return user

    async def by_phones(self, phones: Sequence[str]) -> dict[str, User]:
        """The accounts that sign in with these numbers, by number."""
        users: dict[str, User] = await self._database.read("users by phone", store.users_by_phone_txn, phones)
        return users

    async def resolve_username(self, username: str) -> Peer | None:
        """Who has that username, whatever its letters' case."""
        peer: Peer | None = await self._database.read(
            "peer by username", store.peer_by_username_txn, username_key(username)
        )
        return peer

    async def resolve_usernames(self, usernames: Sequence[str]) -> list[Peer]:
        """Who has these usernames, in no order; those that nobody has are passed over."""
        keys = [username_key(username) for username in usernames]
        peers: list[Peer] = await self._database.read("peers by usernames", store.peers_by_usernames_txn, keys)
        return peers

    async def agent_usernames(self, limit: int) -> list[str]:
        """Usernames of this server's agents, those that were there first in front."""
        return await self._database.read("usernames of agents", store.agent_usernames_txn, limit)

    async def search_usernames(self, prefix: str, limit: int) -> list[Peer]:
        """Peers whose username begins so, in alphabetical order."""
        peers: list[Peer] = await self._database.read(
            "usernames by prefix", store.peers_by_username_prefix_txn, username_key(prefix), limit
        )
        return peers

    async def create(
        self,
        *,
        phone: str,
        first_name: str,
        last_name: str = "",
        now: int,
        is_bot: bool = False,
        lang_code: str = "",
    ) -> User:
        """Make an account.

        Args:
            phone: digits without "+"; empty for a bot.

        Raises:
            PhoneOccupied: that number signs in already.
        """
        user = User(
            id=0,
            access_hash=secrets.randbits(63),
            phone=phone,
            first_name=first_name,
            last_name=last_name,
            is_bot=is_bot,
            lang_code=lang_code,
            created_at=now,
        )
        user_id: int = await self._database.write("create user", self._create_txn, user)
        return replace(user, id=user_id)

    def _create_txn(self, txn: Transaction, user: User) -> int:
        user_id = store.insert_user_txn(txn, user)
        if user_id is None:
            raise PhoneOccupied()
        return user_id

    async def update(self, user_id: int, **columns: Any) -> User:
        """Change columns of one account (names as in ``User``; not the username); the account after it.

        Raises:
            UserNotFound: nobody has that id.
            PhoneOccupied: the new number signs in already.
        """
        user: User = await self._database.write("update user", self._update_txn, user_id, columns)
        return user

    def _update_txn(self, txn: Transaction, user_id: int, columns: dict[str, Any]) -> User:
        phone = columns.get("phone")
        if phone:
            owner_id = store.lock_phone_txn(txn, phone)
            if owner_id is not None and owner_id != user_id:
                raise PhoneOccupied()
        store.update_user_txn(txn, user_id, columns)
        return self._changed_txn(txn, user_id)

    async def set_username(self, user_id: int, username: str) -> User:
        """Take, change or (empty) give up the account's username.

        Raises:
            UsernameNotModified: it is the present one.
            UsernameOccupied: somebody else has it.
        """
        user: User = await self._database.write("set username", self._set_username_txn, user_id, username)
        return user

    def _set_username_txn(self, txn: Transaction, user_id: int, username: str) -> User:
        before = store.users_by_id_txn(txn, [user_id]).get(user_id)
        if before is None:
            raise UserNotFound(f"no user {user_id}")
        if before.username == username:
            raise UsernameNotModified(username)
        key = username_key(username)
        if (
            username
            and username_key(before.username) != key
            and not store.claim_username_txn(txn, key, Peer.user(user_id))
        ):
            raise UsernameOccupied(username)
        if before.username and username_key(before.username) != key:
            store.release_username_txn(txn, username_key(before.username))
        store.update_user_txn(txn, user_id, {"username": username})
        return self._changed_txn(txn, user_id)

    async def delete(self, user_id: int) -> User:
        """Take an account out of use: its number and username are free again, its id stays "deleted"."""
        user: User = await self._database.write("delete user", self._delete_txn, user_id)
        return user

    def _delete_txn(self, txn: Transaction, user_id: int) -> User:
        before = store.users_by_id_txn(txn, [user_id]).get(user_id)
        if before is None:
            raise UserNotFound(f"no user {user_id}")
        if before.username:
            store.release_username_txn(txn, username_key(before.username))
        store.update_user_txn(
            txn,
            user_id,
            {
                "phone": "",
                "first_name": "",
                "last_name": "",
                "username": "",
                "about": "",
                "birthday": "",
                "is_deleted": True,
            },
        )
        photos_store.clear_txn(txn, user_id)
        return self._changed_txn(txn, user_id)

    def invalidate_after_txn(self, txn: Transaction, user_id: int) -> None:
        """Whoever remembers the account reads it again once the transaction is committed."""
        txn.call_after(self._rows.invalidate, user_id)

    def _changed_txn(self, txn: Transaction, user_id: int) -> User:
        user = store.users_by_id_txn(txn, [user_id]).get(user_id)
        if user is None:
            raise UserNotFound(f"no user {user_id}")
        self.invalidate_after_txn(txn, user_id)
        return user
