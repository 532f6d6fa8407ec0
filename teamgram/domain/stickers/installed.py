"""Which sets an account has at hand."""

from collections.abc import Iterable, Sequence

from twisted.internet.interfaces import IReactorTime

from teamgram.database import Database, Transaction
from teamgram.domain.stickers import installed_store, store
from teamgram.domain.stickers.errors import StickerSetInvalid, StickerSetsTooMany
from teamgram.domain.stickers.installed_store import Installation
from teamgram.domain.stickers.sticker_set import NamedSet, StickerSet, WholeSet
from teamgram.domain.updates.events import (
    StickerSetInstalled,
    StickerSetRaised,
    StickerSetsChanged,
    StickerSetsReordered,
)
from teamgram.domain.updates.fanout import Fanout

AT_HAND = 200
"""Sets of a kind that an account has at hand; one more puts the last away (core.telegram.org/api/stickers)."""
MAX_INSTALLED = 2000
"""Of a kind, archived ones too."""

PAGE = 100


class InstalledSets:
    """Everybody's lists of sets."""

    def __init__(self, database: Database, fanout: Fanout, clock: IReactorTime) -> None:
        self._database = database
        self._fanout = fanout
        self._clock = clock

    # Reading

    async def all_of(self, user_id: int, kind: str) -> list[tuple[StickerSet, Installation]]:
        """The sets of a kind that are at hand, first on top."""
        return await self._database.read("installed sticker sets", _all_txn, user_id, kind)

    async def archived(self, user_id: int, kind: str, offset_id: int, limit: int) -> tuple[int, list[WholeSet]]:
        """How many are put away, and those behind ``offset_id`` with the first of their stickers."""
        return await self._database.read("archived sticker sets", _archived_txn, user_id, kind, offset_id, limit)

    async def owned(self, user_id: int, offset_id: int, limit: int) -> tuple[int, list[WholeSet]]:
        """How many sets somebody has made, and those before ``offset_id``, newest first."""
        return await self._database.read("own sticker sets", _owned_txn, user_id, offset_id, limit)

    async def installations(self, user_id: int, set_ids: Sequence[int]) -> dict[int, Installation]:
        """Which of these sets somebody has, by id."""
        return await self._database.read("installations", installed_store.installations_txn, user_id, list(set_ids))

    # Changing

    async def install(self, user_id: int, named: NamedSet, *, archived: bool, device: int = 0) -> list[WholeSet]:
        """Put a set on top, or away; the sets that had to make room for it.

        Raises:
            StickerSetInvalid, StickerSetsTooMany.
        """
        return await self._database.write("install sticker set", self._install_txn, user_id, named, archived, device)

    def _install_txn(
        self, txn: Transaction, user_id: int, named: NamedSet, archived: bool, device: int
    ) -> list[WholeSet]:
        set_ = store.find_txn(txn, named)
        if set_ is None:
            raise StickerSetInvalid
        if installed_store.count_txn(txn, user_id, set_.kind) >= MAX_INSTALLED:
            raise StickerSetsTooMany
        installed_store.install_txn(txn, user_id, set_, int(self._clock.seconds()), archived=archived)
        made_room = installed_store.ids_txn(txn, user_id, set_.kind, archived=False)[AT_HAND:]
        for set_id in made_room:
            installed_store.archive_txn(txn, user_id, set_id, archived=True)
        if archived or made_room:
            self._tell_after(txn, user_id, set_.kind, device)
        else:
            txn.call_after(self._fanout.publish, [user_id], StickerSetInstalled(set_.id), device)
        return store.covered_txn(txn, made_room)

    async def uninstall(self, user_id: int, named: NamedSet, device: int = 0) -> None:
        """Let go of a set.

        Raises:
            StickerSetInvalid: there is none; not having it is no error.
        """
        await self._database.write("uninstall sticker set", self._uninstall_txn, user_id, named, device)

    def _uninstall_txn(self, txn: Transaction, user_id: int, named: NamedSet, device: int) -> None:
        set_ = store.find_txn(txn, named)
        if set_ is None:
            raise StickerSetInvalid
        if installed_store.uninstall_txn(txn, user_id, set_.id):
            self._tell_after(txn, user_id, set_.kind, device)

    async def toggle(
        self,
        user_id: int,
        names: Iterable[NamedSet],
        *,
        uninstall: bool,
        archive: bool,
        unarchive: bool,
        device: int = 0,
    ) -> None:
        """The same with several sets at once; those that there are not are passed over."""
        chosen = (uninstall, archive, unarchive)
        await self._database.write("toggle sticker sets", self._toggle_txn, user_id, tuple(names), chosen, device)

    def _toggle_txn(
        self,
        txn: Transaction,
        user_id: int,
        names: tuple[NamedSet, ...],
        chosen: tuple[bool, bool, bool],
        device: int,
    ) -> None:
        uninstall, archive, unarchive = chosen
        kinds = set()
        for named in names:
            set_ = store.find_txn(txn, named)
            if set_ is None:
                continue
            changed = uninstall and installed_store.uninstall_txn(txn, user_id, set_.id)
            changed = changed or (archive and installed_store.archive_txn(txn, user_id, set_.id, archived=True))
            changed = changed or (unarchive and installed_store.archive_txn(txn, user_id, set_.id, archived=False))
            if changed:
                kinds.add(set_.kind)
        for kind in sorted(kinds):
            self._tell_after(txn, user_id, kind, device)

    async def reorder(self, user_id: int, kind: str, order: Sequence[int], device: int = 0) -> None:
        """These first, in that order."""
        await self._database.write("reorder sticker sets", self._reorder_txn, user_id, kind, tuple(order), device)

    def _reorder_txn(self, txn: Transaction, user_id: int, kind: str, order: tuple[int, ...], device: int) -> None:
        after = installed_store.reorder_txn(txn, user_id, kind, order)
        txn.call_after(self._fanout.publish, [user_id], StickerSetsReordered(kind, after), device)

    async def raise_to_top(self, user_id: int, set_id: int, kind: str, device: int = 0) -> None:
        """A set that was used is the first, if it is at hand."""
        await self._database.write("raise sticker set", self._raise_txn, user_id, set_id, kind, device)

    def _raise_txn(self, txn: Transaction, user_id: int, set_id: int, kind: str, device: int) -> None:
        if installed_store.raise_txn(txn, user_id, set_id, kind):
            txn.call_after(self._fanout.publish, [user_id], StickerSetRaised(kind, set_id), device)

    def _tell_after(self, txn: Transaction, user_id: int, kind: str, device: int) -> None:
        txn.call_after(self._fanout.publish, [user_id], StickerSetsChanged(kind), device)


