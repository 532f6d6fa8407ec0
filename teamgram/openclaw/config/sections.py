"""The shape of ``openclaw.yaml``: one frozen class a section, keys as OpenClaw spells them.

``config.get`` and ``config.patch`` speak in these paths. Sections that this
program does not act on (``channels`` of other messengers, ``plugins``, …) are
taken as they are, so that a configuration written for OpenClaw loads.
"""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, UnsetType

Free = dict[str, Any]
#: Never shown: see :mod:`redaction`.
Secret = Annotated[str, msgspec.Meta(extra={"secret": True})]
Permission = Literal[
    "*", "admin", "read", "write", "approvals", "pairing", "questions", "talk", "talk.secrets",
    "operator.admin", "operator.read", "operator.write", "operator.approvals", "operator.pairing",
    "operator.questions", "operator.talk", "operator.talk.secrets",
]  # fmt: skip


class OpenClawSection(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, rename="camel"):
    """Base of all sections: an unknown key is an error."""


class RateLimitSection(OpenClawSection, frozen=True):
    """Failed sign-ins: so many in a window lock the address."""

    max_attempts: int = 10
    window_ms: int = 60_000
    lockout_ms: int = 300_000
    exempt_loopback: bool = True


class AuthSection(OpenClawSection, frozen=True):
    """How clients prove that they may come in. Without token or password one is made at the first start."""

    mode: Literal["token", "password", "none"] = "token"
    token: Secret = ""
    password: Secret = ""
    rate_limit: RateLimitSection = RateLimitSection()


class ControlUiSection(OpenClawSection, frozen=True):
    """Web pages that may connect: loopback origins always, these too; ``*`` is any."""

    enabled: bool = True
    allowed_origins: list[str] = []
    base_path: str = ""


class ReloadSection(OpenClawSection, frozen=True):
    """``hybrid``: what can change live does; ``off``: files are read at start only."""

    mode: Literal["hybrid", "off"] = "hybrid"
    debounce_ms: int = 300


class ImagesSection(OpenClawSection, frozen=True):
    """Pictures that a request names by address: fetched only if ``allowUrl`` says so, never from private addresses."""

    allow_url: bool = False
    url_allowlist: list[str] = []
    allowed_mimes: list[str] = []
    max_bytes: int = 10 * 1024 * 1024
    max_redirects: Any = None
    timeout_ms: Any = None


class EndpointSection(OpenClawSection, frozen=True):
    """One optional HTTP endpoint."""

    enabled: bool = False
    images: ImagesSection = ImagesSection()
    #: So many pictures by address in one request.
    max_url_parts: int = 8


class EndpointsSection(OpenClawSection, frozen=True):
    """Optional HTTP endpoints."""

    chat_completions: EndpointSection = EndpointSection()
    responses: EndpointSection = EndpointSection()


class CorsSection(OpenClawSection, frozen=True):
    """Origins of web pages, as browsers write them; ``*`` is any."""

    allowed_origins: list[str] = []


class HttpSection(OpenClawSection, frozen=True):
    """HTTP beside the WebSocket."""

    endpoints: EndpointsSection = EndpointsSection()
    #: Ours: web pages that may call ``/v1`` (with the token).
    cors: CorsSection = CorsSection()


class NodeCommandsSection(OpenClawSection, frozen=True):
    """Node commands beyond the platform's own list, or against it."""

    allow: list[str] = []
    deny: list[str] = []


class NodesSection(OpenClawSection, frozen=True):
    """Nodes: phones and hosts that lend their commands."""

    commands: NodeCommandsSection = NodeCommandsSection()


class ClientSection(OpenClawSection, frozen=True):
    """Ours: a program that comes over JSON-RPC with a token of its own, and what it may (``read`` is operator.read)."""

    token: Secret = ""
    permissions: list[Permission] = msgspec.field(default_factory=lambda: ["read"])


class TlsSection(OpenClawSection, frozen=True):
    """TLS on the gateway's port: PEM files, absolute or below the data directory; without them one is made, once."""

    enabled: bool = False
    cert_path: str = ""
    key_path: str = ""
    auto_generate: bool = True
    ca_path: Any = None


class TerminalSection(OpenClawSection, frozen=True):
    """Shells on this machine for admins (``terminal.*``). OpenClaw ships them switched on, we do not."""

    enabled: bool = False
    shell: str = ""
    detached_session_timeout_seconds: int = 300
    upload_retention_seconds: Any = None


