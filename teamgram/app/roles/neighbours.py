"""From the configuration to where a process listens for its neighbours, and where it finds them."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from pathlib import Path

from teamgram.app.config import sections
from teamgram.app.config.errors import ConfigError
from teamgram.app.config.loader import Configuration
from teamgram.cluster.addresses import is_loopback, split_address


@dataclass(frozen=True)
class Neighbours:
    """Processes of one kind.

    Attributes:
        where: in the configuration, for what is told of it.
        endpoints: their addresses; none: etcd says.
    """

    where: str
    endpoints: frozenset[str]
    etcd_hosts: tuple[str, ...]
    etcd_key: str


@dataclass(frozen=True)
class Trust:
    """What the two ends of a connection between roles show each other; None: nothing, which is on loopback only."""

    server: ssl.SSLContext | None
    client: ssl.SSLContext | None


def listen_address(file_name: str, file: sections.ServiceFile) -> str:
    """Where the role listens for its neighbours, which is also how they call it.

    Raises:
        ConfigError: nowhere, or at an address that only this machine would understand.
    """
    if not file.ListenOn:
        raise ConfigError(file_name, "ListenOn", "is empty; it says where the other roles reach this process")
    try:
        host, _ = split_address(file.ListenOn)
    except ValueError as error:
        raise ConfigError(file_name, "ListenOn", str(error)) from None
    if host in ("0.0.0.0", "::"):
        raise ConfigError(file_name, "ListenOn", "names the address by which the others reach it, not all of them")
    return file.ListenOn


def neighbours(where: tuple[str, str], section: sections.NeighbourSection | None) -> Neighbours:
    """Where processes of another role are.

    Args:
        where: file and path.

    Raises:
        ConfigError: it does not say.
    """
    file, path = where
    if section is None:
        raise ConfigError(file, path, "is missing; Endpoints or Etcd say where those processes are")
    for index, address in enumerate(section.Endpoints):
        try:
            split_address(address)
        except ValueError as error:
            raise ConfigError(file, f"{path}.Endpoints[{index}]", str(error)) from None
    etcd = section.Etcd or sections.EtcdSection()
    check_etcd(file, f"{path}.Etcd", etcd)
    if not section.Endpoints and not (etcd.Hosts and etcd.Key):
        raise ConfigError(file, path, "names neither Endpoints nor Etcd.Hosts and Etcd.Key")
    return Neighbours(f"{file}: {path}", frozenset(section.Endpoints), tuple(etcd.Hosts), etcd.Key)


def check_etcd(file: str, path: str, etcd: sections.EtcdSection) -> None:
    """
    Raises:
        ConfigError: it wants more than can be done here, or a host is none.
    """
    if etcd.User or etcd.Pass:
        raise ConfigError(file, f"{path}.User", "etcd is asked without a user; guard its port by the network")
    for index, host in enumerate(etcd.Hosts):
        try:
            split_address(host)
        except ValueError as error:
            raise ConfigError(file, f"{path}.Hosts[{index}]", str(error)) from None


def bff_targets(configuration: Configuration) -> dict[str, Neighbours]:
    """Where each target of the IDMap is.

    Raises:
        ConfigError: one that no client is for.
    """
    proxy = configuration.session.BFFProxyClients
    found: dict[str, Neighbours] = {}
    for index, section in enumerate(proxy.Clients):
        path = f"BFFProxyClients.Clients[{index}]"
        if section.Etcd is None or not section.Etcd.Key:
            raise ConfigError("session.yaml", f"{path}.Etcd.Key", "is missing; the IDMap's target goes by it")
        found[section.Etcd.Key] = neighbours(("session.yaml", path), section)
    for service, target in proxy.IDMap.items():
        if target not in found:
            raise ConfigError(
                "session.yaml", f"BFFProxyClients.IDMap.{service}", f"nothing in Clients has the Etcd.Key {target!r}"
            )
    return {target: found[target] for target in set(proxy.IDMap.values())}


def registrations(
    role: sections.RoleName, configuration: Configuration
) -> list[tuple[tuple[str, ...], tuple[str, ...]]]:
    """Hosts of etcd where a process of that role is registered, and under which keys: those of teamgram's files.

    Raises:
        ConfigError: they cannot be used.
    """
    names: tuple[str, ...] = ()
    if role is sections.RoleName.SESSION:
        names = ("session",)
    elif role is sections.RoleName.BFF:
        # authsession lives in the same process.
        names = ("bff", "authsession")
    found: dict[tuple[str, ...], tuple[str, ...]] = {}
    for name in names:
        etcd = getattr(configuration, name).Etcd
        if etcd is None or not etcd.Hosts:
            continue
        check_etcd(f"{name}.yaml", "Etcd", etcd)
        if not etcd.Key:
            raise ConfigError(f"{name}.yaml", "Etcd.Key", "is empty; the others look for this process by it")
        hosts = tuple(etcd.Hosts)
        found[hosts] = (*found.get(hosts, ()), etcd.Key)
    return list(found.items())


def trust(section: sections.ClusterSection, data_dir: Path, addresses: list[tuple[str, str]]) -> Trust:
    """What connections between roles are protected by.

    Args:
        addresses: those of this process and of its neighbours, with where they are written.

    Raises:
        ConfigError: files that cannot be used, or none although somebody else could listen.
    """
    files = (section.CertFile, section.KeyFile, section.CAFile)
    if not any(files):
        for where, address in addresses:
            if not is_loopback(address) and not section.AllowPlaintext:
                raise ConfigError(
                    "operations.yaml",
                    "Cluster",
                    f"{address} ({where}) is beyond this machine: auth keys would cross the network as they are. Set "
                    "CertFile, KeyFile and CAFile, or AllowPlaintext: true if that network is nobody else's",
                )
        return Trust(None, None)
    if not all(files):
        raise ConfigError("operations.yaml", "Cluster", "TLS needs CertFile, KeyFile and CAFile")
    cert, key, ca = (str(data_dir / file) for file in files)
    try:
        return Trust(_context(cert, key, ca, is_server=True), _context(cert, key, ca, is_server=False))
    except (OSError, ssl.SSLError) as error:
        raise ConfigError("operations.yaml", "Cluster", f"its certificates cannot be used: {error}") from None


def _context(cert: str, key: str, ca: str, *, is_server: bool) -> ssl.SSLContext:
    purpose = ssl.Purpose.CLIENT_AUTH if is_server else ssl.Purpose.SERVER_AUTH
    context = ssl.create_default_context(purpose, cafile=ca)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.load_cert_chain(cert, key)
    context.verify_mode = ssl.CERT_REQUIRED
    context.set_alpn_protocols(["h2"])
    return context


def check_role(role: sections.RoleName, configuration: Configuration, data_dir: Path) -> None:
    """Whether the configuration says all that a process of that role needs to know of the others.

    Raises:
        ConfigError: the first thing that it does not.
    """
    addresses: list[tuple[str, str]] = []
    asked: list[Neighbours] = []
    if role is sections.RoleName.GNETWAY:
        asked = [neighbours(("gnetway.yaml", "Session"), configuration.gnetway.Session)]
    elif role is not sections.RoleName.ALL:
        file = configuration.session if role is sections.RoleName.SESSION else configuration.bff
        addresses = [(f"{role}.yaml: ListenOn", listen_address(f"{role}.yaml", file))]
        registrations(role, configuration)
    if role is sections.RoleName.SESSION:
        asked = list(bff_targets(configuration).values())
    if role is sections.RoleName.BFF and isinstance(configuration.authsession.Cache, str):
        raise ConfigError("authsession.yaml", "Cache", NO_REDIS)
    addresses += [(where.where, endpoint) for where in asked for endpoint in where.endpoints]
    trust(configuration.operations.Cluster, data_dir, addresses)


NO_REDIS = "names no Redis; role bff needs one: sign-in codes, QR tokens and devices are shared there"
