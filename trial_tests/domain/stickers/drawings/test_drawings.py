"""Drawings of our own are stickers like any other."""

import gzip
import json
from itertools import pairwise

from twisted.trial.unittest import SynchronousTestCase

from teamgram.domain.files.animations import read_tgs
from teamgram.domain.stickers.drawings.dice import DICE, LUCKY
from teamgram.domain.stickers.drawings.emoji import animated_emoji
from teamgram.domain.stickers.making import MAX_BYTES, MAX_SECONDS
from teamgram.domain.stickers.names import emoji_in


class DrawingsTests(SynchronousTestCase):
    """What ``tgs`` writes."""

    def test_they_keep_the_rules(self) -> None:
        """Of size, length and content; drawn again they are the same."""
        drawn = [one for draw in DICE.values() for one in draw()] + list(animated_emoji().values())
        self.assertEqual(drawn, [one for draw in DICE.values() for one in draw()] + list(animated_emoji().values()))
        for one in drawn:
            found = read_tgs(one)
            self.assertEqual((found.w, found.h, found.frames_per_second), (512, 512, 60.0))
            self.assertLessEqual(found.seconds, MAX_SECONDS)
            self.assertLess(len(one), MAX_BYTES["tgs"])

    def test_they_move(self) -> None:
        """Keys are in order, each ends where the next begins, and the last is the end."""
        for draw in DICE.values():
            for one in draw():
                for layer in json.loads(gzip.decompress(one))["layers"]:
                    for part in layer["ks"].values():
                        keys = part["k"] if part["a"] else []
                        times = [key["t"] for key in keys]
                        self.assertEqual(times, sorted(set(times)))
                        for key, after in pairwise(keys):
                            self.assertEqual(key["e"], after["s"])

    def test_a_value_each(self) -> None:
        """As many as values can be thrown, and what shows before."""
        self.assertEqual(
            {emoji: len(draw()) for emoji, draw in DICE.items() if emoji != "🎰"},
            {"🎲": 7, "🎯": 7, "🏀": 6, "⚽": 6, "🎳": 7},
        )
        self.assertEqual(len(DICE["🎰"]()), 3 + 3 * 6)
        self.assertLess(LUCKY.keys() - DICE.keys(), {"x"})
        for emoji in animated_emoji():
            self.assertEqual(emoji_in(emoji), (emoji,))