def _all_txn(txn: Transaction, user_id: int, kind: str) -> list[tuple[StickerSet, Installation]]:
    sets = store.by_ids_txn(txn, installed_store.ids_txn(txn, user_id, kind, archived=False))
    found = installed_store.installations_txn(txn, user_id, [set_.id for set_ in sets])
    return [(set_, found[set_.id]) for set_ in sets]


def _page(ids: list[int], offset_id: int, limit: int) -> list[int]:
    start = ids.index(offset_id) + 1 if offset_id in ids else 0
    return ids[start : start + min(max(0, limit), PAGE)]


def _archived_txn(txn: Transaction, user_id: int, kind: str, offset_id: int, limit: int) -> tuple[int, list[WholeSet]]:
    ids = installed_store.ids_txn(txn, user_id, kind, archived=True)
    return len(ids), store.covered_txn(txn, _page(ids, offset_id, limit))


def _owned_txn(txn: Transaction, user_id: int, offset_id: int, limit: int) -> tuple[int, list[WholeSet]]:
    txn.execute("SELECT id FROM sticker_sets WHERE owner_id = ?", (user_id,))
    # Ids are drawn by lot: as good an order as any, and it stays.
    ids = sorted((id_ for (id_,) in txn.fetchall()), reverse=True)
    return len(ids), store.covered_txn(txn, _page(ids, offset_id, limit))
