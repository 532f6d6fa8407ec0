"""The sessions of one key, against a dict."""

import random
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from teamgram.interfaces.keys import AuthKeyType
from teamgram.session.counts import SessionCounts
from teamgram.session.outbox import NOTHING
from teamgram.session.salts import ServerSalts
from teamgram.session.session import Session
from teamgram.session.session_list import ClientSession, SessionList
from teamgram.session.settings import SessionSettings


class SessionListTests(SynchronousTestCase):
    """Which sessions a key has."""

    def setUp(self) -> None:
        self.keys = SessionList(7, AuthKeyType.PERM, 7)

    def made(self, session_id: int) -> ClientSession:
        return ClientSession(Session(session_id, 1, ServerSalts(), SessionSettings(), SessionCounts()), self.keys)

    def test_as_a_dict(self) -> None:
        """Whatever comes and goes, by id and in the order in which they came."""
        rng = random.Random(5)
        model: dict[int, ClientSession] = {}
        for _ in range(600):
            session_id = rng.randrange(6)
            if session_id not in model:
                model[session_id] = self.made(session_id)
                self.keys.add(model[session_id])
            elif rng.random() < 0.5:
                self.keys.remove(model.pop(session_id))
            self.assertEqual(self.keys.sessions, tuple(model.values()))
            for one in range(6):
                self.assertIs(self.keys.session(one), model.get(one))

    def test_who_is_gone_takes_nobody_along(self) -> None:
        """One that ended before does not end the one that has its id now."""
        old, new = self.made(1), self.made(1)
        self.keys.add(old)
        self.keys.remove(old)
        self.keys.add(new)
        self.keys.remove(old)
        self.assertEqual(self.keys.sessions, (new,))

    def test_one_needs_no_dict(self) -> None:
        """A key with one session, as nearly all have, costs no more than the session."""
        keys: Any = self.keys
        for session_id in (1, 2):
            keys.add(self.made(session_id))
            self.assertEqual(keys._others is NOTHING, session_id == 1)
        keys.remove(keys.session(1))
        self.assertEqual([one.core.session_id for one in keys.sessions], [2])
        self.assertIs(keys._others, NOTHING)
