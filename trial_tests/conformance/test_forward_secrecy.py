"""Page "Perfect Forward Secrecy": temporary keys, their binding, replacement and end."""

import time
from typing import Any

from teamgram.mtproto.envelope import AuthKey
from teamgram.mtproto.tl import NEWEST_LAYER, decode_result, encode, tl
from trial_tests.conformance.house import ConformanceCase, key_id
from trial_tests.conformance.watching import history
from trial_tests.peer.calls import CallFailed, PeerSession
from trial_tests.peer.transports import TransportError

PING = encode(tl.ping(ping_id=7))


class BindingCase(ConformanceCase):
    async def permanent(self) -> tuple[AuthKey, PeerSession]:
        """A permanent key that nobody is signed in with, and a session of it."""
        session = await self.begun()
        return session.core.auth_key, session

    async def bound(self, perm: AuthKey, way: str = "abridged", *, dc: int = 2, expires_in: int = 3600) -> PeerSession:
        """A session of a new temporary key that is bound to ``perm``."""
        session = await self.temporary(way, dc=dc, expires_in=expires_in)
        await self.bind(session, perm, expires_at=int(time.time()) + expires_in)
        return session

    async def refusal(self, session: PeerSession, message: Any) -> tuple[int, str]:
        """The error that a binding is answered with."""
        with self.assertRaises(CallFailed) as caught:
            await session.send_call(message)
        return caught.exception.code, caught.exception.message


class BindingTests(BindingCase):
    async def test_unbound_key_can_only_be_bound(self) -> None:
        """Pings and the like are answered; methods are AUTH_KEY_PERM_EMPTY until it is bound."""
        session = await self.temporary()
        await self.ping(session)
        with self.assertRaises(CallFailed) as caught:
            await session.call(tl.updates.getState())
        self.assertEqual((caught.exception.code, caught.exception.message), (401, "AUTH_KEY_PERM_EMPTY"))
        perm, _ = await self.permanent()
        await self.bind(session, perm)
        session._initialised = False
        self.assertEqual((await session.call(tl.help.getConfig())).NAME, "config")

    async def test_bound_key_is_the_permanent_ones_user(self) -> None:
        """Who is signed in with the permanent key is signed in with the temporary one, and the other way round."""
        perm_session, user = await self.user()
        temp = await self.bound(perm_session.core.auth_key)
        self.assertEqual((await temp.call(tl.users.getUsers(id=[tl.inputUserSelf()])))[0].id, user.id)

    async def test_binding_to_a_key_that_is_not_signed_in(self) -> None:
        """Works, and the sign-in over the temporary key is the permanent key's."""
        perm, perm_session = await self.permanent()
        temp = await self.bound(perm)
        with self.assertRaises(CallFailed) as caught:
            await temp.call(tl.updates.getState())
        self.assertEqual(caught.exception.message, "AUTH_KEY_UNREGISTERED")
        user = await self.sign_up(temp)
        self.assertEqual((await perm_session.call(tl.users.getUsers(id=[tl.inputUserSelf()])))[0].id, user.id)

    async def test_the_data_centre_that_is_told(self) -> None:
        """this_dc and nearest_dc are what the key was made for; a bound temporary key's are its permanent key's."""
        for dc, told in ((None, 2), (1, 1), (3, 3), (-3, 3), (10_004, 4)):
            connection = await self.come("abridged")
            session = self.open(connection, await self.key(connection, dc=dc))
            temp = await self.temporary(dc=5)
            self.assertEqual(await self.told_dcs(temp), (5, 5))
            await self.bind(temp, session.core.auth_key)
            temp._initialised = False
            for one in (session, temp, session):
                self.assertEqual(await self.told_dcs(one), (told, told), dc)

    async def told_dcs(self, session: PeerSession) -> tuple[int, int]:
        """(this_dc, nearest_dc) as the server tells them over that key."""
        config, nearest = await session.call(tl.help.getConfig()), await session.call(tl.help.getNearestDc())
        self.assertEqual({option.id for option in config.dc_options}, {1, 2, 3, 4, 5})
        self.assertEqual(nearest.this_dc, nearest.nearest_dc)
        return config.this_dc, nearest.nearest_dc

    async def test_wrong_binding_messages(self) -> None:
        """Each wrong field of the message is ENCRYPTED_MESSAGE_INVALID, and the key stays unbound."""
        perm, _ = await self.permanent()
        session = await self.temporary()
        now = int(time.time())
        for wrong in (
            {"msg_id": 4},
            {"nonce": 5},
            {"temp_auth_key_id": 5},
            {"temp_session_id": 5},
            {"inner_perm_auth_key_id": 5},
            {"expires_at": now + 5},
            {"seq_no": 1},
            {"length": 36},
            {"constructor": 5},
        ):
            message = self.binding(session, perm, **wrong)
            if "msg_id" in wrong:
                message = message._replace(msg_id=session.core.next_msg_id())
            if "expires_at" in wrong:
                continue
            self.assertEqual(await self.refusal(session, message), (400, "ENCRYPTED_MESSAGE_INVALID"), wrong)
        with self.assertRaises(CallFailed):
            await session.call(tl.updates.getState())

    async def test_binding_message_of_another_request(self) -> None:
        """The inner msg_id is the request's own: a recorded message cannot be used again."""
        perm, _ = await self.permanent()
        session = await self.temporary()
        recorded = self.binding(session, perm)
        replayed = session.core.message(recorded.body)
        self.assertEqual(await self.refusal(session, replayed), (400, "ENCRYPTED_MESSAGE_INVALID"))

    async def test_unknown_permanent_key(self) -> None:
        """A key that the server never made."""
        session = await self.temporary()
        self.assertEqual(
            await self.refusal(session, self.binding(session, AuthKey(bytes(range(256))))),
            (400, "ENCRYPTED_MESSAGE_INVALID"),
        )

    async def test_permanent_key_cannot_be_bound(self) -> None:
        """TEMP_AUTH_KEY_EMPTY: this request does not come under a temporary key."""
        perm, session = await self.permanent()
        self.assertEqual(await self.refusal(session, self.binding(session, perm)), (400, "TEMP_AUTH_KEY_EMPTY"))

    async def test_expiry_in_the_past(self) -> None:
        """EXPIRES_AT_INVALID."""
        perm, _ = await self.permanent()
        session = await self.temporary()
        message = self.binding(session, perm, expires_at=int(time.time()) - 5)
        self.assertEqual(await self.refusal(session, message), (400, "EXPIRES_AT_INVALID"))

    async def test_bound_again_to_the_same_key(self) -> None:
        """A repeated binding is taken; one to another permanent key is TEMP_AUTH_KEY_ALREADY_BOUND."""
        perm, _ = await self.permanent()
        other, _ = await self.permanent()
        session = await self.bound(perm)
        await self.bind(session, perm)
        self.assertEqual(
            await self.refusal(session, self.binding(session, other)), (400, "TEMP_AUTH_KEY_ALREADY_BOUND")
        )

    async def test_binding_with_the_first_container(self) -> None:
        """What follows the binding, in its container or right behind it, is asked by the bound key."""
        perm_session, user = await self.user()
        session = await self.temporary()
        binding = self.binding(session, perm_session.core.auth_key)
        ping = session.core.message(PING)
        me = encode(tl.users.getUsers(id=[tl.inputUserSelf()]))
        together, behind = session.core.message(me), session.core.message(me)
        answers = [session.expect(message) for message in (binding, ping, together, behind)]
        session.send_messages([binding, ping, together])
        session.send_messages([behind])
        results = [await answer for answer in answers]
        for result in results[2:]:
            self.assertEqual(decode_result("users.getUsers", result, NEWEST_LAYER)[0].id, user.id)


