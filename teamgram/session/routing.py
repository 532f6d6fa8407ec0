"""Where a method goes: constructor id -> name -> RPC service -> target of the IDMap.

``rpc_services.tsv`` is the project's copy of which method belongs to which
service (teamgram's split, and a service for what clients ask by themselves that
it has none for); the IDMap of ``etc/session.yaml`` says which services there
are and who serves each.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from teamgram.interfaces.rpc import RpcCaller
from teamgram.session.counts import MethodTimes

_ID_MAP_PREFIX = "/mtproto."

_NOT_FOR_UPDATES = ("upload.", "help.", "langpack.", "auth.exportAuthorization", "auth.importAuthorization")
_BEFORE_BINDING = ("help.", "langpack.")
_BRING_FILES = ("upload.",)
_GIVE_FILES = frozenset(("upload.getFile", "upload.getWebFile", "upload.getCdnFile"))
_BEFORE_INIT = frozenset(("auth.bindTempAuthKey",))

UNKNOWN_METHOD = "unknown"
"""What ids that are no method of any layer are counted as."""

MAX_KNOWN_IDS = 8192
"""Constructor ids remembered; more than all layers' methods together, so only hostile ids pass it."""


@dataclass(frozen=True, slots=True)
class MethodRoute:
    """One method that somebody serves.

    Attributes:
        for_updates: calling it makes a session the one that gets the key's
            updates. What file and helper connections call does not: their
            sessions come and go beside the main one, under the same key.
        before_binding: a temporary key may call it before it is bound.
        before_init: so it may, and before any ``invokeWithLayer``.
        gives_files: its answers are pieces of files.
        brings_files: its requests are as long as the part of a file that they bring.
        times: of its answers, under whatever layer's id it was asked for.
    """

    method: str
    service: str
    caller: RpcCaller
    for_updates: bool
    before_binding: bool
    before_init: bool
    brings_files: bool
    gives_files: bool
    times: MethodTimes


@cache
def services_by_method() -> Mapping[str, str]:
    """TL method name -> RPC service name, for every method of every layer."""
    text = files("teamgram.session").joinpath("rpc_services.tsv").read_text("utf-8")
    lines = (line.split("\t", 1) for line in text.splitlines() if line and not line.startswith("#"))
    return {method: service for method, service in lines}  # noqa: C416 (mypy sees pairs)


def service_key(name: str) -> str:
    """A service as it is looked up, from its name or its key in an IDMap.

    The case does not matter: the descriptions of teamgram's configuration write
    ``RPCQrcode`` and ``RPCAutodownload``, teamgram's own file ``RPCQrCode`` and ``RPCAutoDownload``.
    """
    return name.removeprefix(_ID_MAP_PREFIX).casefold()


class Routing:
    """Methods to callers, by the IDMap.

    Args:
        id_map: teamgram's ``BFFProxyClients.IDMap``: ``"/mtproto.RPCMessages": "bff.bff"``.
        callers: who is behind each target (``bff.bff``).
        name_of: literal TL name of a constructor id, None for an unknown one.

    Raises:
        ValueError: the IDMap names a target that no caller stands behind.
    """

    def __init__(
        self,
        id_map: Mapping[str, str],
        callers: Mapping[str, RpcCaller],
        name_of: Callable[[int], str | None],
    ) -> None:
        self._name_of = name_of
        self._times: dict[str, MethodTimes] = {}
        self.set_id_map(id_map, callers)

    def set_id_map(self, id_map: Mapping[str, str], callers: Mapping[str, RpcCaller]) -> None:
        """Another IDMap from now on; requests under way end where they began, and what was counted stays.

        Raises:
            ValueError: it names a target that no caller stands behind; nothing changed.
        """
        by_service: dict[str, RpcCaller] = {}
        for key, target in id_map.items():
            if target not in callers:
                raise ValueError(f"IDMap: nobody is behind {target!r} (for {key!r})")
            by_service[service_key(key)] = callers[target]
        self.id_map = dict(id_map)
        self._callers = by_service
        self._known: dict[int, MethodRoute | str | None] = {}
        self._routes: dict[str, MethodRoute] = {}

    def times(self) -> Iterable[tuple[str, MethodTimes]]:
        """What was counted of each method that was asked for, also of those that nobody serves."""
        return self._times.items()

    def times_of(self, method: str) -> MethodTimes:
        """Where the answers to a method of the schema, or to ``UNKNOWN_METHOD``, are counted."""
        return self._times.setdefault(method, MethodTimes())

    def route(self, constructor_id: int) -> MethodRoute | str | None:
        """The route; a method's bare name when nobody serves it; None when the id is no method of any layer."""
        try:
            return self._known[constructor_id]
        except KeyError:
            pass
        name = self._name_of(constructor_id)
        found = None if name is None else self._route_by_name(name)
        if len(self._known) < MAX_KNOWN_IDS:
            self._known[constructor_id] = found
        return found

    def _route_by_name(self, name: str) -> MethodRoute | str:
        route = self._routes.get(name)
        if route is not None:
            return route
        service = services_by_method().get(name, "")
        caller = self._callers.get(service_key(service))
        if caller is None:
            return name
        before_init = name in _BEFORE_INIT
        route = self._routes[name] = MethodRoute(
            method=name,
            service=service,
            caller=caller,
            for_updates=not before_init and not name.startswith(_NOT_FOR_UPDATES),
            before_binding=before_init or name.startswith(_BEFORE_BINDING),
            before_init=before_init,
            brings_files=name.startswith(_BRING_FILES),
            gives_files=name in _GIVE_FILES,
            times=self.times_of(name),
        )
        return route
