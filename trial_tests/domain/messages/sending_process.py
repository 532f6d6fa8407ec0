"""Run by the crash test in a process of its own: send for ever, print each message once it is told to be sent.

python -m trial_tests.domain.messages.sending_process DSN DATA_DIR CHAT_ID FIRST_RANDOM_ID
"""

import itertools
import os
import sys
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred, gatherResults
from twisted.internet.task import react

from teamgram.database import open_database
from teamgram.domain.messages.messages import Messages
from teamgram.domain.messages.sending import SendRequest
from teamgram.domain.updates.fanout import Fanout

ANNA, BORIS = 1, 2


def request(random_id: int, chat_id: int) -> SendRequest:
    """What is sent under a random_id: every other one in private, the rest into the group, in turns."""
    sender_id, other = (ANNA, BORIS) if random_id % 4 < 2 else (BORIS, ANNA)
    return SendRequest(sender_id, other if random_id % 2 else -chat_id, f"text {random_id}", random_id, 1_700_000_000)


def main(reactor: Any, dsn: str, data_dir: str, chat_id: str, first: str) -> Deferred[Any]:
    """Eight senders at once, so that commits are shared; ends only by being killed."""
    messages = Messages(open_database(dsn, Path(data_dir), reactor), Fanout(), reactor)
    random_ids = itertools.count(int(first))

    async def send_for_ever() -> None:
        while True:
            sent = await messages.send(request(next(random_ids), int(chat_id)))
            os.write(1, b"%d %d\n" % sent.ids[0])

    return gatherResults([Deferred.fromCoroutine(send_for_ever()) for _ in range(8)])


if __name__ == "__main__":
    react(main, sys.argv[1:])
