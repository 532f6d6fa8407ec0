"""``teamgram client desktop`` and ``tdlib``: copies of Telegram's apps that come to this server.

``client_arguments`` declares them.
"""

import argparse
import os
import re
import socket
import sys
import time
import urllib.request
from collections.abc import Callable
from ipaddress import IPv4Address
from pathlib import Path

from teamgram.app.config.loader import load_configuration
from teamgram.app.server_key import PUBLIC_FILE
from teamgram.app.stage_settings import listeners
from teamgram.clients import desktop
from teamgram.clients.build import Build, UnknownBuildError
from teamgram.clients.pointing import Server, point_at
from teamgram.gnetway.settings import ListenerSettings

#: An app's own port.
APP_PORT = 443
START_SECONDS = 30.0
_PROBE_SECONDS = 2.0
_MAX_METRICS_BYTES = 4 << 20
_FRAMES = re.compile(r'^gnetway_frames_total\{direction="in"\} (\S+)$', re.M)

_NO_DESKTOP = """\
no Telegram Desktop was found here. On Debian and Ubuntu:
    sudo apt install telegram-desktop
elsewhere take the portable build for your system from https://desktop.telegram.org and name it:
    teamgram client desktop --binary PATH"""

_OWN_PORTS = """\
It dials ports of its own: 443 (MTProto) and 80 (HTTP), TDLib also 5222. What is not served yet of these two lines,
add to gnetway.yaml and reload the server:
        - {host}:443        # below Proto: tcp
        - {host}:80         # below Proto: http
A server that is not root needs leave for them:
    AmbientCapabilities=CAP_NET_BIND_SERVICE                in its systemd unit
or  sudo sysctl net.ipv4.ip_unprivileged_port_start=80      for every program of the machine
or, without the YAML, a redirect:
    sudo iptables -t nat -A OUTPUT -d {host} -p tcp --dport 443 -j REDIRECT --to-ports {tcp_port}"""


class NoClientMade(Exception):
    """What went wrong, in words for the person at the terminal."""


def run_command(options: argparse.Namespace, command: Callable[[argparse.Namespace], int]) -> int:
    """Run it; the exit code. What goes wrong is told in a few lines."""
    try:
        return command(options)
    except (NoClientMade, UnknownBuildError) as error:
        print(f"teamgram: {error}", file=sys.stderr)
        return 1


def make_desktop(options: argparse.Namespace) -> int:
    """Make the copy, say what was found, start it and see that it came through."""
    original = options.binary or desktop.find_binary()
    if original is None:
        raise NoClientMade(_NO_DESKTOP)
    directory = (options.directory or options.data_dir / "clients" / "desktop").absolute()
    program, copy = _copied(options, original.absolute(), directory)
    if options.no_start:
        return 0
    if not desktop.is_for_this_machine(program):
        print(f"It is a program for another system: take {directory} there and start it with -workdir DIRECTORY.")
        return 0
    if sys.platform == "linux" and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        print("There is no display here: run the same command in a graphical session to start it.")
        return 0
    if sys.platform == "darwin":
        desktop.sign(copy)
    return _start(options, copy, directory)


def make_tdlib(options: argparse.Namespace) -> int:
    """Make the copy and say what was found."""
    directory = (options.directory or options.data_dir / "clients" / "tdlib").absolute()
    _copied(options, options.library.absolute(), directory)
    return 0


def _copied(options: argparse.Namespace, original: Path, directory: Path) -> tuple[bytes, Path]:
    program = desktop.read_program(desktop.program_in(original))
    address, port = _where(options)
    try:
        changed, build = _pointed(program, address, port, _public_key(options), is_asked=options.port is not None)
    except UnknownBuildError as error:
        raise NoClientMade(f"{original} is no build that is known here: {error}") from None
    except ValueError as error:
        raise NoClientMade(str(error)) from None
    copy = desktop.lay_copy(original, changed, directory)
    print(f"{original}\n  -> {copy}")
    print(_findings(build, address, port))
    if not build.ports or port == APP_PORT:
        print(_OWN_PORTS.format(host=address, tcp_port=port if port != APP_PORT else 10443))
    return changed, copy


def _pointed(program: bytes, address: IPv4Address, port: int, key: bytes, *, is_asked: bool) -> tuple[bytes, Build]:
    """With the port where the build's are known; without it, where they are not and nobody asked for one."""
    if port == APP_PORT:
        return point_at(program, Server(address, None, key))
    try:
        return point_at(program, Server(address, port, key))
    except UnknownBuildError:
        if is_asked:
            raise
        return point_at(program, Server(address, None, key))


