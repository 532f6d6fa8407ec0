"""Run by the crash test in a process of its own: send what is due, print the id of each message that was sent.

python -m trial_tests.domain.scheduled.due_process DSN DATA_DIR
"""

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.task import react

from teamgram.database import Database, open_database
from teamgram.domain.boxes.events import LogEntry
from teamgram.domain.boxes.message import Message
from teamgram.domain.presence.presence import Presence
from teamgram.domain.scheduled.scheduled import ScheduledMessages
from teamgram.domain.updates.fanout import Fanout


class Nobody:
    """Watches nobody."""

    async def of(self, user_id: int, here: object) -> list[int]:
        return []


class Printed:
    """Prints what was committed."""

    def transient(self, user_ids: Sequence[int], event: Any, except_perm_auth_key_id: int) -> None:
        pass

    def logged(
        self, entries: Sequence[LogEntry], messages: Mapping[tuple[int, int], Message], except_perm_auth_key_id: int
    ) -> None:
        for message in messages.values():
            if message.out:
                os.write(1, message.text.encode() + b"\n")


def scheduled_messages(database: Database, fanout: Fanout, clock: Any) -> ScheduledMessages:
    """Over a database, with nobody online."""
    presence = Presence(database, clock, fanout, Nobody())  # type: ignore[arg-type]
    return ScheduledMessages(database, fanout, presence, clock)


def main(reactor: Any, dsn: str, data_dir: str) -> Deferred[Any]:
    """Ends only by being killed."""
    fanout = Fanout()
    fanout.subscribe(Printed())
    scheduled_messages(open_database(dsn, Path(data_dir), reactor), fanout, reactor).start()
    return Deferred()


if __name__ == "__main__":
    react(main, sys.argv[1:])
