"""What may be reacted with: everywhere, and in a group or channel that says so."""

from collections.abc import Sequence

import msgspec

from teamgram.database import Transaction
from teamgram.domain.boxes.reactions import custom_id
from teamgram.domain.boxes.store import marks
from teamgram.domain.reactions.errors import ReactionInvalid
from teamgram.domain.stickers.drawings.reactions import emoji_of_reactions
from teamgram.domain.stickers.store import documents_txn

ALL, SOME, NONE = "all", "some", "none"

MAX_PER_USER = 3
"""Reactions of one user to one message; ``reactions_user_max_default`` in help.getAppConfig."""
MAX_PER_MESSAGE = 11
"""Kinds of reaction to one message; ``reactions_uniq_max``."""


class Allowed(msgspec.Struct, frozen=True, omit_defaults=True):
    """What may be reacted with in a group or channel.

    Attributes:
        kind: ``ALL``, ``SOME`` (``reactions``) or ``NONE``.
        custom: of all, custom emoji as well.
        limit: kinds of reaction to one message.
    """

    kind: str = ALL
    custom: bool = True
    reactions: tuple[str, ...] = ()
    limit: int = MAX_PER_MESSAGE

    def has(self, reaction: str) -> bool:
        """Whether that one may be used."""
        if self.kind == SOME:
            return reaction in self.reactions
        return self.kind == ALL and (self.custom or not custom_id(reaction))


EVERYTHING = Allowed()

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Allowed).decode


def allowed_txn(txn: Transaction, peer: int) -> Allowed:
    """What may be reacted with in a group or channel (marked id)."""
    return allowed_in_txn(txn, [peer]).get(peer, EVERYTHING)


def allowed_in_txn(txn: Transaction, peers: Sequence[int]) -> dict[int, Allowed]:
    """As ``allowed_txn`` for several; where everything may be, it is missing."""
    txn.execute(f"SELECT peer, allowed FROM allowed_reactions WHERE peer IN ({marks(peers)})", tuple(peers))
    return {peer: _decode(stored) for peer, stored in txn.fetchall()}


def allow_txn(txn: Transaction, peer: int, allowed: Allowed) -> None:
    """Say what may be reacted with there."""
    if allowed == EVERYTHING:
        txn.execute("DELETE FROM allowed_reactions WHERE peer = ?", (peer,))
    else:
        txn.upsert("allowed_reactions", {"peer": peer}, {"allowed": _encode(allowed)})


def check_exist_txn(txn: Transaction, reactions: Sequence[str]) -> None:
    """Raise for what is no reaction.

    Raises:
        ReactionInvalid: neither a standard one nor a custom emoji of this server.
    """
    ids = [custom_id(reaction) for reaction in reactions if custom_id(reaction)]
    known = emoji_of_reactions()
    if any(not custom_id(reaction) and reaction not in known for reaction in reactions):
        raise ReactionInvalid
    if ids:
        found = documents_txn(txn, ids)
        emoji = {document.id for document in found if document.attribute("customEmoji") is not None}
        if not emoji >= set(ids):
            raise ReactionInvalid
