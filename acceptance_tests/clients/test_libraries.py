"""A conversation, a group and an absence with each library, on each of its transports."""

import unittest
from typing import Any

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from acceptance_tests.clients.libraries import MORE_LIBRARIES, is_there
from trial_tests.clients.house import FIXED_CODE, HouseTestCase
from trial_tests.clients.process import ClientProcess
from trial_tests.clients.server import free_port
from trial_tests.clients.test_chat import SECONDS_TO_SEE
from trial_tests.clients.test_node import TalkScenario

_SECRET = "00112233445566778899aabbccddeeff"
_MISSING = "{} is not set up: tools/setup_more_clients.sh says why"


class LibraryCase(TalkScenario, HouseTestCase):
    """A server, and more libraries than usual."""

    libraries = MORE_LIBRARIES

    async def connect(self, library: str, name: str, transport: str = "", **options: Any) -> ClientProcess:
        """As everywhere; grammers' patched key is given as a number."""
        if library == "grammers":
            key = load_pem_public_key(self.server.public_key.encode())
            assert isinstance(key, RSAPublicKey)
            options["modulus"] = str(key.public_numbers().n)
        return await super().connect(library, name, transport, **options)

    async def everything(self, library: str, *transports: str, **options: Any) -> None:
        """Sign up on each transport; talk with Telethon, then with who came before, both ways; found groups."""
        before = await self.sign_up("telethon", "Thon")
        for transport in transports:
            client = await self.sign_up(library, f"{transport or 'it'}", transport, **options)
            await self.acquaint(client, before)
            for a, b in ((client, before), (before, client)):
                for one in (a, b):
                    one.events.clear()  # some libraries tell what they did themselves too
                await self.conversation(a, b)
            await self.group(client, before)
            await self.group(before, client)
            before = client

    async def absence(self, library: str, transport: str = "", again: bool = False, **options: Any) -> None:
        """What was sent while it was away comes when it is back with its key, and after a kill of the server too.

        Args:
            again: it comes back in the process that it left in, for where it has no file that keeps its pts.
        """
        thon = await self.sign_up("telethon", "Thon")
        client = await self.sign_up(library, "Away", transport, session=True, **options)
        await self.acquaint(client, thon)
        to_client = ["user", client.user["id"]]
        await client.do("disconnect")
        for number in range(3):
            await thon.do("send", peer=to_client, text=f"missed {number}")
        if again:
            self.assertTrue(await client.do("reconnect"))
        else:
            client = await self.connect(library, "Away", transport, session=True, **options)
        for number in range(3):
            await client.event("new_message", SECONDS_TO_SEE, text=f"missed {number}")
        await self.server.kill()
        await self.server.start()
        await thon.do("send", peer=to_client, text="just after the kill", timeout=60)
        await client.do("me", timeout=60)
        await thon.do("send", peer=to_client, text="and now")
        await client.event("new_message", 20, text="just after the kill")
        await client.event("new_message", SECONDS_TO_SEE, text="and now")


@unittest.skipUnless(is_there("gotd"), _MISSING.format("gotd"))
class GotdTests(LibraryCase):
    """gotd/td, Go, layer 227."""

    async def test_every_transport(self) -> None:
        """All that it has, but obfuscation without a secret, which it refuses itself."""
        await self.everything("gotd", "intermediate", "abridged", "padded", "full", "websocket")

    async def test_temporary_keys(self) -> None:
        """Its EnablePFS, over TCP and WebSocket."""
        await self.everything("gotd", "intermediate", "websocket", pfs=True)

    async def test_secrets(self) -> None:
        """Obfuscated as for an MTProto proxy, with a plain and with a dd secret, on listeners that a reload opened."""
        ports = {f"{kind}{_SECRET}": free_port() for kind in ("", "dd")}
        configuration = self.server.config / "gnetway.yaml"
        listeners = "".join(
            f"    - Proto: tcp\n      Secret: {secret}\n      Addresses:\n        - 127.0.0.1:{port}\n"
            for secret, port in ports.items()
        )
        text = configuration.read_text()
        configuration.write_text(text.replace("  Server:\n", "  Server:\n" + listeners, 1))
        self.server.signal("HUP")
        for port in ports.values():
            await self.server.logged(f"on 127.0.0.1 port {port}")
        plain, padded = [
            await self.sign_up("gotd", secret, "mtproxy", secret=secret, port=port) for secret, port in ports.items()
        ]
        await self.acquaint(plain, padded)
        await self.conversation(plain, padded)

    async def test_forgotten_key(self) -> None:
        """Told that its key is unknown, it makes a new one where it was told, and signs up anew."""
        client = await self.sign_up("gotd", "Lost", "intermediate", session=True)
        await client.do("disconnect")
        await self.server.terminate()
        for file in self.server.data_dir.glob("teamgram.db*"):
            file.unlink()
        await self.server.start()
        self.assertFalse(await client.do("reconnect"))
        again = await client.do("sign_in", phone=self.phone(), code=FIXED_CODE, first_name="Found")
        self.assertEqual(again["first_name"], "Found")

    async def test_absence(self) -> None:
        """Its gap manager asks for the difference from the pts that it kept."""
        await self.absence("gotd", "full", again=True)

    async def test_absence_with_temporary_keys(self) -> None:
        """The same with a new temporary key, bound to the permanent one, each time it comes."""
        await self.absence("gotd", "websocket", again=True, pfs=True)


@unittest.skipUnless(is_there("grammers"), _MISSING.format("grammers"))
class GrammersTests(LibraryCase):
    """grammers, Rust, layer 230."""

    async def test_conversation(self) -> None:
        """On full, the one transport of its client."""
        await self.everything("grammers", "full")

    async def test_profile(self) -> None:
        """It reads a whole profile."""
        client = await self.sign_up("grammers", "Gram", "full")
        thon = await self.sign_up("telethon", "Thon")
        await self.acquaint(client, thon)
        await thon.do("set_name", first_name="Thon", about="of telethons")
        full = await client.do("full_user", user=thon.user["id"])
        self.assertEqual(full["about"], "of telethons")

    async def test_absence(self) -> None:
        """Its session file keeps key and pts."""
        await self.absence("grammers", "full")


@unittest.skipUnless(is_there("teleproto"), _MISSING.format("teleproto"))
class NodeTests(LibraryCase):
    """Libraries in Node."""

    async def test_teleproto(self) -> None:
        """teleproto, a fork of GramJS, layer 214."""
        await self.everything("teleproto", "full", "abridged", "obfuscated", "websocket")

    async def test_mtproto_core(self) -> None:
        """@mtproto/core, layer 158 in every single request, obfuscated intermediate."""
        await self.everything("mtproto-core", "")


class PythonTests(LibraryCase):
    """Other Python libraries."""

    @unittest.skipUnless(is_there("telethon-1.25"), _MISSING.format("telethon-1.25"))
    async def test_old_telethon(self) -> None:
        """Telethon 1.25.4, layer 144."""
        await self.everything("telethon-1.25", "full", "abridged", "intermediate", "obfuscated", "http")

    @unittest.skipUnless(is_there("pyrotgfork"), _MISSING.format("pyrotgfork"))
    async def test_pyrogram_fork(self) -> None:
        """pyrotgfork, layer 227, abridged."""
        await self.everything("pyrotgfork", "")
