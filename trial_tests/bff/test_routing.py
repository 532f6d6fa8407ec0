"""Every method is registered with the service by which session routes it."""

import subprocess
import sys
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

import yaml

from teamgram.bff.errors import RPC_ERRORS
from teamgram.mtproto.tl import registry
from teamgram.session.routing import services_by_method
from trial_tests.backends import BackendTestCase
from trial_tests.bff.house import House
from trial_tests.bff.talk_house import House as TalkHouse

ROOT = Path(__file__).parents[2]


class RoutingTests(BackendTestCase):
    """The registrations against the project's table of services."""

    def test_services_are_those_of_the_table(self) -> None:
        """A method under another service's name would never be reached, or reached when it is switched off."""
        house = House(self.open_database(), self.open_cache())
        routed = services_by_method()
        for name, method in house.caller.methods.items():
            self.assertEqual(method.service, routed.get(name), name)

    def test_the_shipped_map_routes_every_service(self) -> None:
        """Nothing that is answered is switched off in etc/session.yaml as it comes."""
        shipped = yaml.safe_load((ROOT / "etc" / "session.yaml").read_text(encoding="utf-8"))
        id_map = shipped["BFFProxyClients"]["IDMap"]
        house = House(self.open_database(), self.open_cache())
        methods = [*house.caller.methods.values(), *TalkHouse(self).caller.methods.values()]
        served = {f"/mtproto.{method.service}" for method in methods}
        self.assertEqual(served - id_map.keys(), set())

    def test_methods_are_methods(self) -> None:
        """Every registered name is a function of some layer."""
        house = House(self.open_database(), self.open_cache())
        functions = set(registry.methods())
        self.assertEqual(house.caller.methods.keys() - functions, set())

    def test_docstrings_quote_the_method_they_answer(self) -> None:
        """Each function opens with its TL line."""
        house = House(self.open_database(), self.open_cache())
        for service in house.services:
            for method in service.rpc_methods():
                if type(service).__name__ != "HonestEmpties":
                    self.assertIn(f"{method.name}#", method.function.__doc__ or "", method.name)
                    constructor_id = int(method.function.__doc__.partition(f"{method.name}#")[2].split()[0], 16)
                    self.assertEqual(registry.name_of(constructor_id), method.name)

    def test_error_names_are_telegrams(self) -> None:
        """No two facts are called what a client cannot know: upper case, digits, underscores."""
        for code, name in RPC_ERRORS.values():
            self.assertRegex(name, r"^[A-Z0-9_]+$")
            self.assertIn(code, (400, 401, 403, 404, 406, 420, 500))


class RpcIndexTests(SynchronousTestCase):
    """The page that says what is answered."""

    def test_the_index_is_in_step(self) -> None:
        """docs/rpc_index.md is what tools/gen_rpc_index.py writes now."""
        written = subprocess.run(
            [sys.executable, str(ROOT / "tools" / "gen_rpc_index.py")], capture_output=True, text=True, check=True
        ).stdout
        page = (ROOT / "docs" / "rpc_index.md").read_text(encoding="utf-8")
        if page != written:
            self.fail("docs/rpc_index.md is old: python tools/gen_rpc_index.py > docs/rpc_index.md")