class GatewaySection(OpenClawSection, frozen=True):
    """The listener and who may use it."""

    mode: Literal["local", "remote"] = "local"
    port: int = 18789
    bind: Literal["loopback", "lan", "auto", "custom"] = "loopback"
    custom_bind_host: str = ""
    auth: AuthSection = AuthSection()
    #: Another name for ``auth.token``, which counts over it.
    auth_token: Secret = ""
    clients: dict[str, ClientSection] = {}
    control_ui: ControlUiSection = ControlUiSection()
    reload: ReloadSection = ReloadSection()
    http: HttpSection = HttpSection()
    nodes: NodesSection = NodesSection()
    #: Addresses and networks of reverse proxies: what they say in X-Forwarded-For is believed.
    trusted_proxies: list[str] = []
    #: Ours: further names under which the gateway may be asked for (``Host``).
    allowed_hosts: list[str] = []
    #: Ours: devices of this machine that know the secret are approved without asking.
    silent_local_pairing: bool = True
    tailscale: Free = {}
    #: Where this configuration is a client's; of it ``tlsFingerprint`` is used, to know the gateway by.
    remote: Free = {}
    tls: TlsSection = TlsSection()
    terminal: TerminalSection = TerminalSection()
    #: Ours: this machine's addresses in its tailnet (or VPN): who comes from one of them counts as this machine.
    local_addresses: list[str] = []
    #: Ours: how long what a client missed is kept for it to resume, in seconds; 0: no resuming.
    resume_seconds: float = 120.0
    #: Ours: how long a running turn may go on after SIGTERM, in seconds.
    drain_seconds: float = 30.0


class ModelChoice(OpenClawSection, frozen=True):
    """``provider/model`` and what to try when it fails."""

    primary: str = "echo/echo"
    fallbacks: list[str] = []


class HeartbeatSection(OpenClawSection, frozen=True):
    """Turns that nobody asked for, at an interval (``30m``); ``0m`` is none."""

    every: str = "30m"
    prompt: str = ""
    target: str = "owner"
    ack_max_chars: int = 300


class AgentDefaults(OpenClawSection, frozen=True):
    """What agents have that say nothing else."""

    model: str | ModelChoice = ModelChoice()
    workspace: str = ""
    timeout_seconds: int = 600
    context_tokens: int = 0
    max_concurrent: int = 8
    heartbeat: HeartbeatSection = HeartbeatSection()
    system_prompt: str = ""
    thinking_default: str = "off"
    models: Free = {}
    compaction: Free = {}
    #: Of OpenClaw's keys ``provider`` and ``model`` are used: who makes embeddings for ``/v1/embeddings``.
    memory_search: Free = {}


class AgentEntry(OpenClawSection, frozen=True):
    """One agent."""

    id: str = ""
    name: str = ""
    default: bool = False
    model: str | ModelChoice | None = None
    workspace: str = ""
    system_prompt: str = ""
    identity: Free = {}
    tools: Free = {}
    subagents: Free = {}


class AgentsSection(OpenClawSection, frozen=True):
    """Agents by id; without any there is one, ``main``."""

    defaults: AgentDefaults = AgentDefaults()
    entries: dict[str, AgentEntry] = {}
    roster: list[AgentEntry] = msgspec.field(default_factory=list, name="list")


class ModelSection(OpenClawSection, frozen=True):
    """One model of a provider."""

    id: str
    name: str = ""
    reasoning: bool = False
    input: list[str] = msgspec.field(default_factory=lambda: ["text"])
    context_window: int = 0
    max_tokens: int = 0
    #: US dollars for a million tokens: ``input``, ``output``, ``cacheRead``, ``cacheWrite``.
    cost: Free = {}
    api: str = ""
    #: What the server does not take. Of OpenClaw's switches we act on those of ``providers/openai_compat.py``;
    #: whatever else it refuses is found out when it does.
    compat: Free = {}


class ProviderSection(OpenClawSection, frozen=True):
    """A model provider. ``apiKey`` may be ``${NAME}``, taken from the environment."""

    base_url: str = ""
    api_key: Secret = ""
    api: str = "openai-completions"
    headers: dict[str, Secret] = {}
    timeout_seconds: float = 120.0
    models: list[ModelSection] = []


class ModelsSection(OpenClawSection, frozen=True):
    """Model providers by name."""

    mode: Literal["merge", "replace"] = "merge"
    providers: dict[str, ProviderSection] = {}


class SessionSection(OpenClawSection, frozen=True):
    """How people and chats map to agent sessions."""

    scope: Literal["per-sender", "global"] = "per-sender"
    #: OpenClaw's default is ``main``; here strangers may write to an agent, and everybody talks alone with it.
    dm_scope: Literal["main", "per-peer", "per-channel-peer", "per-account-channel-peer"] = "per-channel-peer"
    main_key: str = "main"
    idle_minutes: int = 60
    reset: Free = {}