def _findings(build: Build, address: IPv4Address, port: int) -> str:
    lines = [f"  key          {place.text}, at byte {place.offset}" for place in build.keys]
    lines += [f"  address      {place.text}, at byte {place.offset}" for place in (*build.ipv4, *build.ipv6)]
    ours = f"the server's key and {address}"
    if build.ports and port != APP_PORT:
        lines += [f"  port         {place.text}, at byte {place.offset}" for place in build.ports]
        ours = f"the server's key, {address} and port {port}"
    lines.append(f"  {len(lines)} places, each as long as it was: now {ours}; nothing else changed")
    return "\n".join(lines)


# Where the server is


def _where(options: argparse.Namespace) -> tuple[IPv4Address, int]:
    """The address and the TCP port that the app shall dial."""
    if options.address and options.port:
        return _resolved(options.address), options.port
    section = load_configuration(options.config).gnetway.Gnetway
    usable = [each for each in listeners(section, options.data_dir.absolute()) if _is_plain(each)]
    if not usable:
        raise NoClientMade("gnetway.yaml has no plain TCP listener on IPv4: give --address and --port")
    address = _resolved(options.address or _dialled(usable[0].host))
    there = [each.port for each in usable if options.address or _dialled(each.host) == str(address)]
    return address, options.port or (APP_PORT if APP_PORT in there else there[0])


def _is_plain(listener: ListenerSettings) -> bool:
    guarded = listener.cert_file or listener.secret or listener.proxy_protocol_from
    return listener.kind == "tcp" and ":" not in listener.host and listener.port != 0 and not guarded


def _dialled(host: str) -> str:
    return "127.0.0.1" if host == "0.0.0.0" else host


def _resolved(host: str) -> IPv4Address:
    """The IPv4 address of a name; an app's places are too short for names.

    Raises:
        NoClientMade: it has none.
    """
    try:
        found = socket.getaddrinfo(host, None, socket.AF_INET, socket.SOCK_STREAM)
        return IPv4Address(found[0][4][0])
    except (OSError, ValueError):
        raise NoClientMade(f"{host} has no IPv4 address") from None


def _public_key(options: argparse.Namespace) -> bytes:
    path = options.key or options.data_dir / PUBLIC_FILE
    try:
        return bytes(path.read_bytes())
    except FileNotFoundError:
        raise NoClientMade(
            f"{path} is not there: start the server once (it makes its key), or name its public key with --key"
        ) from None


# Starting


def _start(options: argparse.Namespace, copy: Path, directory: Path) -> int:
    before = _frames_in(options)
    process = desktop.start(copy, directory, os.environ)
    print(f"started, process {process.pid}; its data is in {directory / 'data'}")
    if before is None:
        print(
            "Whether it comes through cannot be seen from here (/metrics did not answer): look into the server's log."
        )
        return 0
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until:
        time.sleep(0.5)
        if (code := process.poll()) is not None:
            return _ended(code, directory)
        if (_frames_in(options) or 0) > before:
            print("It came through: the server has heard from it under a key of its own.")
            print("Sign in with any number; `teamgram codes` shows the code that waits for it.")
            return 0
    print(
        f"teamgram: nothing was heard from it within {START_SECONDS:g} s. Is its window open, and the server's port "
        f"reachable from here? It keeps trying; its log is {directory / 'data' / 'log.txt'}",
        file=sys.stderr,
    )
    return 1


def _ended(code: int, directory: Path) -> int:
    output = (directory / "output.txt").read_text(errors="replace").strip().splitlines()[-5:]
    # A second start only brings the first one's window to the front.
    said = "\n".join(output)
    if code == 0:
        print("It handed over to the copy that runs already, or was closed.")
        return 0
    print(f"teamgram: it ended with {code}:\n{said}", file=sys.stderr)
    return 1


def _frames_in(options: argparse.Namespace) -> float | None:
    """Encrypted frames that the server has had from its clients; None when its metrics cannot be read from here."""
    from teamgram.app.gateway_client import find_target
    from teamgram.openclaw.config.errors import OpenClawConfigError

    if options.address and not _resolved(options.address).is_loopback:
        return None  # what answers here may be another server
    try:
        target = find_target(options.config, options.data_dir.absolute(), token="-")
        address = target.url.replace("ws://", "http://", 1)
        with urllib.request.urlopen(f"{address}/metrics", timeout=_PROBE_SECONDS) as response:
            text = response.read(_MAX_METRICS_BYTES).decode("utf-8", "replace")
    except (OSError, ValueError, OpenClawConfigError):
        return None
    found = _FRAMES.search(text)
    return float(found[1]) if found else None
