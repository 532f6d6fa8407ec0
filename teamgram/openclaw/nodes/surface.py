"""What a node may offer: its platform's commands, and what the operator allows beyond. Plain Python."""

from collections.abc import Iterable

from teamgram.openclaw.gateway import scopes

_CANVAS = (
    "canvas.present", "canvas.hide", "canvas.navigate", "canvas.eval", "canvas.snapshot",
    "canvas.a2ui.push", "canvas.a2ui.pushJSONL", "canvas.a2ui.reset",
)  # fmt: skip
_PERSONAL = (
    "camera.list", "location.get", "device.info", "device.status", "system.notify", "contacts.search",
    "calendar.events", "reminders.list", "photos.latest", "motion.activity", "motion.pedometer",
)  # fmt: skip
_SYSTEM = ("system.run", "system.run.prepare", "system.which", "system.notify", "browser.proxy", "fs.listDir")
_HOST = (
    *_SYSTEM, "system.execApprovals.get", "system.execApprovals.set", "dir.list", "dir.fetch", "file.fetch",
    "browser.proxy.upload.v1", "mcp.tools.call.v1",
)  # fmt: skip

_BY_PLATFORM: dict[str, frozenset[str]] = {
    "ios": frozenset((*_CANVAS, *_PERSONAL)),
    "android": frozenset((*_CANVAS, *_PERSONAL, "notifications.list")),
    "watchos": frozenset(("device.info", "device.status", "system.notify")),
    "darwin": frozenset((*_CANVAS, *_PERSONAL, *_HOST)),
    "macos": frozenset((*_CANVAS, *_PERSONAL, *_HOST)),
    "linux": frozenset(_HOST),
    "win32": frozenset(_HOST),
    "windows": frozenset(_HOST),
}
#: Known, but only with ``gateway.nodes.commands.allow``, whatever the platform.
_OPT_IN = frozenset(
    {
        "camera.snap", "camera.clip", "screen.record", "screen.snapshot", "contacts.add", "calendar.add",
        "reminders.add", "sms.send", "sms.search", "computer.act", "desktop.stream",
    }
)  # fmt: skip
#: Commands, and all below them, that reach into the host itself: running programs and what its tool servers offer,
#: its files, its browser's sessions, its own list of what may run. The reference gateway names browser.proxy,
#: fs.listDir and terminal.upload so (NODE_ADMIN_ONLY_INVOKE_COMMANDS); the others do no less.
_ADMIN_TO_INVOKE = (
    "system.run", "system.execApprovals", "browser.proxy", "fs", "terminal", "dir", "file", "mcp.tools.call",
)  # fmt: skip
#: Approving a surface takes operator.admin for these and for what one of them says.
_ADMIN_TO_APPROVE = (*_ADMIN_TO_INVOKE, "system.which")
#: A capability that means nothing without a command of its own.
_NEEDS_COMMAND = {"camera": "camera.", "screen": "screen.", "location": "location."}


def refusal(command: str, platform: str, allow: Iterable[str], deny: Iterable[str]) -> str | None:
    """Why this command may not be offered or invoked, None when it may."""
    if command in deny:
        return f'node command not allowed: "{command}" is denied by gateway.nodes.commands.deny'
    if command in allow or command in _BY_PLATFORM.get(platform, frozenset()):
        return None
    if command in _OPT_IN:
        return f'node command not allowed: "{command}" requires explicit gateway.nodes.commands.allow opt-in'
    return f'node command not allowed: "{command}" is not in the allowlist for platform "{platform}"'


def offered(
    caps: Iterable[str], commands: Iterable[str], platform: str, allow: Iterable[str], deny: Iterable[str]
) -> tuple[list[str], list[str]]:
    """What of a declared surface is worth approving: (caps, commands)."""
    allow, deny = frozenset(allow), frozenset(deny)
    kept = [command for command in dict.fromkeys(commands) if refusal(command, platform, allow, deny) is None]
    shown = []
    for cap in dict.fromkeys(caps):
        prefix = _NEEDS_COMMAND.get(cap)
        if prefix is None or any(command.startswith(prefix) for command in kept):
            shown.append(cap)
    return shown, kept


def approve_scopes(commands: Iterable[str]) -> list[str]:
    """The scopes that approving these commands takes: pairing, and write or admin by what they can do."""
    commands = list(commands)
    if any(_is_one_of(command, _ADMIN_TO_APPROVE) for command in commands):
        return [scopes.PAIRING, scopes.ADMIN]
    return [scopes.PAIRING, scopes.WRITE] if commands else [scopes.PAIRING]


def invoke_scope(command: str) -> str:
    """The scope that running ``command`` takes, by whatever road it is asked for."""
    return scopes.ADMIN if _is_one_of(command, _ADMIN_TO_INVOKE) else scopes.WRITE


def _is_one_of(command: str, families: Iterable[str]) -> bool:
    return any(command == family or command.startswith(f"{family}.") for family in families)
