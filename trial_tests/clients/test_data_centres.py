"""Data centres as the libraries see them: this server is each that they know, and carries them from one to another."""

from trial_tests.clients.house import HouseTestCase, have


class DataCentreTests(HouseTestCase):
    """What a library does for a file that lies elsewhere: look the data centre up, make a key, carry itself there."""

    async def test_another_data_centre(self) -> None:
        """Everybody is the same user in the other one, and no device more."""
        libraries = ["telethon", "kurigram", *(["mtcute"] if have("mtcute") else [])]
        for library in libraries:
            client = await self.sign_up(library, library)
            self.assertEqual(await client.do("id_in", dc=4), client.user["id"], library)
            if library != "mtcute":
                self.assertEqual([one["current"] for one in await client.do("sessions")], [True], library)
        self.assertEqual(self.server.output.count("authorization of user "), len(libraries))
        self.assertEqual(self.server.output.count(" signed in: "), len(libraries))
