"""What a manhole's shell begins with: tables of what is alive, and a way to show, close or watch any of it.

It shows ids, states and sizes. Keys, salts and contents are left out on
purpose: a screen may be shared, a scrollback may be kept.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from twisted.internet.defer import Deferred

from teamgram.app.stages import Stages
from teamgram.gnetway.conn_context import ConnContext
from teamgram.session.main_auth import MainAuthWrapper
from teamgram.session.session_list import ClientSession

_SHOWN_ROWS = 60

HELP = """\
connections()   wrappers()   sessions(user_id=0)   queues()
show(x)    x: one of those objects, or a conn_id, session_id, auth_key_id or user_id
close(x)   closes a connection; ends a session; closes every connection of a key
debug(auth_key_id)   logs each frame and request of one key; debug(auth_key_id, False) ends it
reload()   as SIGHUP does        stages   everything else"""

Columns = dict[str, Callable[[Any], Any]]


class Table(list[Any]):
    """Objects, shown as a table."""

    def __init__(self, rows: Iterable[Any], columns: Columns) -> None:
        super().__init__(rows)
        self._columns = columns

    def __repr__(self) -> str:
        lines = [list(self._columns)]
        lines += [[str(read(row)) for read in self._columns.values()] for row in self[:_SHOWN_ROWS]]
        widths = [max(len(line[index]) for line in lines) for index in range(len(self._columns))]
        text = [
            "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines
        ]
        if len(self) > _SHOWN_ROWS:
            text.append(f"… and {len(self) - _SHOWN_ROWS} more")
        return "\n".join([*text, f"{len(self)} in all"])


_CONNECTION: Columns = {
    "conn_id": lambda conn: conn.ref.conn_id,
    "transport": lambda conn: conn.kind,
    "client": lambda conn: conn.client_addr,
    "auth_key_id": lambda conn: conn.key.auth_key_id if conn.key else 0,
    "sessions": lambda conn: len(conn.sessions),
    "awaits": lambda conn: conn.blocked or "-",
    "writable": lambda conn: conn.writable,
    "closing": lambda conn: conn.closing or "-",
}
_WRAPPER: Columns = {
    "perm_auth_key_id": lambda wrapper: wrapper.perm_auth_key_id,
    "user_id": lambda wrapper: wrapper.user_id,
    "online": lambda wrapper: wrapper.online,
    "layer": lambda wrapper: wrapper.client.layer,
    "device": lambda wrapper: wrapper.client.device_model,
    "keys": lambda wrapper: len(wrapper.lists),
    "sessions": lambda wrapper: sum(len(keys.sessions) for keys in wrapper.lists),
    "data_chan": lambda wrapper: len(wrapper.session_data_chan),
}
_SESSION: Columns = {
    "session_id": lambda session: session.core.session_id,
    "auth_key_id": lambda session: session.keys.auth_key_id,
    "key": lambda session: session.keys.key_type.name,
    "layer": lambda session: session.layer,
    "client": lambda session: session.client_addr,
    "conn_id": lambda session: session.conn.conn_id if session.conn else "-",
    "running": lambda session: session.core.running,
    "unsent": lambda session: session.core.outbox.queued_bytes,
    "unacked": lambda session: session.core.outbox.unacked_bytes,
    "updates": lambda session: session.wants_updates,
}
_COLUMNS: dict[type, Columns] = {
    ConnContext: {**_CONNECTION, "close_date": lambda conn: round(conn.close_date), "local": lambda c: c.local_addr},
    MainAuthWrapper: {**_WRAPPER, "app": lambda wrapper: wrapper.client.app_version, "ready": lambda w: w.ready},
    ClientSession: {
        **_SESSION,
        "connections": lambda session: [conn.conn_id for conn in session.connections],
        "called_at": lambda session: round(session.called_at),
    },
}


class LiveView:
    """A running process, looked at."""

    def __init__(self, stages: Stages, reload: Callable[[], Deferred[bool]]) -> None:
        self._stages = stages
        self._reload = reload

    def namespace(self) -> dict[str, Any]:
        """The names of a new shell."""
        return {
            "__doc__": HELP,
            "stages": self._stages,
            "connections": self.connections,
            "wrappers": self.wrappers,
            "sessions": self.sessions,
            "queues": self.queues,
            "show": self.show,
            "close": self.close,
            "debug": self.debug,
            "reload": self._reload,
            "usage": lambda: print(HELP),
        }

    def connections(self) -> Table:
        """Every open connection."""
        return Table(self._stages.gnetway.connections, _CONNECTION)

    def wrappers(self) -> Table:
        """Every permanent key (and unbound temporary one) in memory."""
        return Table(self._stages.session.stage.keys.wrappers.values(), _WRAPPER)

    def sessions(self, user_id: int = 0) -> Table:
        """Every session in memory, or one user's."""
        found = [
            session
            for wrapper in self.wrappers()
            if user_id in (0, wrapper.user_id)
            for keys in wrapper.lists
            for session in keys.sessions
        ]
        return Table(found, _SESSION)

    def queues(self) -> Table:
        """What waits, and where."""
        stages, stage = self._stages, self._stages.session.stage
        sessions = self.sessions()
        return Table(
            [
                ("frames in session_data_chans", sum(len(w.session_data_chan) for w in stage.keys.wrappers.values())),
                ("requests running", len(stage.requests.running)),
                ("sessions with requests that wait for others", len(stage.requests.waiting)),
                ("bytes unsent", sum(session.core.outbox.queued_bytes for session in sessions)),
                ("bytes unacknowledged", sum(session.core.outbox.unacked_bytes for session in sessions)),
                ("users whose updates wait for a read", stages.services.live.waiting_users),
                ("database reads", stages.database.waiting_reads),
                ("database writes", stages.database.waiting_writes),
                ("key exchanges", len(stages.gnetway.exchanges)),
                ("auth keys being asked for", stages.gnetway.auth_keys.queries_in_flight),
            ],
            {"queue": lambda row: row[0], "waiting": lambda row: row[1]},
        )

    def find(self, x: Any) -> Any:
        """The object behind a number, or what was given.

        Raises:
            LookupError: nothing alive has that number.
        """
        if not isinstance(x, int):
            return x
        conn = self._stages.gnetway.connections.get(x)
        if conn is not None:
            return conn
        keys = self._stages.session.stage.keys
        if x in keys.lists:
            return keys.wrapper_of(keys.lists[x])
        for session in self.sessions():
            if session.core.session_id == x:
                return session
        of_user = [wrapper for wrapper in keys.wrappers.values() if wrapper.user_id == x]
        if of_user:
            return Table(of_user, _WRAPPER)
        raise LookupError(f"no connection, auth key, session or signed-in user {x} is in memory")

    def show(self, x: Any) -> None:
        """Print what is known of a connection, a wrapper, a session, a user's wrappers, or a number of one."""
        found = self.find(x)
        columns = _COLUMNS.get(type(found))
        if columns is None:
            print(found if isinstance(found, Table) else f"nothing is shown of a {type(found).__name__}")
            return
        print(type(found).__name__)
        for name, read in columns.items():
            print(f"  {name:<18}{read(found)}")
        if isinstance(found, ClientSession):
            requests = self._stages.session.stage.requests
            print(f"  {'methods':<18}{[running.route.method for running in requests.running_of(found)]}")
            print(f"  {'waiting':<18}{len(requests.waiting.get(found, ()))}")

    def close(self, x: Any) -> str:
        """Close a connection, end a session, or close every connection of a key; clients come again by themselves."""
        found = self.find(x)
        gnetway = self._stages.gnetway
        if isinstance(found, ConnContext):
            gnetway.connections.close(found, "closed by the operator")
            return f"connection {found.ref.conn_id} closes"
        if isinstance(found, ClientSession):
            self._stages.session.stage.sessions.end(found)
            return f"session {found.core.session_id} ended"
        if isinstance(found, MainAuthWrapper):
            return self._close_wrappers([found])
        if isinstance(found, Table):
            return self._close_wrappers([wrapper for wrapper in found if isinstance(wrapper, MainAuthWrapper)])
        raise LookupError(f"a {type(found).__name__} cannot be closed")

    def _close_wrappers(self, wrappers: Sequence[MainAuthWrapper]) -> str:
        gnetway = self._stages.gnetway
        ids = {keys.auth_key_id for wrapper in wrappers for keys in wrapper.lists}
        closing = [conn for conn in gnetway.connections if any(conn.uses_key(auth_key_id) for auth_key_id in ids)]
        for conn in closing:
            gnetway.connections.close(conn, "closed by the operator")
        return f"{len(closing)} connections close"

    def debug(self, auth_key_id: int, on: bool = True) -> str:
        """Log each frame and request of one auth key (its permanent or a temporary one), or end that."""
        watched = self._stages.session.stage.watched.set(auth_key_id, on)
        return f"watched: {', '.join(map(str, sorted(watched))) or 'none'}"
