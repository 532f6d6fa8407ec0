"""``teamgram owners``, beside a running server and without one."""

from trial_tests.app.operating import OperatingTestCase
from trial_tests.app.test_command_line import CommandTestCase, run


class OwnersCommandTests(OperatingTestCase):
    """A server with people."""

    async def owners(self, *arguments: str, code: int = 0) -> str:
        """What the command says."""
        where = ("--config", self.server.config, "--data-dir", self.server.data_dir)
        found, output, errors = await run("owners", arguments[0], *where, *arguments[1:])
        self.assertEqual(found, code, output + errors)
        self.assertNotIn("Traceback", errors)
        return (output if code == 0 else errors).strip()

    async def test_add_list_remove(self) -> None:
        """The same while it runs and while it does not; what the configuration names is told apart."""
        _, person = await self.sign_up_peer("Ada")
        phone, user_id = f"+{person.phone}", person.id
        self.assertIn("nobody is an owner", await self.owners("list"))
        self.assertIn("nobody has signed up with", await self.owners("add", "+4900000000", code=1))
        self.assertIn("nobody has signed up with", await self.owners("add", "no number", code=1))
        self.assertIn("is an owner", await self.owners("add", phone))
        self.assertIn("already", await self.owners("add", phone))
        self.assertRegex(await self.owners("list"), rf"id {user_id}\), by teamgram owners$")
        await self.server.terminate()
        self.assertIn("no owner any more", await self.owners("remove", phone))
        self.assertIn("is no owner", await self.owners("remove", phone, code=1))
        with (self.server.config / "openclaw.yaml").open("a") as file:
            file.write(f'\ncommands: {{ownerAllowFrom: ["telegram:{user_id}", "discord:1", "*"]}}\n')
        self.assertRegex(await self.owners("list"), rf"id {user_id}\), by commands.ownerAllowFrom$")
        self.assertIn("commands.ownerAllowFrom of openclaw.yaml", await self.owners("remove", phone, code=1))


class OwnersBeforeTheFirstStartTests(CommandTestCase):
    """Nothing is there yet."""

    async def test_add(self) -> None:
        """Nobody can be named before they have an account."""
        code, output, errors = await run("owners", "add", *self.where, "+4915112345678")
        self.assertEqual((code, output), (1, ""))
        self.assertIn("nothing in", errors)
