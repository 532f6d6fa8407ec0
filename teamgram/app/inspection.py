"""What ``teamgram users``, ``sessions`` and ``codes`` read, beside a running server or without one."""

import argparse
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from twisted.internet import task
from twisted.internet.defer import Deferred

from teamgram.app import stage_settings
from teamgram.app.config.loader import Configuration, load_configuration
from teamgram.authsession import store as auth_store
from teamgram.cache.bus import MemoryBus
from teamgram.database import Database, DatabaseError, open_database
from teamgram.database.dsn import SQLiteDSN
from teamgram.domain.codes import store as code_store
from teamgram.domain.codes.codes import readable_codes
from teamgram.domain.codes.sealing import KEY_FILE, CodeSeal
from teamgram.domain.ids.peer import PeerKind
from teamgram.domain.ids.phone import PhoneNumberInvalid, normalize_phone
from teamgram.domain.users.store import users_page_txn
from teamgram.domain.users.user import User
from teamgram.domain.users.users import Users

_PAGE = 500

Show = Callable[[argparse.Namespace, Database], Awaitable[int]]


def run_inspection(options: argparse.Namespace, show: Show) -> int:
    """Open the configured database, let ``show`` print from it, close it; the exit code.

    Raises:
        ConfigError: as ``load_configuration``.
    """
    configuration = load_configuration(options.config)
    code = [1]

    async def run(reactor: Any) -> None:
        code[0] = await inspect(options, configuration, reactor, show)

    try:
        task.react(lambda reactor: Deferred.fromCoroutine(run(reactor)))
    except SystemExit as ended:
        return int(ended.code or 0) or code[0]
    return code[0]


async def inspect(options: argparse.Namespace, configuration: Configuration, reactor: Any, show: Show) -> int:
    """The same while the reactor runs.

    Raises:
        ConfigError: the DSN is none.
    """
    data_dir = options.data_dir.absolute()
    where = stage_settings.database(configuration.authsession.Mysql, data_dir)
    try:
        if isinstance(where, SQLiteDSN) and not where.path.exists():
            print(f"teamgram: nothing in {data_dir} yet; start the server once (make run)", file=sys.stderr)
            return 1
        database = open_database(configuration.authsession.Mysql.DSN, data_dir, reactor)
    except DatabaseError as error:
        print(f"teamgram: {error}", file=sys.stderr)
        return 1
    try:
        return await show(options, database)
    finally:
        await database.close()


async def _everybody(database: Database) -> AsyncIterator[User]:
    after = 0
    while users := await database.read("users page", users_page_txn, after, _PAGE):
        for user in users:
            yield user
        after = users[-1].id


def _when(seconds: int) -> str:
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(seconds)) if seconds else "-"


async def show_users(options: argparse.Namespace, database: Database) -> int:
    """One line an account."""
    print(f"{'id':>12}  {'phone':<16}{'username':<24}{'since':<18}name")
    async for user in _everybody(database):
        name = "(deleted)" if user.is_deleted else f"{user.first_name} {user.last_name}".strip()
        kind = " [bot]" if user.is_bot else ""
        phone = f"+{user.phone}" if user.phone else "-"
        username = f"@{user.username}" if user.username else "-"
        print(f"{user.id:>12}  {phone:<16}{username:<24}{_when(user.created_at):<18}{name}{kind}")
    return 0


async def show_sessions(options: argparse.Namespace, database: Database) -> int:
    """One line a signed-in device."""
    if options.who:
        user = await _find(database, options.who)
        if user is None:
            print(f"teamgram: nobody is {options.who}; teamgram users lists everybody", file=sys.stderr)
            return 1
        found = [user]
    else:
        found = [user async for user in _everybody(database)]
    print(f"{'user':>12}  {'active':<18}{'since':<18}{'layer':>5}  {'address':<22}device")
    for user in found:
        for device in await database.read("authorizations", auth_store.authorizations, user.id):
            if device.carried_from:
                continue
            client = device.client
            what = f"{client.device_model} {client.system_version}, app {client.app_version} (api {client.api_id})"
            print(
                f"{user.id:>12}  {_when(device.active_at):<18}{_when(device.created_at):<18}{client.layer:>5}  "
                f"{client.client_addr:<22}{what}"
            )
    return 0


async def _find(database: Database, who: str) -> User | None:
    users = Users(database, MemoryBus())
    if who.startswith("@"):
        peer = await users.resolve_username(who[1:])
        return (await users.get([peer.id])).get(peer.id) if peer and peer.kind is PeerKind.USER else None
    if who.isdigit():
        found = (await users.get([int(who)])).get(int(who))
        if found is not None:
            return found
    try:
        return await users.by_phone(normalize_phone(who))
    except PhoneNumberInvalid:
        return None


async def show_codes(options: argparse.Namespace, database: Database) -> int:
    """One line a code that can still be typed."""
    path = options.data_dir.absolute() / KEY_FILE
    try:
        seal = CodeSeal(path.read_bytes())
    except OSError as error:
        print(f"teamgram: {path} cannot be read ({error.strerror}): codes are readable with it only", file=sys.stderr)
        return 1
    rows = await database.read("pending codes", code_store.pending_txn, int(time.time()))
    wanted = normalize_phone(options.phone) if options.phone else ""
    codes = [code for code in readable_codes(rows, seal) if wanted in ("", code.phone)]
    if not codes:
        print("no code is waiting to be typed")
    for code in codes:
        print(f"+{code.phone}  {code.code}  for {code.purpose}, until {_when(code.expires_at)}")
    return 0
