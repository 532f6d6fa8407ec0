"""What the official account (777000) tells people: sign-in codes and notices."""

from collections.abc import Sequence

from twisted.internet.interfaces import IReactorTime

from teamgram.database import Database, Transaction
from teamgram.domain.boxes.audience import Audience, Box
from teamgram.domain.boxes.changes import BoxChanges, Outgoing
from teamgram.domain.boxes.entity import Entity
from teamgram.domain.boxes.message import PLAIN, Extra
from teamgram.domain.messages.text import clean
from teamgram.domain.updates.fanout import Fanout
from teamgram.domain.users.user import SERVICE_USER_ID


class ServiceMessages:
    """Writes into people's boxes as the service account, which has no box of its own."""

    def __init__(self, database: Database, fanout: Fanout, clock: IReactorTime) -> None:
        self._database = database
        self._fanout = fanout
        self._clock = clock

    async def send(self, user_id: int, text: str, entities: Sequence[Entity] = (), reply_markup: bytes = b"") -> None:
        """Put a message into the user's box and tell their devices.

        Args:
            reply_markup: buttons below it, as ``Extra`` has them; none of them asks anybody.

        Raises:
            MessageEmpty, MessageTooLong, EntityBoundsInvalid.
        """
        cleaned, styles, tags = clean(text, entities)
        extra = Extra(entities=styles, reply_markup=reply_markup) if styles or reply_markup else PLAIN
        outgoing = Outgoing(cleaned, extra, tags)
        await self._database.write("service message", self._send_txn, user_id, outgoing, int(self._clock.seconds()))

    def _send_txn(self, txn: Transaction, user_id: int, outgoing: Outgoing, date: int) -> None:
        changes = BoxChanges(txn, date)
        changes.lock((user_id,))
        changes.post(SERVICE_USER_ID, Audience((Box(user_id, SERVICE_USER_ID),)), [outgoing])
        changes.save(self._fanout.deliver)
