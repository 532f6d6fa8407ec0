"""``teamgram owners``: whom the operator names as an owner of the agents, beside a running server or without one."""

import argparse
import os
import sys

from teamgram.cache.bus import MemoryBus
from teamgram.database import Database
from teamgram.domain.ids.phone import PhoneNumberInvalid, normalize_phone
from teamgram.domain.users.user import User
from teamgram.domain.users.users import Users
from teamgram.openclaw.config import source_files
from teamgram.openclaw.config.live import LiveConfig
from teamgram.openclaw.messenger.owners import OwnersFile, configured_ids
from teamgram.openclaw.state_file import state_directory


def _file(options: argparse.Namespace) -> OwnersFile:
    return OwnersFile(state_directory(options.data_dir.absolute(), os.environ))


def _configured(options: argparse.Namespace) -> frozenset[int]:
    state_dir = state_directory(options.data_dir.absolute(), os.environ)
    config = LiveConfig(source_files.path_in(options.config, os.environ), state_dir, b"", os.environ)
    return configured_ids(config.sections.commands.owner_allow_from)[0]


async def _by_phone(database: Database, written: str) -> User | None:
    try:
        return await Users(database, MemoryBus()).by_phone(normalize_phone(written))
    except PhoneNumberInvalid:
        return None


def _refuse(text: str) -> int:
    print(f"teamgram: {text}", file=sys.stderr)
    return 1


def _told(user: User) -> str:
    name = "(deleted)" if user.is_deleted else f"{user.first_name} {user.last_name}".strip()
    return f"{name} (+{user.phone}, id {user.id})" if user.phone else f"{name} (id {user.id})"


async def add_owner(options: argparse.Namespace, database: Database) -> int:
    """Name the account with that number; exit code 1 when there is none."""
    user = await _by_phone(database, options.phone)
    if user is None:
        return _refuse(f"nobody has signed up with {options.phone}; teamgram users lists everybody")
    try:
        added = _file(options).add(user.id)
    except ValueError as error:
        return _refuse(str(error))
    print(f"{_told(user)} is an owner" if added else f"{_told(user)} is an owner already")
    return 0


async def remove_owner(options: argparse.Namespace, database: Database) -> int:
    """Name them no more; exit code 1 when they were none, or are one by the configuration.

    An account that has no number any more goes by its id, as ``list`` shows it.
    """
    user = await _by_phone(database, options.phone)
    if user is None and options.phone.isascii() and options.phone.isdigit():
        user = (await Users(database, MemoryBus()).get([int(options.phone)])).get(int(options.phone))
    if user is None:
        return _refuse(f"nobody has signed up with {options.phone}; teamgram owners list shows the owners")
    try:
        removed = _file(options).remove(user.id)
    except ValueError as error:
        return _refuse(str(error))
    if user.id in _configured(options):
        return _refuse(f"{_told(user)} is named in commands.ownerAllowFrom of openclaw.yaml: take the id out there")
    if not removed:
        return _refuse(f"{_told(user)} is no owner")
    print(f"{_told(user)} is no owner any more")
    return 0


async def list_owners(options: argparse.Namespace, database: Database) -> int:
    """One line an owner, with where they are named."""
    try:
        kept = _file(options).read()
    except ValueError as error:
        return _refuse(str(error))
    configured = _configured(options)
    users = await Users(database, MemoryBus()).get(sorted(kept | configured))
    if not kept | configured:
        print("nobody is an owner; teamgram owners add PHONE names one")
    for user_id in sorted(kept | configured):
        user = users.get(user_id)
        named = " and ".join(
            where
            for where, ids in (("teamgram owners", kept), ("commands.ownerAllowFrom", configured))
            if user_id in ids
        )
        print(f"{_told(user) if user is not None else f'nobody (id {user_id})'}, by {named}")
    return 0
