"""The shape of the YAML files: teamgram's own key names, one class a section.

Keys of parts that this program does not have (tracing, Kafka, the addresses
of teamgram's separate processes) are declared as :data:`Unused`: they load,
and the start reports them once.
"""

from enum import StrEnum
from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, UnsetType

from teamgram.bff.authorization.welcome import DEFAULT_WELCOME

#: A key of teamgram's files that means nothing here.
Unused = Annotated[Any, Meta(extra={"unused": True})]

Duration = Annotated[int | float | str, Meta(extra={"unit": "duration"})]
DurationOrUnset = Annotated[int | float | str | None, Meta(extra={"unit": "duration"})]
Size = Annotated[int | str, Meta(extra={"unit": "size"})]
#: With less than one of something nothing would ever be done.
Count = Annotated[int, Meta(ge=1)]


class Section(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Base of all sections: frozen, and an unknown key is an error."""


class EtcdSection(Section, frozen=True, kw_only=True):
    """Where etcd is and under which key this service is found; used by the cluster roles only."""

    Hosts: list[str] = []
    Key: str = ""
    ID: Unused = UNSET
    #: etcd's own users; refused by the roles, which do not sign in to it.
    User: str = ""
    Pass: str = ""


class NeighbourSection(Section, frozen=True, kw_only=True):
    """Where a role finds processes of another one: by a key of etcd's, or at addresses that are written down."""

    Etcd: EtcdSection | None = None
    #: "host:port" of each.
    Endpoints: list[str] = []
    Timeout: Unused = UNSET
    NonBlock: Unused = UNSET
    KeepaliveTime: Unused = UNSET


class PrometheusSection(Section, frozen=True, kw_only=True):
    """Where a process of one role answers ``/metrics``, ``/healthz`` and ``/readyz``; ``all`` has them on the
    gateway's port."""

    Host: str = "127.0.0.1"
    Port: int = 0
    Path: str = "/metrics"


class LogSection(Section, frozen=True, kw_only=True):
    """``Level`` counts here; logs go to standard error."""

    Level: str = "info"
    ServiceName: Unused = UNSET
    Mode: Unused = UNSET
    Path: Unused = UNSET
    Encoding: Unused = UNSET
    KeepDays: Unused = UNSET
    Compress: Unused = UNSET
    Stat: Unused = UNSET
    StackCooldownMillis: Unused = UNSET


class CacheHostSection(Section, frozen=True, kw_only=True):
    """One Redis server."""

    Host: str
    Type: Unused = UNSET
    Pass: str = ""
    Tls: Unused = UNSET
    Weight: Unused = UNSET
    Key: Unused = UNSET


class ServiceFile(Section, frozen=True, kw_only=True):
    """What every service's file begins with."""

    Name: str = ""
    ListenOn: str = ""
    Etcd: EtcdSection | None = None
    Log: LogSection = LogSection()
    Timeout: Unused = UNSET
    Mode: Unused = UNSET
    Prometheus: PrometheusSection = PrometheusSection()
    Telemetry: Unused = UNSET
    DevServer: Unused = UNSET


class RSAKeySection(Section, frozen=True, kw_only=True):
    """A server key; relative paths are below the data directory."""

    KeyFile: str = "./server_pkcs1.key"
    KeyFingerprint: str = ""


class ListenerSection(Section, frozen=True, kw_only=True):
    """One group of addresses that speak the same protocol."""

    Proto: str
    Addresses: list[str]
    #: Addresses (or networks) whose PROXY protocol header is believed; empty: none is expected.
    ProxyProtocolFrom: list[str] = []
    #: TLS: PEM files below the data directory or absolute.
    CertFile: str = ""
    KeyFile: str = ""
    #: obfuscated2 secret, 32 hexadecimal digits, optionally with the ``dd`` prefix.
    Secret: str = ""
    #: WebSocket: origins that browsers may come from; empty: any.
    AllowedOrigins: list[str] = []


class GnetwayLimits(Section, frozen=True, kw_only=True):
    """Bounds of the edge; every one has a default that suits one machine."""

    FirstFrameTimeout: Duration = "30s"
    IdleTimeout: Duration = "300s"
    HTTPIdleTimeout: Duration = "60s"
    IdleJitter: Duration = "9s"
    KeyExchangeTimeout: Duration = "60s"
    MaxFrameSize: Size = "1MiB"
    MaxConnectionsPerAddress: Count = 20000
    KeyExchangesPerSecond: Count = 400
    MaxSendBuffer: Size = "1MiB"
    UnfinishedBytes: Size = "256MiB"
    UnfinishedBytesPerAddress: Size = "64MiB"
    AuthKeyCache: Count = 20000
    UnknownKeyMemory: Duration = "5s"


class GnetwaySection(Section, frozen=True, kw_only=True):
    """The listeners."""

    Server: list[ListenerSection]
    Multicore: Unused = UNSET
    SendBuf: Size = 65536
    ReceiveBuf: Unused = UNSET
    Limits: GnetwayLimits = GnetwayLimits()


class WebClientSection(Section, frozen=True, kw_only=True):
    """A build of Telegram Web A or K that the HTTP listeners show (docs/apps.md)."""

    Path: str
    #: Below the data directory or absolute.
    Directory: str
    #: By which port browsers reach the WebSocket listener; 0: by its own.
    WebSocketPort: int = 0


class GnetwayFile(ServiceFile, frozen=True, kw_only=True):
    """``gnetway.yaml``."""

    RSAKey: list[RSAKeySection] = msgspec.field(default_factory=lambda: [RSAKeySection()])
    KeyFile: Unused = UNSET
    KeyFingerprint: Unused = UNSET
    MaxProc: Unused = UNSET
    Gnetway: GnetwaySection
    #: Role gnetway: where session is.
    Session: NeighbourSection | None = None
    #: This server's data centre number; clients are told it in help.getConfig.
    DcId: int = 2
    WebClients: list[WebClientSection] = []


class BFFProxyClientsSection(Section, frozen=True, kw_only=True):
    """Which bff answers which RPC service."""

    #: Role session: where the IDMap's targets are; each goes by its ``Etcd.Key``.
    Clients: list[NeighbourSection] = []
    IDMap: dict[str, str]


class SessionLimits(Section, frozen=True, kw_only=True):
    """How long and how much a session may keep."""

    DisconnectedRetention: Duration = "5m"
    IdleTimeout: Duration = "60s"
    SessionsPerKey: Count = 64
    DataChannel: Count = 16
    RunningRequests: Count = 128
    ConcurrentRequests: Count = 4
    RequestDeadline: Duration = "30s"
    InvokeAfterTimeout: Duration = "10s"
    HTTPResendAfter: Duration = "10s"
    RequestBytes: Size = "128KiB"
    UnpackedObjectBytes: Size = "1MiB"
    UnpackedFrameBytes: Size = "4MiB"
    LargeRequestsPerSession: Size = "4MiB"
    LargeRequestsPerKey: Size = "32MiB"
    LargeRequests: Size = "256MiB"
    UnsentBytes: Size = "512KiB"
    UnackedBytes: Size = "1MiB"
    KeptBytes: Size = "512MiB"
    WaitingUpdates: Count = 256
    DrainTimeout: Duration = "10s"


class SessionFile(ServiceFile, frozen=True, kw_only=True):
    """``session.yaml``."""

    Cache: Unused = UNSET
    AuthSession: Unused = UNSET
    StatusClient: Unused = UNSET
    GatewayClient: Unused = UNSET
    BFFProxyClients: BFFProxyClientsSection
    Limits: SessionLimits = SessionLimits()


class MysqlSection(Section, frozen=True, kw_only=True):
    """``sqlite:FILE`` (below the data directory) or Go's ``user:password@tcp(host:port)/database?…``."""

    DSN: str = "sqlite:teamgram.db"
    Active: int = 10
    Idle: Unused = UNSET
    IdleTimeout: Unused = UNSET
    IdleLifetime: Unused = UNSET


class AuthsessionFile(ServiceFile, frozen=True, kw_only=True):
    """``authsession.yaml``: the database and the cache of the whole program."""

    Mysql: MysqlSection = MysqlSection()
    Cache: str | list[CacheHostSection] = "memory"
    KV: Unused = UNSET


class CodeSection(Section, frozen=True, kw_only=True):
    """How sign-in codes leave the house; teamgram's section and ``AllowFixedCode``."""

    Name: str = "none"
    SendCodeUrl: str = ""
    VerifyCodeUrl: str = ""
    Key: str = ""
    Secret: str = ""
    RegionId: str = ""
    #: Accept 12345 although a listener is reachable from outside this machine.
    AllowFixedCode: bool = False


class FloodLimitSection(Section, frozen=True, kw_only=True):
    """``Burst`` calls of a method in a row, then ``PerSecond`` of them, for each device."""

    Burst: float
    PerSecond: float


class ChatLimitsSection(Section, frozen=True, kw_only=True):
    """Who may found groups and channels, how many, and how large they grow."""

    #: Whether anybody may found a basic group; a channel or supergroup.
    Groups: bool = True
    Channels: bool = True
    #: Members of a basic group, 2 to 200; apps expect 200.
    GroupMembers: int = 200
    #: Channels and supergroups that one person may own, up to 500.
    ChannelsOfOne: int = 500
    #: Members of one of them, 0 for as many as come.
    ChannelMembers: int = 0


class LinkPreviewsSection(Section, frozen=True, kw_only=True):
    """Pages that links in messages lead to are fetched by this server and shown under them (docs/files.md)."""

    Enabled: bool = True
    #: For one page, or one picture, with all redirects.
    Timeout: Duration = "10s"
    #: Read of a page; what is behind it does not count.
    MaxPageSize: Size = "512KiB"
    #: A larger picture is not shown.
    MaxImageSize: Size = "5MiB"
    #: Pages that are being fetched at once.
    AtOnce: Count = 4


class BffFile(ServiceFile, frozen=True, kw_only=True):
    """``bff.yaml``."""

    KV: Unused = UNSET
    Code: CodeSection = CodeSection()
    BizServiceClient: Unused = UNSET
    AuthSessionClient: Unused = UNSET
    MediaClient: Unused = UNSET
    IdgenClient: Unused = UNSET
    MsgClient: Unused = UNSET
    DfsClient: Unused = UNSET
    StatusClient: Unused = UNSET
    SyncClient: Unused = UNSET
    #: How long a device cannot end others or change the number after it signed in. None: 0 while every listener is on
    #: loopback, 24h as soon as one is not.
    FreshSessionDelay: DurationOrUnset = None
    #: ISO 3166 code that help.getNearestDc answers.
    Country: str = "US"
    #: By TL method; in addition to those that hold anyway (docs/accounts.md).
    FloodLimits: dict[str, FloodLimitSection] = {}
    LinkPreviews: LinkPreviewsSection = LinkPreviewsSection()
    ChatLimits: ChatLimitsSection = ChatLimitsSection()
    #: Whether clients may send files by their address in the web, which this server then fetches for them (public
    #: addresses only, in the time of ``LinkPreviews.Timeout``). Off: EXTERNAL_URL_INVALID.
    FilesByAddress: bool = False
    #: "host:port" that clients are told when this server is reached by another address than its own (NAT).
    PublicAddresses: list[str] = []
    #: What a new account is told by the service account; {name} and {agents} are filled in; empty: nothing.
    WelcomeMessage: str = DEFAULT_WELCOME
    #: Directory of language packs, below the data directory or absolute.
    LangPacks: str = ""


class ManholeSection(Section, frozen=True, kw_only=True):
    """An SSH shell into the live process (docs/operations.md); files below the data directory or absolute."""

    #: "127.0.0.1:port"; empty: there is none.
    ListenOn: str = ""
    User: str = "operator"
    #: Public keys, one a line, as OpenSSH's ``authorized_keys``.
    AuthorizedKeys: str = ""
    #: A file whose first line is the password.
    PasswordFile: str = ""


class RoleName(StrEnum):
    """What a process is for: everything, or one stage of several processes (docs/cluster.md)."""

    ALL = "all"
    GNETWAY = "gnetway"
    SESSION = "session"
    BFF = "bff"


class ClusterSection(Section, frozen=True, kw_only=True):
    """How processes of several roles trust each other; files below the data directory or absolute."""

    #: This process's certificate, for both ends of a connection, its key, and who signs those of all.
    CertFile: str = ""
    KeyFile: str = ""
    CAFile: str = ""
    #: Without certificates the addresses between roles are on loopback, unless their network is nobody else's.
    AllowPlaintext: bool = False
    #: Whether this bff process may be the one that does what one does for all: the agents' plane, the Bot API, …
    MayLead: bool = True


class OperationsFile(Section, frozen=True, kw_only=True):
    """``operations.yaml``: what the process is, and how it is looked into; the file may be missing."""

    Role: RoleName = RoleName.ALL
    Cluster: ClusterSection = ClusterSection()
    Manhole: ManholeSection = ManholeSection()


class MinioBucketSection(Section, frozen=True, kw_only=True):
    """Where teamgram keeps what."""

    Documents: str = ""
    Photos: str = ""
    Videos: str = ""
    EncryptedFiles: str = ""


class MinioSection(Section, frozen=True, kw_only=True):
    """An S3-compatible store; see ``DfsFile.Storage``. ``Bucket.Documents`` holds everything."""

    Endpoint: str = ""
    AccessKeyID: str = ""
    SecretAccessKey: str = ""
    UseSSL: bool = False
    Bucket: MinioBucketSection = MinioBucketSection()
    #: Part of each signature, which few stores but Amazon's look at.
    Region: str = "us-east-1"


class DfsFile(ServiceFile, frozen=True, kw_only=True):
    """``dfs.yaml``: files that people send; it may be missing."""

    MiniHttp: Unused = UNSET
    Cache: Unused = UNSET
    IdGen: Unused = UNSET
    SSDB: Unused = UNSET
    Minio: MinioSection | None = None
    #: "directory": below the data directory, in ``files``; "minio": as ``Minio`` says, and what is meant where that is
    #: there and this is not.
    Storage: str = ""
    MaxFileSize: Size = "2000MiB"
    #: What an account's uploads may hold before they are files, and everybody's; and how many files at once.
    UploadBytesPerAccount: Size = "4GiB"
    UploadBytes: Size = "64GiB"
    UploadsPerAccount: Count = 1000
    #: Room on the disk below which nothing new is taken: the database needs it.
    MinFreeSpace: Size = "512MiB"
    #: What the files of one account may hold together; 0: any number of bytes.
    StorageQuota: Size = "0"
    #: How long a file stays that no message, profile or set names any more. More than ``FileReferenceLifetime``.
    FileGrace: Duration = "168h"
    #: How long a client may use what it was told of a file before it asks again.
    FileReferenceLifetime: Duration = "24h"


class BotApiFile(Section, frozen=True, kw_only=True):
    """``botapi.yaml``: the Bot API over HTTP; without the file there is none."""

    #: Addresses to listen on; empty: the Bot API is off.
    ListenOn: str | list[str] = []
    #: The most that one call may bring.
    MaxRequestSize: Size = "64MiB"
    #: Connections at a time, in all and of one address: behind a proxy, of all.
    MaxConnections: Count = 5000
    MaxConnectionsPerAddress: Count = 1000
    #: Whether people make bots by writing to @BotFather; without it the operator alone does, by ``teamgram bots``.
    BotFather: bool = True
    #: Webhooks may lead to this machine and its network, to any port, and be plain HTTP.
    AllowPrivateWebhooks: bool = False


FILES: dict[str, type[Section]] = {
    "gnetway.yaml": GnetwayFile,
    "session.yaml": SessionFile,
    "authsession.yaml": AuthsessionFile,
    "bff.yaml": BffFile,
    "dfs.yaml": DfsFile,
    "botapi.yaml": BotApiFile,
    "operations.yaml": OperationsFile,
}

#: Those that an operator's directory need not have.
OPTIONAL_FILES = ("dfs.yaml", "botapi.yaml", "operations.yaml")

__all__ = ["FILES", "OPTIONAL_FILES", "UNSET", "UnsetType"]
