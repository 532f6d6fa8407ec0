"""What a role is told when its configuration does not say where the others are."""

import shutil
from pathlib import Path
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

import yaml

from teamgram.app.config.errors import ConfigError
from teamgram.app.config.loader import load_configuration
from teamgram.app.config.sections import ClusterSection, RoleName
from teamgram.app.roles.neighbours import bff_targets, check_role, listen_address, neighbours, trust
from teamgram.app.tap import chosen_role

PROJECT = Path(__file__).parents[3]


class NeighboursTests(SynchronousTestCase):
    """Read from ``etc/`` with changes."""

    def configuration(self, file: str = "", **changes: Any) -> Any:
        directory = Path(self.mktemp())
        shutil.copytree(PROJECT / "etc", directory)
        if file:
            path = directory / file
            path.write_text(yaml.safe_dump({**yaml.safe_load(path.read_text()), **changes}))
        return load_configuration(directory)

    def refusal(self, check: Any, *arguments: Any) -> str:
        with self.assertRaises(ConfigError) as caught:
            check(*arguments)
        return str(caught.exception)

    def test_where_to_listen(self) -> None:
        """An address that the others can use."""
        found = self.configuration("session.yaml", ListenOn="10.0.0.2:20120").session
        self.assertEqual(listen_address("session.yaml", found), "10.0.0.2:20120")
        for wrong, words in (("", "is empty"), ("0.0.0.0:20120", "not all of them"), ("here", "is no address")):
            file = self.configuration("session.yaml", ListenOn=wrong).session
            self.assertIn(words, self.refusal(listen_address, "session.yaml", file))

    def test_where_session_is(self) -> None:
        """Endpoints, or teamgram's key of etcd; neither is an error."""
        written = self.configuration("gnetway.yaml", Session={"Endpoints": ["127.0.0.1:1", "[::1]:2"]}).gnetway
        self.assertEqual(neighbours(("f", "p"), written.Session).endpoints, {"127.0.0.1:1", "[::1]:2"})
        etcd = {"Etcd": {"Hosts": ["127.0.0.1:2379"], "Key": "interface.session"}}
        found = neighbours(("f", "p"), self.configuration("gnetway.yaml", Session=etcd).gnetway.Session)
        self.assertEqual((found.endpoints, found.etcd_key), (frozenset(), "interface.session"))
        for wrong, words in (({}, "neither"), ({"Endpoints": ["x"]}, "Endpoints[0]")):
            section = self.configuration("gnetway.yaml", Session=wrong).gnetway.Session
            self.assertIn(words, self.refusal(neighbours, ("gnetway.yaml", "Session"), section))
        self.assertIn("is missing", self.refusal(neighbours, ("gnetway.yaml", "Session"), None))

    def test_where_the_targets_are(self) -> None:
        """Each that the IDMap names has a client with its key."""
        clients = [
            {"Endpoints": ["127.0.0.1:1"], "Etcd": {"Key": "bff.bff"}},
            {"Endpoints": ["127.0.0.1:2"], "Etcd": {"Key": "bff.files"}},
        ]
        id_map = {"/mtproto.RPCUsers": "bff.bff", "/mtproto.RPCFiles": "bff.files"}
        proxy = {"Clients": clients, "IDMap": id_map}
        found = bff_targets(self.configuration("session.yaml", BFFProxyClients=proxy))
        self.assertEqual({name: set(where.endpoints) for name, where in found.items()}["bff.files"], {"127.0.0.1:2"})
        proxy = {"Clients": clients[:1], "IDMap": id_map}
        words = self.refusal(bff_targets, self.configuration("session.yaml", BFFProxyClients=proxy))
        self.assertIn("'bff.files'", words)
        proxy = {"Clients": [{"Endpoints": ["127.0.0.1:1"]}], "IDMap": id_map}
        words = self.refusal(bff_targets, self.configuration("session.yaml", BFFProxyClients=proxy))
        self.assertIn("Clients[0].Etcd.Key", words)

    def test_no_auth_key_crosses_a_network_as_it_is(self) -> None:
        """Beyond loopback there is TLS, or the operator says that the network is nobody else's."""
        here, there = ("f", "127.0.0.1:1"), ("session.yaml: ListenOn", "10.0.0.2:20120")
        self.assertIsNone(trust(ClusterSection(), Path(), [here]).server)
        self.assertIn("AllowPlaintext", self.refusal(trust, ClusterSection(), Path(), [here, there]))
        self.assertIsNone(trust(ClusterSection(AllowPlaintext=True), Path(), [there]).client)
        self.assertIn("needs", self.refusal(trust, ClusterSection(CertFile="a"), Path(), [here]))
        three = ClusterSection(CertFile="a", KeyFile="b", CAFile="c")
        self.assertIn("cannot be used", self.refusal(trust, three, Path(), [here]))

    def test_all_that_a_role_needs(self) -> None:
        """What ``teamgram check-config`` says of each, as ``etc/`` has it: that it lacks where the others are."""
        configuration = self.configuration()
        check_role(RoleName.ALL, configuration, Path())
        for role, words in (
            (RoleName.GNETWAY, "gnetway.yaml: Session: is missing"),
            (RoleName.SESSION, "session.yaml: ListenOn: is empty"),
            (RoleName.BFF, "bff.yaml: ListenOn: is empty"),
        ):
            self.assertIn(words, self.refusal(check_role, role, configuration, Path()))
        without_redis = self.configuration("bff.yaml", ListenOn="127.0.0.1:20010")
        self.assertIn("names no Redis", self.refusal(check_role, RoleName.BFF, without_redis, Path()))

    def test_the_role(self) -> None:
        """The command line's, else the configuration's."""
        configuration = self.configuration("operations.yaml", Role="session")
        self.assertIs(chosen_role("", configuration), RoleName.SESSION)
        self.assertIs(chosen_role("bff", configuration), RoleName.BFF)
        self.assertIn("'boss'", self.refusal(chosen_role, "boss", configuration))
