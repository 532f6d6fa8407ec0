"""Posts of public channels found by Telethon, and a channel in numbers as its administrator has them."""

import json

from trial_tests.backends import on_every_backend
from trial_tests.clients.house import HouseTestCase


@on_every_backend
class FoundChannelTests(HouseTestCase):
    """One posts, another finds it without being there."""

    async def test_found_and_counted(self) -> None:
        """By a hashtag; the numbers are the posts', and its graphs are what apps read; who posted is told."""
        ada = await self.sign_up("telethon", "Ada")
        bob = await self.sign_up("telethon", "Bob")
        channel = await ada.do("found_channel", title="Bread", broadcast=True)
        await ada.do("name_channel", channel=channel, username="all_about_bread")
        sent = await ada.do("send", peer=["channel", channel], text="fresh #rolls today")
        self.assertEqual(await bob.do("search_posts", hashtag="rolls"), ["fresh #rolls today"])
        await bob.do("join_channel", username="all_about_bread")
        numbers = await ada.do("broadcast_numbers", channel=channel)
        self.assertEqual((numbers["members"], numbers["posts"]), (2, [sent["id"]]))
        for name in ("growth", "interactions"):
            columns = json.loads(numbers[name])["columns"]
            self.assertEqual((columns[0][0], len(columns[0])), ("x", 31))
        self.assertEqual(await ada.do("author", channel=channel, id=sent["id"]), ada.user["id"])
