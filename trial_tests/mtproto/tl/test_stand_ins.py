"""Inputs of a neighbouring type, where the official server takes them."""

from twisted.trial import unittest

from teamgram.mtproto.tl import TLError, decode, encode, tl


class StandInTests(unittest.SynchronousTestCase):
    """What Pyrogram writes."""

    def written(self, user: bytes) -> bytes:
        """``users.getUsers`` of one InputUser, with other bytes in its place."""
        query = encode(tl.users.getUsers(id=[tl.inputUserEmpty()]))
        return query.removesuffix(encode(tl.inputUserEmpty())) + user

    def test_a_peer_where_a_user_belongs(self) -> None:
        """inputPeerUser and inputPeerSelf are understood as the user that they mean."""
        query = decode(self.written(encode(tl.inputPeerUser(user_id=5, access_hash=7))))
        self.assertEqual(query, tl.users.getUsers(id=[tl.inputUser(user_id=5, access_hash=7)]))
        query = decode(self.written(encode(tl.inputPeerSelf())))
        self.assertEqual(query, tl.users.getUsers(id=[tl.inputUserSelf()]))

    def test_anything_else_is_refused(self) -> None:
        """A type that only looks alike is no stand-in."""
        for other in (tl.inputPeerChat(chat_id=5), tl.peerUser(user_id=5), tl.ping(ping_id=1)):
            self.assertRaises(TLError, decode, self.written(encode(other)))