class ReplacementTests(BindingCase):
    async def test_new_temporary_key_takes_over(self) -> None:
        """Requests under way on the old key are answered there, updates that wait come by the new one."""
        perm_session, user = await self.user()
        perm = perm_session.core.auth_key
        await perm_session.connection.close()
        old = await self.bound(perm)
        await old.call(tl.updates.getState())
        friend, _ = await self.user()
        running = [old.send_call(old.core.message(encode(history(tl.inputPeerSelf())))) for _ in range(5)]
        new = await self.bound(perm, "websocket")
        state = await new.call(tl.updates.getState())
        for answer in running:
            await answer
        await self.say(friend, user, "for the new key")
        await self.hears(new, "for the new key")
        difference = await new.call(tl.updates.getDifference(pts=state.pts, date=1, qts=0))
        self.assertEqual([one.message for one in difference.new_messages], ["for the new key"])
        self.assertFalse(any(b"for the new key" in one.body for one in old.received))

    async def test_updates_that_waited_for_the_old_key(self) -> None:
        """Sent while the old key's connection was gone: found by getDifference under the new one."""
        perm_session, user = await self.user()
        perm = perm_session.core.auth_key
        await perm_session.connection.close()
        old = await self.bound(perm)
        state = await old.call(tl.updates.getState())
        await old.connection.close()
        friend, _ = await self.user()
        await self.say(friend, user, "while nobody was there")
        new = await self.bound(perm)
        difference = await new.call(tl.updates.getDifference(pts=state.pts, date=1, qts=0))
        self.assertEqual([one.message for one in difference.new_messages], ["while nobody was there"])

    async def test_permanent_and_temporary_side_by_side(self) -> None:
        """One client uses both; one session of the two gets the updates, the one that called last."""
        perm_session, user = await self.user()
        temp = await self.bound(perm_session.core.auth_key)
        friend, _ = await self.user()
        await temp.call(tl.updates.getState())
        await self.say(friend, user, "first")
        await self.hears(temp, "first")
        await perm_session.call(tl.updates.getState())
        await self.say(friend, user, "second")
        await self.hears(perm_session, "second")
        await self.seconds(0.2)
        self.assertFalse(any(b"second" in one.body for one in temp.received))
        self.assertFalse(any(b"first" in one.body for one in perm_session.received))

    async def test_media_connections_get_no_updates(self) -> None:
        """A key made with a negative dc may call, and is never told anything else."""
        perm_session, user = await self.user()
        media = await self.bound(perm_session.core.auth_key, dc=-2)
        self.assertEqual((await media.call(tl.users.getUsers(id=[tl.inputUserSelf()])))[0].id, user.id)
        await media.call(tl.updates.getState())
        friend, _ = await self.user()
        await self.say(friend, user, "not for media")
        await self.hears(perm_session, "not for media")
        await self.seconds(0.2)
        self.assertFalse(any(b"not for media" in one.body for one in media.received))

    async def test_drop_temp_auth_keys(self) -> None:
        """auth.dropTempAuthKeys ends all but those named: -404 for the dropped, the others go on."""
        perm_session, _ = await self.user()
        perm = perm_session.core.auth_key
        kept, dropped = await self.bound(perm), await self.bound(perm)
        await self.ping(kept)
        await self.ping(dropped)
        self.assertTrue(
            await perm_session.call(tl.auth.dropTempAuthKeys(except_auth_keys=[key_id(kept.core.auth_key)]))
        )
        await dropped.connection.until_closed()
        again = await self.connect()
        again.open_session(dropped.core.auth_key).send(PING)
        self.assertEqual(await again.next_event(), TransportError(-404))
        self.assertEqual((await self.ping(kept)).ping_id, 1)

    async def test_key_that_drops_itself(self) -> None:
        """A temporary key that does not name itself is answered, then it is gone."""
        perm_session, _ = await self.user()
        temp = await self.bound(perm_session.core.auth_key)
        self.assertTrue(await temp.call(tl.auth.dropTempAuthKeys(except_auth_keys=[])))
        await temp.connection.until_closed()
        again = await self.connect()
        again.open_session(temp.core.auth_key).send(PING)
        self.assertEqual(await again.next_event(), TransportError(-404))


