"""The one door: who knocks, whether that is this machine, and what a wrong secret costs. Plain Python.

Every way in (the WebSocket of each dialect, HTTP, the small dialect's own
port) makes a :class:`Visitor` of what it knows of the peer and asks here;
nothing else reads forwarded addresses, ``Host``, ``Origin`` or the secret.

**This machine** is a peer on loopback that asked for a loopback name, came
from no page of elsewhere and sent nothing that a proxy adds. A proxy on this
machine that adds nothing cannot be told from a program of this machine; so
the operator who has one names it in ``gateway.trustedProxies``, and from then
on no device is paired without being asked for.

**Host** is checked on every road: a page may have its own name resolve to
this machine (DNS rebinding), and is then of the same origin as we are.
"""

import re
import socket
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any
from urllib.parse import urlsplit

from teamgram.net.addresses import address_group, is_loopback, is_within, parse_address, parse_networks
from teamgram.openclaw.config.sections import GatewaySection
from teamgram.openclaw.gateway import auth

SHARED_SECRET, DEVICE_TOKEN, PAIRING_CODE = "shared-secret", "device-token", "pairing-code"

#: Names of headers that proxies add and clients do not: X-Forwarded-*, Forwarded, X-Real-IP, CF-Connecting-IP,
#: True-Client-IP, Fastly-Client-IP, X-Envoy-*, Via and their like.
_FORWARDING = re.compile(
    r"forwarded|real-?ip|client-?ip|connecting-?ip|remote-?(addr|ip|user|host)|x-original-|proxy|"
    r"^(via|cdn-loop|x-host|x-scheme|x-request-start)$|^(cf|x-envoy|fly|fastly|tailscale|x-amzn|x-arr|x-azure)-"
)
_LABELS = re.compile(r"[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*")
_MAX_HOST = 255


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who knocks.

    Attributes:
        ip: the client's address; what a proxy forwards counts only from a proxy that is named in ``trustedProxies``.
        network: what limits count by: the address, or its /64.
        local: a program of this machine, as far as anybody can tell.
        forwarded: something added a header that only proxies add.
        trusted: the peer is a proxy that is named in ``trustedProxies``.
        host: the name asked for, without port, in lower case; None: none was sent; empty: what was sent is none.
        origin: the page it comes from, None for what is no browser.
    """

    ip: str
    network: str
    local: bool
    forwarded: bool
    trusted: bool
    host: str | None
    origin: str | None


class Answer(Enum):
    """What becomes of a secret."""

    OPEN = "open"
    MISSING = "missing"
    WRONG = "wrong"
    LOCKED = "locked"


@dataclass(frozen=True, slots=True)
class SecretVerdict:
    """An answer and what it costs.

    Attributes:
        hold_ms: keep the answer back so long (WRONG).
        wait_ms: nothing is looked at before that (LOCKED).
    """

    answer: Answer
    hold_ms: int = 0
    wait_ms: int = 0


class Door:
    """Decides for every way in.

    Attributes:
        secret: the shared secret in force; :meth:`use` changes it.
    """

    def __init__(
        self, settings: Callable[[], GatewaySection], seconds: Callable[[], float], own_names: Iterable[str] = ()
    ) -> None:
        """Args:
        settings: the section ``gateway`` in force.
        own_names: what this machine is called, beside ``localhost`` and its addresses.
        """
        self._settings = settings
        self._seconds = seconds
        self._own_names = frozenset(name.lower() for name in own_names)
        self.secret = auth.SharedSecret(auth.NONE, "")
        self._limiter = auth.FailureLimiter(auth.RateLimit())

    def use(self, secret: auth.SharedSecret) -> None:
        """Another secret, and the limits as they are configured now."""
        self.secret = secret
        section = self._settings().auth.rate_limit
        limit = auth.RateLimit(section.max_attempts, section.window_ms, section.lockout_ms, section.exempt_loopback)
        if self._limiter.limit != limit:
            self._limiter = auth.FailureLimiter(limit)

    # Who

    def caller(self, peer_ip: str, headers: Mapping[str, str]) -> Visitor:
        """Who is at the other end of a socket.

        Args:
            peer_ip: the socket's address.
            headers: of the HTTP request, names in lower case.
        """
        proxies = parse_networks(self._settings().trusted_proxies)
        trusted = is_within(peer_ip, proxies)
        forwarded = any(_FORWARDING.search(name) for name in headers)
        host, origin = _host_name(headers.get("host")), headers.get("origin")
        ip = peer_ip
        if trusted:
            # From the right: what stands further left was written by whoever is there.
            for hop in reversed(headers.get("x-forwarded-for", "").split(",")):
                address = _forwarded_address(hop)
                if address is None:
                    break
                ip = address
                if not is_within(address, proxies):
                    break
        here = is_loopback(peer_ip) or peer_ip in self._settings().local_addresses
        local = (
            here
            and not forwarded
            and host is not None
            and (_is_loopback_name(host) or host in self._settings().local_addresses)
            and (origin is None or _is_loopback_page(origin))
        )
        return Visitor(ip, address_group(ip), local, forwarded, trusted, host, origin)

    # Before anything is read

    def turned_away(self, caller: Visitor) -> str | None:
        """Why nothing at all is served to this caller, None when that depends on what it wants."""
        if caller.host is not None and not self.serves(caller.host):
            return "this Host is not served here (list it in gateway.allowedHosts)"
        if self.secret.mode == auth.NONE and caller.forwarded and not caller.trusted:
            return "without authentication only programs of this machine and trusted proxies are served"
        return None

    def serves(self, host: str) -> bool:
        """Whether a name is one of ours: an address, this machine's name, or one that is configured.

        An address is safe whichever it is: only a name can be made to point here by somebody else.
        """
        if _is_loopback_name(host) or parse_address(host) is not None or host in self._own_names:
            return True
        section = self._settings()
        allowed = section.control_ui.allowed_origins
        named = {_host_name(name) for name in (*section.allowed_hosts, section.custom_bind_host) if name}
        return "*" in allowed or host in named or host in {_hostname_of(origin) for origin in allowed}

    def page_allowed(self, origin: str | None) -> bool:
        """Whether a page of this origin may connect: loopback pages and those listed."""
        if not origin or _hostname_of(origin) is None:
            return False
        allowed = self._settings().control_ui.allowed_origins
        if _is_loopback_page(origin) or "*" in allowed:
            return True
        return origin.lower().rstrip("/") in {each.lower().rstrip("/") for each in allowed}

    def may_call_api(self, origin: str | None, path: str) -> bool:
        """Whether a page of this origin may call ``/v1``: those that the configuration lists for it."""
        if not origin or not path.startswith("/v1/"):
            return False
        allowed = {each.lower().rstrip("/") for each in self._settings().http.cors.allowed_origins}
        return "*" in allowed or origin.lower().rstrip("/") in allowed

    # Secrets

    def pairs_silently(self, caller: Visitor) -> bool:
        """Whether a device of this caller, who has the secret, is approved without asking anybody."""
        section = self._settings()
        return caller.local and section.silent_local_pairing and not section.trusted_proxies

    def locked_for_ms(self, caller: Visitor, kind: str) -> int:
        """How long no credential of this kind is looked at; 0 when it may try."""
        return self._limiter.locked_for_ms(kind, caller.network, caller.local, self._seconds() * 1000)

    def failed(self, caller: Visitor, kind: str) -> int:
        """A credential was wrong; milliseconds to keep the answer back."""
        return self._limiter.failed(kind, caller.network, caller.local, self._seconds() * 1000)

    def succeeded(self, caller: Visitor, kind: str) -> None:
        """A credential was right."""
        self._limiter.succeeded(kind, caller.network, caller.local)

    def check(self, caller: Visitor, given: Mapping[str, Any]) -> SecretVerdict:
        """Judge the shared secret in ``given["token"]`` or ``given["password"]``."""
        if self.secret.mode == auth.NONE:
            return SecretVerdict(Answer.OPEN)
        wait_ms = self.locked_for_ms(caller, SHARED_SECRET)
        if wait_ms:
            return SecretVerdict(Answer.LOCKED, wait_ms=wait_ms)
        if not (given.get("token") or given.get("password")):
            return SecretVerdict(Answer.MISSING)
        if self.secret.matches(given):
            self.succeeded(caller, SHARED_SECRET)
            return SecretVerdict(Answer.OPEN)
        return SecretVerdict(Answer.WRONG, hold_ms=self.failed(caller, SHARED_SECRET))


def own_names() -> set[str]:
    """What this machine calls itself: its host name, the part before the first dot, and that in ``.local``."""
    name = socket.gethostname().lower()
    short = name.partition(".")[0]
    return {name, short, f"{short}.local"} - {""}


def bearer(headers: Mapping[str, str]) -> str:
    """The token of ``Authorization: Bearer``, empty when there is none."""
    scheme, _, token = headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def _host_name(header: str | None) -> str | None:
    """The name in a ``Host`` header without its port; empty when it is none at all."""
    if header is None:
        return None
    text = header.strip().lower()
    if len(text) > _MAX_HOST:
        return ""
    if text.startswith("["):
        name, bracket, port = text[1:].partition("]")
        is_fine = bool(bracket) and parse_address(name) is not None and (not port or port[:1] == ":")
        return name if is_fine and (port[1:].isdigit() or len(port) < 2) else ""
    if text.count(":") > 1:
        return text if parse_address(text) is not None else ""
    name, _, port = text.partition(":")
    name = name.removesuffix(".")
    return name if _LABELS.fullmatch(name) and (port.isdigit() or not port) else ""


def _hostname_of(origin: str) -> str | None:
    try:
        parts = urlsplit(origin)
        hostname = parts.hostname
    except ValueError:
        return None
    return hostname.lower() if parts.scheme in ("http", "https") and hostname else None


def _is_loopback_name(host: str) -> bool:
    return host == "localhost" or host.endswith(".localhost") or is_loopback(host)


def _is_loopback_page(origin: str) -> bool:
    hostname = _hostname_of(origin)
    return hostname is not None and _is_loopback_name(hostname)


def _forwarded_address(hop: str) -> str | None:
    """An address as proxies write it: alone, with a port, in brackets."""
    text = hop.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    address = parse_address(text)
    return None if address is None else str(address)
