"""The table of honest empties: every answer can be written for every layer, and the page for people is in step."""

import re
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from teamgram.bff.honest_empties import EMPTIES, honest_empties
from teamgram.bff.registry import collect
from teamgram.interfaces.keys import AuthKeyType
from teamgram.interfaces.rpc import RpcError, RpcMetadata
from teamgram.mtproto.tl import NEWEST_LAYER, decode_result, encode_result, registry, tl
from teamgram.mtproto.tl.classes import class_named, fields_of

DOCS = Path(__file__).parents[2] / "docs" / "honest_empties.md"

_ASKED = {
    "int": 0,
    "long": 0,
    "string": "en",
    "Bool": False,
    "InputPeer": tl.inputPeerSelf(),
    "InputUser": tl.inputUserSelf(),
    "Vector<InputPeer>": [tl.inputPeerSelf(), tl.inputPeerUser(user_id=5, access_hash=6)],
}


def query(method: str) -> object:
    """A call of the method with plain arguments."""
    return class_named(method)(
        **{
            field: _ASKED.get(shape.type, [] if shape.type.startswith("Vector") else None)
            for field, shape in fields_of(method).items()
            if shape.required
        }
    )


def caller(layer: int) -> RpcMetadata:
    return RpcMetadata(1, 1, AuthKeyType.PERM, 1, 5, layer)


class HonestEmptiesTests(SynchronousTestCase):
    """Every entry, in the layers of the clients that are known to ask."""

    def test_every_answer_can_be_read_by_every_client(self) -> None:
        """Each answer is encoded for each layer that has the method, and decodes as that method's result."""
        for entry in EMPTIES:
            for layer in (158, 181, 198, 223, 227, 229, 230, NEWEST_LAYER):
                if registry.definition_of(entry.method, layer) is None:
                    continue
                try:
                    answer = entry.answer(caller(layer), query(entry.method))
                except RpcError as error:
                    self.assertEqual(error.code, 400, entry.method)
                    self.assertIn(f"(error {error.type})", entry.none_of, entry.method)
                    continue
                encoded = encode_result(entry.method, answer, layer)
                decode_result(entry.method, encoded, layer)

    def test_nothing_in_the_form_that_was_asked_for(self) -> None:
        """No TON where TON was asked for, a state of no stories: TDLib wants them so."""
        answers = {entry.method: entry.answer for entry in EMPTIES}
        balances = ((232, True, "starsTonAmount"), (232, False, "starsAmount"), (198, True, "starsAmount"))
        for layer, ton, balance in balances:
            asked = tl.payments.getStarsStatus(peer=tl.inputPeerSelf(), ton=ton)
            self.assertEqual(answers[asked.NAME](caller(layer), asked).balance.NAME, balance)
        self.assertTrue(answers["stories.getAllStories"](caller(232), tl.stories.getAllStories()).state)

    def test_what_is_handled_for_real_is_left_out(self) -> None:
        """A method with a handler of its own is not claimed twice."""
        methods = collect(honest_empties({"stories.getPinnedStories"}))
        self.assertNotIn("stories.getPinnedStories", methods)
        self.assertIn("stories.getStoriesArchive", methods)

    def test_the_page_lists_exactly_the_table(self) -> None:
        """docs/honest_empties.md has one line for each method, with what there is none of."""
        listed = re.findall(r"^\| `([^`]+)` \| `([^`]+)` \| ([^|]+) \|$", DOCS.read_text(encoding="utf-8"), re.M)
        self.assertEqual(sorted(listed), sorted((entry.method, entry.service, entry.none_of) for entry in EMPTIES))