class ExpiryTests(BindingCase):
    async def test_expires_during_a_connection(self) -> None:
        """-404 and closed as soon as it is used after its time; another key goes on where it was."""
        perm_session, user = await self.user()
        temp = await self.bound(perm_session.core.auth_key, expires_in=2)
        await temp.call(tl.updates.getState())
        await self.seconds(2.5)
        temp.send(PING)
        self.assertEqual(await temp.connection.next_event(), TransportError(-404))
        await temp.connection.until_closed()
        new = await self.bound(perm_session.core.auth_key)
        self.assertEqual((await new.call(tl.users.getUsers(id=[tl.inputUserSelf()])))[0].id, user.id)

    async def test_expired_before_it_was_bound(self) -> None:
        """A temporary key ends at its time whether it was bound or not."""
        session = await self.temporary(expires_in=1)
        await self.ping(session)
        await self.seconds(1.6)
        session.send(PING)
        self.assertEqual(await session.connection.next_event(), TransportError(-404))

    async def test_permanent_keys_end(self) -> None:
        """destroy_auth_key of the permanent key ends the temporary ones that are bound to it."""
        perm, perm_session = await self.permanent()
        temp = await self.bound(perm)
        await self.ping(temp)
        perm_session.send(encode(tl.destroy_auth_key()))
        await perm_session.wait_for_object("destroy_auth_key_ok")
        await temp.connection.until_closed()
        again = await self.connect()
        again.open_session(temp.core.auth_key).send(PING)
        self.assertEqual(await again.next_event(), TransportError(-404))

    async def test_log_out(self) -> None:
        """auth.logOut over a temporary key signs the permanent one out."""
        perm_session, _ = await self.user()
        temp = await self.bound(perm_session.core.auth_key)
        await temp.call(tl.auth.logOut())
        with self.assertRaises(CallFailed) as caught:
            await perm_session.call(tl.updates.getState())
        self.assertEqual(caught.exception.code, 401)