class CronSection(OpenClawSection, frozen=True):
    """The scheduler."""

    enabled: bool = True
    max_concurrent_runs: int = 1
    #: Sent as bearer with every webhook of a job.
    webhook_token: Secret = ""
    #: ``allowPrivateNetwork: true``: webhooks may lead to this machine and its network.
    webhook_ssrf_policy: Free = {}


class ToolsSection(OpenClawSection, frozen=True):
    """Which tools sessions may use unless they say otherwise."""

    profile: str = ""
    allow: list[str] = []
    deny: list[str] = []
    #: Which commands on nodes want a person's word: ``security``, ``ask`` and ``askFallback`` of OpenClaw's keys.
    exec: Free = {}


class CommandsSection(OpenClawSection, frozen=True):
    """Chat commands. Of OpenClaw's keys we act on one: who is an owner, as account ids, ``telegram:`` before or not."""

    owner_allow_from: list[str | int] = []
    native: Any = None
    native_skills: Any = None
    text: Any = None
    bash: Any = None
    bash_foreground_ms: Any = None
    config: Any = None
    mcp: Any = None
    plugins: Any = None
    debug: Any = None
    restart: Any = None
    owner_display: Any = None
    owner_display_secret: Secret | None = None
    allow_from: Any = None
    use_access_groups: Any = None


class MiniSection(OpenClawSection, frozen=True):
    """The small dialect: ``/mini`` on the gateway's port, and a port of its own on loopback when one is given."""

    enabled: bool = True
    port: int = 0
    #: ``none``: on its own port programs of this machine need no token.
    auth: Literal["none", "token"] = "none"
    #: Of a conversation begun in this dialect, so many messages are shown to the model; 0: as many as fit.
    max_context_messages: int = 50


class CanvasHostSection(OpenClawSection, frozen=True):
    """Canvas documents on a port of their own besides the gateway's, which today's clients use; 0: none."""

    enabled: bool = True
    port: int = 0
    root: Any = None
    live_reload: Any = None


class LoggingSection(OpenClawSection, frozen=True):
    """Log lines that ``logs.tail`` keeps."""

    level: str = "info"
    tail_lines: int = 5000


class OpenClawFile(OpenClawSection, frozen=True):
    """``openclaw.yaml``."""

    gateway: GatewaySection = GatewaySection()
    agents: AgentsSection = AgentsSection()
    models: ModelsSection = ModelsSection()
    session: SessionSection = SessionSection()
    cron: CronSection = CronSection()
    tools: ToolsSection = ToolsSection()
    commands: CommandsSection = CommandsSection()
    mini: MiniSection = MiniSection()
    canvas_host: CanvasHostSection = CanvasHostSection()
    logging: LoggingSection = LoggingSection()
    messages: Free = {}
    channels: Free = {}
    hooks: Free = {}
    plugins: Free = {}
    skills: Free = {}
    bindings: list[Any] = []
    env: Free = {}
    secrets: Free = {}
    meta: Free | UnsetType = UNSET


#: Longest matching prefix says how a change takes effect: ``hot`` at once, ``none`` nothing to do, ``restart``.
RELOAD_KINDS: dict[str, str] = {
    "agents": "hot",
    "models": "hot",
    "session": "hot",
    "tools": "hot",
    "commands": "hot",
    "cron": "hot",
    "hooks": "hot",
    "messages": "hot",
    "channels": "hot",
    "logging": "hot",
    "meta": "none",
    "env": "none",
    "secrets": "hot",
    "skills": "none",
    "bindings": "hot",
    "plugins": "none",
    "gateway": "restart",
    "gateway.auth": "hot",
    "gateway.authToken": "hot",
    "gateway.clients": "hot",
    "gateway.controlUi": "hot",
    "gateway.http": "hot",
    "gateway.nodes": "hot",
    "gateway.reload": "hot",
    "gateway.trustedProxies": "hot",
    "gateway.allowedHosts": "hot",
    "gateway.silentLocalPairing": "hot",
    "gateway.resumeSeconds": "hot",
    "gateway.drainSeconds": "hot",
    "gateway.remote": "none",
    "gateway.localAddresses": "hot",
    "gateway.terminal": "hot",
}


def reload_kind(path: str) -> str:
    """``hot``, ``none`` or ``restart`` for a dotted path; ``restart`` for what nobody listed."""
    prefix = path
    while prefix:
        if prefix in RELOAD_KINDS:
            return RELOAD_KINDS[prefix]
        prefix = prefix.rpartition(".")[0]
    return "restart"
