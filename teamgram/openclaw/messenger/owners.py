"""Whom the operator named as an owner: ``commands.ownerAllowFrom`` of the configuration, and ``teamgram owners add``.

Nobody is an owner until then. Names and numbers change hands, so an owner is
always an account's id.
"""

import fcntl
import json
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from twisted.logger import Logger

from teamgram.database import private_file
from teamgram.openclaw.config.telegram import PREFIXES, account_id
from teamgram.openclaw.state_file import read_json

FILE = "owners.json"
_LOCK = "owners.lock"


def configured_ids(entries: Sequence[str | int]) -> tuple[frozenset[int], list[str]]:
    """(the account ids in ``commands.ownerAllowFrom``, the entries that name none).

    Entries of other channels (``discord:…``) are neither. ``*`` names nobody: it would make every stranger an owner.
    """
    found, unusable = set(), []
    for entry in entries:
        named, text = account_id(entry), str(entry).strip()
        if named is not None:
            found.add(named)
        elif text.lower().startswith(PREFIXES) or ":" not in text:
            unusable.append(text)
    return frozenset(found), unusable


class OwnersFile:
    """The ids that ``teamgram owners`` keeps. The program and a running server share it: both always read it anew."""

    def __init__(self, state_dir: Path) -> None:
        self.path = state_dir / FILE
        self._lock = state_dir / _LOCK

    def read(self) -> frozenset[int]:
        """The ids. Blocks.

        Raises:
            ValueError: the file is damaged.
        """
        stored = read_json(self.path)
        if stored is None:
            return frozenset()
        ids = stored.get("userIds") if isinstance(stored, dict) else None
        if not isinstance(ids, list) or not all(isinstance(each, int) for each in ids):
            raise ValueError(f"{self.path} is damaged")
        return frozenset(ids)

    def add(self, user_id: int) -> bool:
        """Name an owner; False if they were one. Blocks.

        Raises:
            ValueError, OSError: the file is damaged, or cannot be written.
        """
        return self._change(lambda ids: ids | {user_id})

    def remove(self, user_id: int) -> bool:
        """Name them no more; False if they were none. Blocks. Raises as :meth:`add`."""
        return self._change(lambda ids: ids - {user_id})

    def _change(self, function: Callable[[frozenset[int]], frozenset[int]]) -> bool:
        with self._alone():
            before = self.read()
            after = function(before)
            if after != before:
                content = {"version": 1, "userIds": sorted(after)}
                private_file.replace(self.path, json.dumps(content, separators=(",", ":")).encode())
                self._hand_over(self.path)
        return after != before

    @contextmanager
    def _alone(self) -> Iterator[None]:
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(self._lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            self._hand_over(self._lock)
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    def _hand_over(self, path: Path) -> None:
        """What root writes belongs to whoever the folder belongs to: the server reads it as that user."""
        if os.geteuid() == 0:
            folder = path.parent.stat()
            os.chown(path, folder.st_uid, folder.st_gid)


class Owners:
    """MessageAnswers for a running server; what is changed outside counts at the next question.

    Attributes:
        file: of those whom the operator named by ``teamgram owners``.
    """

    _log = Logger()

    def __init__(self, state_dir: Path, configured: Callable[[], Sequence[str | int]]) -> None:
        """Args:
        configured: ``commands.ownerAllowFrom`` as it is now.
        """
        self.file = OwnersFile(state_dir)
        self._configured = configured
        self._entries: tuple[str | int, ...] = ()
        self._ids: frozenset[int] = frozenset()
        self._stamp: tuple[int, int, int] | None = None
        self._kept: frozenset[int] = frozenset()

    @property
    def are_named(self) -> bool:
        """Whether anybody is one."""
        return bool(self._from_configuration() or self._from_file())

    def __contains__(self, user_id: object) -> bool:
        return user_id in self._from_configuration() or user_id in self._from_file()

    def _from_configuration(self) -> frozenset[int]:
        entries = tuple(self._configured())
        if entries != self._entries:
            self._entries = entries
            self._ids, unusable = configured_ids(entries)
            if unusable:
                self._log.warn(
                    "commands.ownerAllowFrom: {entries} are no account ids and name nobody",
                    entries=", ".join(unusable),
                )
        return self._ids

    def _from_file(self) -> frozenset[int]:
        try:
            status = self.file.path.stat()
            stamp = (status.st_mtime_ns, status.st_ino, status.st_size)
        except OSError:
            self._stamp, self._kept = None, frozenset()
            return self._kept
        if stamp != self._stamp:
            self._stamp = stamp
            try:
                self._kept = self.file.read()
            except (OSError, ValueError) as error:
                self._kept = frozenset()
                self._log.error("nobody of it is an owner: {error}", error=str(error))
        return self._kept
