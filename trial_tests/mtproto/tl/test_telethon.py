"""Against an independent codec: Telethon's generated classes for the newest published layer."""

from __future__ import annotations

from random import Random

from twisted.trial.unittest import SkipTest, SynchronousTestCase

from teamgram.mtproto.tl import decode, encode, registry, tl
from teamgram.mtproto.tl.definitions import Definition
from trial_tests.mtproto.tl.random_objects import RandomObjects

try:
    from telethon.extensions import BinaryReader
    from telethon.tl import functions, types
    from telethon.tl.alltlobjects import LAYER, tlobjects
except ImportError as error:  # pragma: no cover - the test extra installs it
    raise SkipTest("Telethon is not installed") from error

NOT_TELETHONS = frozenset({"true", "null", "error", "boolTrue", "boolFalse", "msg_resend_ans_req"})
"""Names that Telethon reads by hand or not at all."""
TEXT_THERE = frozenset({"msgs_state_info", "msgs_all_info"})
"""Byte strings that Telethon takes for text."""
GONE_TRUE_FIELDS = frozenset(
    {
        ("chat", "kicked"),
        ("groupCallDonor", "anonymous"),
        ("messageService", "legacy_ios"),
        ("payments.getSavedStarGifts", "exclude_limited"),
        ("stickerSet", "animated"),
        ("stickerSet", "videos"),
        ("stickers.createStickerSet", "animated"),
        ("stickers.createStickerSet", "videos"),
        ("username", "deletable"),
        ("username", "expired"),
    }
)
"""Flags of other layers under an unchanged id, which Telethon's generated classes do not have."""
REWRITTEN = ("message", "media")
"""Telethon's own Message class leaves out a media that is empty."""


def definitions_of_its_layer() -> list[Definition]:
    entries = (registry.entry(number) for number in registry.all_ids())
    return [entry.definition for entry in entries if entry.is_in(LAYER)]


class TelethonTests(SynchronousTestCase):
    """The same objects, the same bytes."""

    def test_same_layer(self) -> None:
        """The Telethon that we compare with speaks a layer whose schema we have, and not an old one."""
        self.assertIn(LAYER, registry.layers)
        self.assertGreaterEqual(LAYER, 229)

    def test_same_constructors(self) -> None:
        """Each side has every constructor and function of the layer that the other has."""
        ours = {definition.id for definition in definitions_of_its_layer() if definition.name not in NOT_TELETHONS}
        theirs = {number for number, cls in tlobjects.items() if not cls.__module__.startswith("telethon.tl.core")}
        foreign = {name for number in theirs - ours if not (name := tlobjects[number].__name__).startswith("Tls")}
        self.assertEqual({registry.name_of(number) for number in ours - theirs}, set())
        self.assertEqual(foreign - {"IpPort", "IpPortSecret", "AccessPointRule", "ConfigSimple"}, set())

    def test_bytes_of_every_constructor(self) -> None:
        """Telethon reads what we write for random objects of every constructor and writes it back to the byte."""
        compared = 0
        for definition in definitions_of_its_layer():
            if definition.name in NOT_TELETHONS | TEXT_THERE:
                continue
            for seed in range(2):
                skipped = GONE_TRUE_FIELDS | {REWRITTEN}
                maker = RandomObjects(Random(seed), skipped=skipped, known_in=LAYER, tame=True)
                written = encode(maker.object(registry.newest_of(definition.name)), LAYER)
                theirs = BinaryReader(written).tgread_object()
                self.assertEqual(bytes(theirs), written, definition.name)
                self.assertEqual(encode(decode(bytes(theirs)), LAYER), written, definition.name)
                compared += 1
        self.assertGreater(compared, 4500)

    def test_request_as_a_client_makes_it(self) -> None:
        """A request built with Telethon's classes arrives with its fields."""
        request = functions.messages.SendMessageRequest(
            peer=types.InputPeerUser(5, -7),
            message="Привет",
            random_id=-9,
            silent=True,
            entities=[types.MessageEntityBold(0, 3)],
            reply_to=types.InputReplyToMessage(reply_to_msg_id=3),
        )
        expected = tl.messages.sendMessage(
            peer=tl.inputPeerUser(user_id=5, access_hash=-7),
            message="Привет",
            random_id=-9,
            silent=True,
            entities=[tl.messageEntityBold(offset=0, length=3)],
            reply_to=tl.inputReplyToMessage(reply_to_msg_id=3),
        )
        self.assertEqual(decode(bytes(request)), expected)
        self.assertEqual(encode(expected, LAYER), bytes(request))
