"""The key file and what is made with it."""

import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from teamgram.domain.codes.sealing import CodeSeal, load_or_create_key


class CodeSealTests(SynchronousTestCase):
    """A code can be checked and, with the key, read."""

    def test_a_code_matches_its_own_request_only(self) -> None:
        """The same code under another phone_code_hash or key is another code."""
        seal = CodeSeal(b"a" * 32)
        digest = seal.digest("h1", "12345")
        self.assertTrue(seal.matches(digest, "h1", "12345"))
        self.assertFalse(seal.matches(digest, "h1", "12346"))
        self.assertFalse(seal.matches(digest, "h2", "12345"))
        self.assertFalse(CodeSeal(b"b" * 32).matches(digest, "h1", "12345"))

    def test_only_the_key_opens(self) -> None:
        """Another key, another request, a cut or changed seal: None."""
        seal = CodeSeal(b"a" * 32)
        sealed = seal.seal("h1", "12345")
        self.assertEqual(seal.open("h1", sealed), "12345")
        self.assertNotIn(b"12345", sealed)
        self.assertIsNone(seal.open("h2", sealed))
        self.assertIsNone(CodeSeal(b"b" * 32).open("h1", sealed))
        for cut in range(len(sealed)):
            self.assertIsNone(seal.open("h1", sealed[:cut]))
        self.assertIsNone(seal.open("h1", sealed[:-1] + bytes([sealed[-1] ^ 1])))

    def test_the_key_is_made_once_for_its_owner(self) -> None:
        """0600, the same again at the next start; a broken file is not overwritten."""
        path = Path(self.mktemp())
        key = load_or_create_key(path)
        self.assertEqual((len(key), load_or_create_key(path)), (32, key))
        self.assertEqual(stat.S_IMODE(os.stat(path).st_mode), 0o600)
        path.write_bytes(b"short")
        self.assertRaises(ValueError, load_or_create_key, path)

    def test_several_at_once(self) -> None:
        """Processes that start together on one directory have one key, and none sees half of it."""
        directory = Path(self.mktemp())
        directory.mkdir()
        with ThreadPoolExecutor(4) as pool:
            for number in range(25):
                keys = set(pool.map(load_or_create_key, [directory / f"{number}"] * 4))
                self.assertEqual(len(keys), 1)
        self.assertEqual(len(list(directory.iterdir())), 25)
