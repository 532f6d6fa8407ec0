"""Libraries whose state the server's log cannot tell: a backup was restored, or they were away for too long."""

import shutil
import sqlite3
import unittest
from pathlib import Path

from trial_tests.clients.house import HouseTestCase, have

WITHIN = 30


class LostTimeTests(HouseTestCase):
    """SQLite: its file is what is copied and cut here."""

    def files(self) -> list[Path]:
        return sorted(self.server.data_dir.glob("teamgram.db*"))

    def restore(self, backup: Path) -> None:
        """Put the copy in the place of the server's database; the rest of its data directory stays."""
        for file in self.files():
            file.unlink()
        for file in backup.iterdir():
            shutil.copy2(file, self.server.data_dir)

    async def test_after_a_restored_backup(self) -> None:
        """Everybody hears what is written after it, whatever they had seen of the time that was lost."""
        libraries = ["telethon", "kurigram"]
        libraries += [library for library in ("tdlib", "mtcute") if have(library)]
        bob = await self.sign_up("telethon", "Bob")
        others = [await self.sign_up(library, library) for library in libraries]
        await self.acquaint(bob, *others)
        for one in others:
            await bob.do("send", peer=["user", one.user["id"]], text="before")
            await one.event("new_message", WITHIN, text="before")
        await self.server.terminate()
        backup = self.directory / "backup"
        backup.mkdir()
        for file in self.files():
            shutil.copy2(file, backup)
        await self.server.start()
        for one in others:
            await one.do("me", timeout=60)  # Pyrogram is not there again before it asks for something
            for number in range(5):
                text = f"lost {number}"
                await bob.do("send", peer=["user", one.user["id"]], text=text, timeout=60)
                await one.event("new_message", WITHIN, text=text)
        await self.server.terminate()
        self.restore(backup)
        await self.server.start()
        self.assertIn("the database is a backup of before", self.server.output)
        for one in others:
            await one.do("me", timeout=60)
            await bob.do("send", peer=["user", one.user["id"]], text="after", timeout=60)
            await one.event("new_message", WITHIN, text="after")
            await one.do("send", peer=["user", bob.user["id"]], text=f"from {one.name}", timeout=60)
            await bob.event("new_message", WITHIN, text=f"from {one.name}")

    @unittest.skipUnless(have("tdlib"), "no TDLib: tools/setup_test.sh installs tdjson where there is a wheel for it")
    async def test_away_for_longer_than_the_log(self) -> None:
        """TDLib gets the messages of the time that the log has not, and hears on."""
        ada = await self.sign_up("tdlib", "Ada")
        bob = await self.sign_up("telethon", "Bob")
        await self.acquaint(ada, bob)
        to_ada = ["user", ada.user["id"]]
        await bob.do("send", peer=to_ada, text="before")
        await ada.event("new_message", WITHIN, text="before")
        await ada.do("disconnect")
        await ada.stop()
        for number in range(5):
            await bob.do("send", peer=to_ada, text=f"meanwhile {number}")
        await self.server.terminate()
        with sqlite3.connect(self.server.data_dir / "teamgram.db") as database:
            # As the trimming leaves it a month later.
            database.execute("UPDATE message_boxes SET log_floor = pts")
            database.execute("DELETE FROM update_log")
        database.close()
        await self.server.start()
        again = await self.connect("tdlib", "Ada")
        for number in range(5):
            await again.event("new_message", WITHIN, text=f"meanwhile {number}")
        await bob.do("send", peer=to_ada, text="after", timeout=60)
        await again.event("new_message", WITHIN, text="after")
