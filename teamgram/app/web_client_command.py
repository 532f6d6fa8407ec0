"""``teamgram client web``: is that a build that can be shown, what of it changes, and where will it be?"""

import argparse
from collections.abc import Sequence
from pathlib import Path

from teamgram.app import stage_settings
from teamgram.app.client_commands import NoClientMade
from teamgram.app.config.loader import Configuration, load_configuration
from teamgram.app.documents import is_path
from teamgram.clients.build import UnknownBuildError
from teamgram.clients.web_build import WebBuild, examine_web
from teamgram.clients.web_client import is_loopback, websocket_port
from teamgram.gnetway.settings import ListenerSettings

_MAX_ABSENT = 5
_NO_TLS = """\
no HTTP listener of gnetway.yaml could show it to a browser: one on 127.0.0.1 can, for browsers on this machine, and one
with CertFile and KeyFile. Browsers give their cryptography to no other page ("secure contexts")"""
_NO_WEBSOCKET = """\
no WebSocket listener of gnetway.yaml could be reached from a page of its HTTP listeners: it needs one at the same
address, with a certificate where the HTTP listener has one and without where it has none"""


def check_web(options: argparse.Namespace) -> int:
    """Say what was found in the build, the lines for gnetway.yaml, and the address."""
    directory = options.build.absolute()
    try:
        build = examine_web(directory)
    except (UnknownBuildError, OSError) as error:
        raise NoClientMade(f"{directory} is no build that is known here: {error}") from None
    path = options.path or build.app.path
    if not is_path(path):
        raise NoClientMade(f"{path!r} is no path: write it like {build.app.path}")
    configuration = load_configuration(options.config)
    listeners = stage_settings.listeners(configuration.gnetway.Gnetway, options.data_dir.absolute())
    print("\n".join(_findings(build)))
    there = _shown_at(configuration, options.data_dir.absolute(), directory)
    addresses = _addresses(listeners, there or path)
    if there:
        print(f"\nIt is in {options.config / 'gnetway.yaml'} already.")
    else:
        print(f"\nAdd to {options.config / 'gnetway.yaml'}, and reload the server (SIGHUP; or start it again):\n")
        if not configuration.gnetway.WebClients:
            print("WebClients:")
        print(f"  - Path: {path}\n    Directory: {directory}")
    print(f"\nThen it is at {' and '.join(addresses)}")
    return 0


def _findings(build: WebBuild) -> list[str]:
    lines = [f"{build.directory}: {build.app.name}, {len(build.files.sizes)} files"]
    lines += [f"  {place.what:<30} {place.times} in {place.file}" for place in build.places]
    lines += [f"  not shown: {left_out}" for left_out in build.files.left_out]
    lines += [f"  its page names it, not there:  {path}" for path in build.absent[:_MAX_ABSENT]]
    if build.absent:
        lines.append(
            f"  {len(build.absent)} files that its page names are not there: is all of the build in this directory?"
        )
    places = sum(place.times for place in build.places)
    lines.append(f"  {places} places, replaced while they are served: this server's key, and the address that a")
    lines.append("  browser came by; nothing in the directory is changed")
    return lines


def _shown_at(configuration: Configuration, data_dir: Path, directory: Path) -> str:
    for section in configuration.gnetway.WebClients:
        if (data_dir / section.Directory).resolve() == directory.resolve():
            return section.Path
    return ""


def _addresses(listeners: Sequence[ListenerSettings], path: str) -> list[str]:
    """Where browsers get it.

    Raises:
        NoClientMade: nowhere.
    """
    pages = [each for each in listeners if each.kind == "http" and (each.cert_file or _has_loopback(each.host))]
    if not pages:
        raise NoClientMade(_NO_TLS)
    usable = [page for page in pages if _websocket(listeners, page) is not None]
    if not usable:
        raise NoClientMade(_NO_WEBSOCKET)
    return [f"{'https' if page.cert_file else 'http'}://{_dialled(page.host)}:{page.port}{path}" for page in usable]


def _has_loopback(host: str) -> bool:
    return is_loopback(host) or host in ("0.0.0.0", "::")


def _websocket(listeners: Sequence[ListenerSettings], page: ListenerSettings) -> int | None:
    alike = [
        (each.kind, each.host, each.port)
        for each in listeners
        if bool(each.cert_file) == bool(page.cert_file) and not each.proxy_protocol_from
    ]
    return websocket_port(alike, _dialled(page.host).strip("[]"))


def _dialled(host: str) -> str:
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    return f"[{host}]" if ":" in host else host
