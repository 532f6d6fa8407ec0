"""Everybody's privacy rules, read through a cache in memory."""

import json
from collections.abc import Iterable, Sequence

from teamgram.cache.loaded import LoadedRows, RowsBus
from teamgram.database import Database, Transaction
from teamgram.domain.privacy.archiving import DEFAULT, Archiving, archiving_txn, set_archiving_txn
from teamgram.domain.privacy.rules import PrivacyKey, PrivacyRules, Rule, RuleKind

_USERS_PER_QUERY = 500


class Privacy:
    """Privacy rules of every user."""

    def __init__(self, database: Database, bus: RowsBus, *, max_cached: int = 20_000) -> None:
        self._database = database
        self._rules: LoadedRows[int, PrivacyRules] = LoadedRows.shared("privacy_rules", bus, max_cached)

    def cached(self, user_id: int) -> PrivacyRules | None:
        """The user's own rules when they are in memory."""
        return self._rules.get(user_id)

    async def get(self, user_ids: Iterable[int]) -> dict[int, PrivacyRules]:
        """The own rules of each user; an empty mapping for who never set any."""
        found: dict[int, PrivacyRules] = {}
        missing: list[int] = []
        for user_id in user_ids:
            rules = self._rules.get(user_id)
            if rules is None:
                missing.append(user_id)
            else:
                found[user_id] = rules
        if missing:
            ticket = self._rules.start_load()
            try:
                loaded: dict[int, PrivacyRules] = await self._database.read("privacy rules", rules_txn, missing)
                self._rules.finish_load(ticket, loaded)
            finally:
                self._rules.abandon_load(ticket)
            found.update(loaded)
        return found

    async def set(self, user_id: int, key: PrivacyKey, rules: Sequence[Rule]) -> None:
        """Replace one key's rules."""
        await self._database.write("set privacy", self._set_txn, user_id, key, tuple(rules))

    async def archiving(self, user_id: int) -> Archiving:
        """What the user wants of their archive."""
        found: dict[int, Archiving] = await self._database.read("archiving", archiving_txn, (user_id,))
        return found.get(user_id, DEFAULT)

    async def set_archiving(self, user_id: int, archiving: Archiving) -> None:
        """Change what the user wants of their archive."""
        await self._database.write("set archiving", set_archiving_txn, user_id, archiving)

    def _set_txn(self, txn: Transaction, user_id: int, key: PrivacyKey, rules: tuple[Rule, ...]) -> None:
        text = json.dumps([[rule.kind.value, *rule.user_ids] for rule in rules])
        txn.upsert("privacy_rules", {"user_id": user_id, "rule_key": key}, {"rules": text})
        txn.call_after(self._rules.invalidate, user_id)


def rules_txn(txn: Transaction, user_ids: Sequence[int]) -> dict[int, PrivacyRules]:
    """The own rules of each user; an empty mapping for who never set any."""
    loaded: dict[int, dict[PrivacyKey, Sequence[Rule]]] = {user_id: {} for user_id in user_ids}
    for start in range(0, len(user_ids), _USERS_PER_QUERY):
        part = user_ids[start : start + _USERS_PER_QUERY]
        marks = ",".join("?" * len(part))
        txn.execute(f"SELECT user_id, rule_key, rules FROM privacy_rules WHERE user_id IN ({marks})", tuple(part))
        for user_id, key, text in txn.fetchall():
            loaded[user_id][key] = tuple(Rule(RuleKind(kind), tuple(ids)) for kind, *ids in json.loads(text))
    return dict(loaded)
