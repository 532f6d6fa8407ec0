"""``teamgram files usage``, ``verify`` and ``collect``, over the database and the store of the configuration."""

import argparse
import json
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from hashlib import sha256
from typing import Any

from twisted.internet.threads import deferToThread

from teamgram.app import stage_settings
from teamgram.app.config.loader import load_configuration
from teamgram.app.file_store import open_blobs
from teamgram.blobs import BlobMissing
from teamgram.database import Database
from teamgram.domain.domain import collecting
from teamgram.domain.files import collecting_store as store
from teamgram.domain.files.errors import StorageAway
from teamgram.domain.files.filing import Filing
from teamgram.domain.files.references import KEY_LENGTH
from teamgram.domain.users.store import users_by_id_txn

_PAGE = 500
_PIECE = 1 << 20
_PAGES_AT_ONCE = 1000
_PROGRESS_SECONDS = 0.5


class Progress:
    """One line that says how far it is, on a terminal only."""

    def __init__(self, *, wanted: bool) -> None:
        self._wanted = wanted and sys.stderr.isatty()
        self._next = 0.0

    def show(self, text: str) -> None:
        """Say so, now and then."""
        if self._wanted and time.monotonic() >= self._next:
            self._next = time.monotonic() + _PROGRESS_SECONDS
            print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)

    def clear(self) -> None:
        """Take the line away."""
        if self._wanted:
            print("\r\033[K", end="", file=sys.stderr, flush=True)


@asynccontextmanager
async def _filing(options: argparse.Namespace, database: Database) -> AsyncIterator[Filing]:
    from twisted.internet import reactor

    file = load_configuration(options.config).dfs
    blobs = open_blobs(file, options.data_dir.absolute(), reactor)
    # Nobody is given a reference by it.
    key = bytes(KEY_LENGTH)
    filing = Filing.open(database, blobs, reactor, reactor, stage_settings.files(file), key)
    try:
        yield filing
    finally:
        await filing.stop()


def _size(count: float) -> str:
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} TB"


async def usage(options: argparse.Namespace, database: Database) -> int:
    """Totals, and accounts with the most bytes."""
    totals = await database.read("totals", store.totals_txn)
    rows = await database.read("usage", store.usage_txn, max(0, options.limit))
    users = await database.read("users", users_by_id_txn, [user_id for user_id, _, _ in rows]) if rows else {}
    accounts: list[dict[str, Any]] = [
        {"id": user_id, "name": _name(users.get(user_id)), "files": files, "bytes": size}
        for user_id, files, size in rows
    ]
    if options.json:
        print(json.dumps({**totals, "accounts": accounts}))
        return 0
    print(f"{totals['documents']} documents, {totals['photos']} photos: {_size(totals['bytes'])} as people sent them,")
    print(f"in {totals['blobs']} pieces of bytes that are stored once each")
    print(f"{totals['uploads']} uploads under way, {_size(totals['uploading_bytes'])}")
    print(f"{totals['ending']} that nobody names any more, and that go by and by")
    if accounts:
        print(f"\n{'id':>12}  {'files':>8}  {'bytes':>10}  name")
    for one in accounts:
        print(f"{one['id']:>12}  {one['files']:>8}  {_size(one['bytes']):>10}  {one['name']}")
    return 0


def _name(user: Any) -> str:
    return f"{user.first_name} {user.last_name}".strip() if user is not None else ""


async def verify(options: argparse.Namespace, database: Database) -> int:
    """Every piece of bytes that a file has. 1 when something is missing or damaged."""
    progress = Progress(wanted=not options.json)
    missing: list[str] = []
    damaged: list[str] = []
    checked = read = 0
    async with _filing(options, database) as filing:
        try:
            after = ""
            while names := await database.read("names of bytes", store.named_page_txn, after, _PAGE):
                for name in names:
                    try:
                        size = await _check(filing, name, quick=options.quick)
                    except BlobMissing:
                        missing.append(name)
                    else:
                        read += abs(size)
                        if size < 0:
                            damaged.append(name)
                    checked += 1
                    progress.show(f"{checked} checked, {_size(read)} read, {len(missing) + len(damaged)} wrong")
                after = names[-1]
            unnamed = await _unnamed(filing, database, progress)
        except StorageAway as error:
            progress.clear()
            print(f"teamgram: the store of files does not answer: {error}", file=sys.stderr)
            return 69
    progress.clear()
    wrong = [(name, what) for what, names in (("missing", missing), ("damaged", damaged)) for name in names]
    found = [
        {"blob": name, "what": what, "files": await database.read("files of bytes", store.files_of_txn, name)}
        for name, what in wrong
    ]
    if options.json:
        print(json.dumps({"checked": checked, "bytes": read, "wrong": found, "unnamed": unnamed}))
    else:
        for one in found:
            print(f"{one['what']:<8} {one['blob']}  of file {', '.join(map(str, one['files']))}")
        print(f"{checked} checked, {_size(read)} read: {len(missing)} missing, {len(damaged)} damaged")
        print(f"{unnamed} pieces of bytes in the store that no file has (they go a day after they came)")
    return 1 if wrong else 0


async def _check(filing: Filing, name: str, *, quick: bool) -> int:
    """Its size; negative when it is damaged."""
    digest, size = sha256(), 0
    while True:
        piece = await filing.storage.read(name, size, 1 if quick else _PIECE)
        if quick:
            return len(piece)
        await deferToThread(digest.update, piece)
        size += len(piece)
        if len(piece) < _PIECE:
            return size if digest.hexdigest() == name else -max(1, size)


async def _unnamed(filing: Filing, database: Database, progress: Progress) -> int:
    count, after = 0, ""
    while page := await filing.storage.stored(after, _PAGE):
        after = page[-1].name
        count += await database.read("bytes of no file", store.count_unnamed_txn, [one.name for one in page])
        progress.show(f"looking for what is nobody's: {count}")
    return count


async def collect(options: argparse.Namespace, database: Database) -> int:
    """Everything that is due, at once."""
    from twisted.internet import reactor

    progress = Progress(wanted=not options.json)
    async with _filing(options, database) as filing:
        collector = collecting(database, filing, reactor)
        try:
            for text, step in (
                ("learning who names files", collector.learn),
                ("looking for files that nobody names", collector.look),
                ("looking for bytes that are no file's", collector.look_through_store),
            ):
                progress.show(text)
                while not await step(_PAGES_AT_ONCE):
                    pass
            progress.show("removing")
            await filing.uploads.sweep()
            await collector.end_files()
            await collector.end_blobs()
        except StorageAway as error:
            progress.clear()
            print(f"teamgram: the store of files does not answer: {error}", file=sys.stderr)
            return 69
    progress.clear()
    went = collector.collected
    waiting = (await database.read("totals", store.totals_txn))["ending"]
    if options.json:
        print(json.dumps({"files": went.files, "blobs": went.blobs, "waiting": waiting}))
    else:
        print(f"{went.files} files and {went.blobs} pieces of bytes are gone; {waiting} wait for their time")
    return 0
