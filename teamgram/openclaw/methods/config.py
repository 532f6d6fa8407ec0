"""``config.*``: the configuration over RPC, secrets never shown, stale writers refused."""

from typing import Any

from twisted.internet.threads import deferToThread

import msgspec

from teamgram.openclaw.config import json5, merge, openclaw_keys, redaction
from teamgram.openclaw.config.errors import OpenClawConfigError
from teamgram.openclaw.config.live import Change, LiveConfig
from teamgram.openclaw.config.secret_sources import SecretsWanted
from teamgram.openclaw.config.sections import OpenClawFile, reload_kind
from teamgram.openclaw.gateway import scopes
from teamgram.openclaw.gateway.auth import PASSWORD
from teamgram.openclaw.gateway.door import Door
from teamgram.openclaw.gateway.errors import invalid
from teamgram.openclaw.gateway.lifetime import Lifetime
from teamgram.openclaw.gateway.router import Call, method


class ConfigMethods:
    """Reading, patching, replacing."""

    def __init__(self, lifetime: Lifetime, config: LiveConfig, door: Door) -> None:
        self._lifetime = lifetime
        self._config = config
        self._door = door

    @method("config.get", scopes.READ)
    def get(self, call: Call) -> dict[str, Any]:
        """The tree as written and as it is in force, with the hash that a change has to name."""
        config = self._config
        shown = redaction.redact(config.tree)
        resolved = redaction.redact(self._in_force())
        problem = config.base_error
        return {
            "path": str(config.path),
            "exists": config.path.exists(),
            "raw": None,
            "parsed": shown,
            "sourceConfig": shown,
            "resolved": resolved,
            "config": shown,
            "runtimeConfig": resolved,
            "hash": config.hash,
            "valid": problem is None,
            "issues": [] if problem is None else problem.issues,
            "warnings": [*openclaw_keys.told(config.unused), *config.lacking],
            "legacyIssues": [],
        }

    @method("config.patch", scopes.ADMIN, control_plane_write=True)
    async def patch(self, call: Call) -> dict[str, Any]:
        """Merge a JSON5 patch; null deletes."""
        raw = self._parse(call)
        self._check_base(call, raw)
        tree = merge.merge(self._config.tree, self._with_secrets(raw))
        return await self._replace(tree, "config-patch")

    @method("config.set", scopes.ADMIN, control_plane_write=True)
    async def set(self, call: Call) -> dict[str, Any]:
        """Put a whole tree in force."""
        raw = self._parse(call)
        self._check_base(call, raw)
        return await self._replace(self._with_secrets(raw), "config-set")

    @method("config.apply", scopes.ADMIN, control_plane_write=True)
    async def apply(self, call: Call) -> dict[str, Any]:
        """As ``config.set``; and restart if something of it needs that."""
        raw = self._parse(call)
        self._check_base(call, raw)
        answer = await self._replace(self._with_secrets(raw), "config-apply")
        if answer["requiresRestart"]:
            self._lifetime.request_restart("config.apply")
        return answer

    @method("config.schema", scopes.READ)
    def schema(self, call: Call) -> dict[str, Any]:
        """JSON Schema of the whole file."""
        return {
            "schema": msgspec.json.schema(OpenClawFile),
            "uiHints": {},
            "version": self._lifetime.version,
            "generatedAt": round(self._lifetime.started_at * 1000),
        }

    @method("config.schema.lookup", scopes.READ)
    def lookup(self, call: Call) -> dict[str, Any]:
        """The schema of one path, and whether changing it takes a restart."""
        path = call.params["path"]
        document = msgspec.json.schema(OpenClawFile)
        node: Any = document
        for part in path.split("."):
            node = _resolve(document, node)
            below = node.get("properties", {}).get(part)
            if below is None and isinstance(node.get("additionalProperties"), dict):
                below = node["additionalProperties"]
            if below is None and node.get("type") == "object" and "properties" not in node:
                below = {}  # A section that is taken as it is may hold anything.
            if below is None and node == {}:
                below = {}
            if below is None:
                raise invalid(f"unknown config path: {path}")
            node = below
        node = _resolve(document, node)
        children = [
            {"key": name, "path": f"{path}.{name}", "reloadKind": reload_kind(f"{path}.{name}")}
            for name in node.get("properties", {})
        ]
        shown = {key: value for key, value in node.items() if key not in ("properties", "additionalProperties")}
        return {"path": path, "schema": shown, "reloadKind": reload_kind(path), "hintPath": path, "children": children}

    def _parse(self, call: Call) -> dict[str, Any]:
        try:
            raw = json5.parse(call.params["raw"])
        except json5.Json5Error as error:
            raise invalid(f"SyntaxError: {error}") from None
        if not isinstance(raw, dict):
            raise invalid("config raw must be an object")
        return raw

    def _in_force(self) -> dict[str, Any]:
        """All settings as they hold now: defaults filled in, the secret that was made, the ports that are open."""
        config = self._config
        tree: dict[str, Any] = msgspec.to_builtins(config.sections)
        for path, value in config.held_back.items():
            merge.put(tree, path, value)
        auth = tree["gateway"]["auth"]
        secret = self._door.secret
        if secret.secret:
            auth["password" if secret.mode == PASSWORD else "token"] = secret.secret
        return tree

    def _with_secrets(self, raw: dict[str, Any]) -> dict[str, Any]:
        try:
            restored: dict[str, Any] = redaction.unredact(raw, self._config.tree)
        except redaction.UnknownPlaceholder as error:
            raise invalid(
                f"invalid config: {error}", {"issues": [{"path": error.path, "message": str(error)}]}
            ) from None
        return restored

    def _check_base(self, call: Call, raw: dict[str, Any]) -> None:
        given = call.params.get("baseHash")
        if given is None:
            paths = [".".join(path) for path, _ in merge.leaves(raw)]
            where = f" for {paths[0]}" if paths else ""
            raise invalid(f"config base hash required{where}; re-run config.get and retry with baseHash")
        if given != self._config.hash:
            raise invalid("config changed since last load; re-run config.get and retry")

    async def _replace(self, tree: dict[str, Any], kind: str) -> dict[str, Any]:
        config, before = self._config, self._config.tree
        try:
            try:
                change: Change = config.replace(tree)
            except SecretsWanted as wanted:
                await deferToThread(wanted.fetch)
                if config.tree is not before:
                    raise invalid("config changed since last load; re-run config.get and retry") from None
                change = config.replace(tree)
        except OpenClawConfigError as error:
            raise invalid(f"invalid config: {error.summary()}", {"issues": error.issues}) from None
        return {
            "ok": True,
            "path": str(config.path),
            "hash": config.hash,
            "config": redaction.redact(config.tree),
            "changedPaths": list(change.paths),
            "requiresRestart": bool(change.restart_paths),
            "restartPaths": list(change.restart_paths),
            "sentinel": {"kind": kind, "status": "ok", "ts": self._lifetime.now_ms()},
        }


def _resolve(document: Any, node: Any) -> Any:
    while True:
        if "$ref" in node:
            node = document["$defs"][node["$ref"].rpartition("/")[2]]
        elif "anyOf" in node and any("$ref" in branch for branch in node["anyOf"]):
            node = next(branch for branch in node["anyOf"] if "$ref" in branch)
        else:
            return node
