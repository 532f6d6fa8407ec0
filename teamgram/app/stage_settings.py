"""From YAML sections to the settings that each stage takes."""

import re
from ipaddress import ip_address, ip_network
from pathlib import Path

from teamgram.app.config import sections
from teamgram.app.config.errors import ConfigError
from teamgram.app.config.units import parse_duration, parse_size
from teamgram.bff.configuration import ConfigurationSettings
from teamgram.bff.configuration.settings import MEGAGROUP_SIZE_MAX
from teamgram.blobs.s3.settings import S3Settings
from teamgram.database import DSNError
from teamgram.database.dsn import MySQLDSN, SQLiteDSN, parse_dsn
from teamgram.domain.channels.channel import MAX_CHANNELS
from teamgram.domain.chats.chat import MAX_PARTICIPANTS
from teamgram.domain.chats.limits import ChatLimits
from teamgram.domain.codes.settings import CodeSettings
from teamgram.domain.files.settings import MAX_PART, FileSettings
from teamgram.domain.flood.limits import FloodSettings
from teamgram.domain.users.fresh import DAY
from teamgram.domain.web_pages.settings import MAX_FETCHED, PageSettings
from teamgram.gnetway.settings import GnetwaySettings, ListenerSettings
from teamgram.net.token_buckets import Limit
from teamgram.session.settings import SessionSettings

KINDS = ("tcp", "websocket", "http")


def listeners(section: sections.GnetwaySection, data_dir: Path) -> list[ListenerSettings]:
    """One for each address.

    Args:
        data_dir: relative certificate and key files lie below it.

    Raises:
        ConfigError: an address, a network, a protocol or a secret that is none, or half a certificate.
    """
    found = []
    for index, server in enumerate(section.Server):
        path = f"Gnetway.Server[{index}]"
        if server.Proto not in KINDS:
            raise ConfigError("gnetway.yaml", f"{path}.Proto", f"{server.Proto!r} is none of {', '.join(KINDS)}")
        secret, padded_only = _secret(server.Secret, path)
        balancers = tuple(
            _network(text, f"{path}.ProxyProtocolFrom[{number}]")
            for number, text in enumerate(server.ProxyProtocolFrom)
        )
        if bool(server.CertFile) != bool(server.KeyFile):
            missing = "KeyFile" if server.CertFile else "CertFile"
            raise ConfigError("gnetway.yaml", f"{path}.{missing}", "TLS needs CertFile and KeyFile")
        for number, address in enumerate(server.Addresses):
            host, port = _address(address, f"{path}.Addresses[{number}]")
            found.append(
                ListenerSettings(
                    kind=server.Proto,
                    host=host,
                    port=port,
                    proxy_protocol_from=balancers,
                    cert_file=_below(data_dir, server.CertFile),
                    key_file=_below(data_dir, server.KeyFile),
                    secret=secret,
                    secret_padded_only=padded_only,
                    allowed_origins=tuple(server.AllowedOrigins),
                )
            )
    return found


def _below(data_dir: Path, file: str) -> str:
    return str(data_dir / file) if file else ""


def _network(text: str, path: str) -> str:
    try:
        return str(ip_network(text))
    except ValueError:
        raise ConfigError(
            "gnetway.yaml", path, f"{text!r} is no address or network; write it like 10.0.0.7 or 10.0.0.0/24"
        ) from None


def _address(text: str, path: str, file: str = "gnetway.yaml") -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    host = host.strip("[]")
    try:
        ip_address(host)
        number = int(port)
    except ValueError:
        number = -1
    if not 0 <= number < 65536:
        raise ConfigError(file, path, f"{text!r} is no address; write it like 127.0.0.1:10443 or [::1]:10443")
    return host, number


def _secret(text: str, path: str) -> tuple[bytes | None, bool]:
    if not text:
        return None, False
    padded_only = len(text) == 34 and text.lower().startswith("dd")
    try:
        secret = bytes.fromhex(text[2:] if padded_only else text)
    except ValueError:
        secret = b""
    if len(secret) != 16:
        raise ConfigError(
            "gnetway.yaml", f"{path}.Secret", "a secret is 32 hexadecimal digits, with dd before them if you like"
        )
    return secret, padded_only


def database(section: sections.MysqlSection, data_dir: Path) -> SQLiteDSN | MySQLDSN:
    """Where the database is.

    Raises:
        ConfigError: that is no DSN.
    """
    try:
        return parse_dsn(section.DSN, data_dir)
    except DSNError as error:
        raise ConfigError("authsession.yaml", "Mysql.DSN", str(error)) from None


def only_loopback(found: list[ListenerSettings]) -> bool:
    """Whether nobody outside this machine can reach any of these."""
    return all(ip_address(listener.host).is_loopback for listener in found)


def gnetway(file: sections.GnetwayFile) -> GnetwaySettings:
    """The edge's bounds."""
    limits = file.Gnetway.Limits
    return GnetwaySettings(
        dc_id=file.DcId,
        first_frame_timeout=parse_duration(limits.FirstFrameTimeout),
        idle_timeout=parse_duration(limits.IdleTimeout),
        http_idle_timeout=parse_duration(limits.HTTPIdleTimeout),
        idle_jitter=parse_duration(limits.IdleJitter),
        exchange_timeout=parse_duration(limits.KeyExchangeTimeout),
        max_frame_bytes=parse_size(limits.MaxFrameSize),
        send_buffer_bytes=parse_size(file.Gnetway.SendBuf),
        max_send_buffer_bytes=parse_size(limits.MaxSendBuffer),
        max_unfinished_bytes=parse_size(limits.UnfinishedBytes),
        max_unfinished_bytes_per_address=parse_size(limits.UnfinishedBytesPerAddress),
        max_connections_per_address=limits.MaxConnectionsPerAddress,
        key_exchanges_per_second=limits.KeyExchangesPerSecond,
        auth_key_cache=limits.AuthKeyCache,
        unknown_key_memory=parse_duration(limits.UnknownKeyMemory),
    )


def session(file: sections.SessionFile) -> SessionSettings:
    """The session stage's bounds."""
    limits = file.Limits
    return SessionSettings(
        retention=parse_duration(limits.DisconnectedRetention),
        idle_wrapper_retention=parse_duration(limits.IdleTimeout),
        sessions_per_key=limits.SessionsPerKey,
        session_data_chan_size=limits.DataChannel,
        max_running_rpcs=limits.RunningRequests,
        concurrent_rpcs=limits.ConcurrentRequests,
        rpc_timeout=parse_duration(limits.RequestDeadline),
        invoke_after_timeout=parse_duration(limits.InvokeAfterTimeout),
        http_resend_after=parse_duration(limits.HTTPResendAfter),
        request_limit_bytes=parse_size(limits.RequestBytes),
        gunzip_limit_bytes=parse_size(limits.UnpackedObjectBytes),
        gunzip_frame_bytes=parse_size(limits.UnpackedFrameBytes),
        large_session_bytes=parse_size(limits.LargeRequestsPerSession),
        large_key_bytes=parse_size(limits.LargeRequestsPerKey),
        large_limit_bytes=parse_size(limits.LargeRequests),
        unsent_limit_bytes=parse_size(limits.UnsentBytes),
        unacked_limit_bytes=parse_size(limits.UnackedBytes),
        kept_limit_bytes=parse_size(limits.KeptBytes),
        push_limit=limits.WaitingUpdates,
        drain_timeout=parse_duration(limits.DrainTimeout),
    )


MAX_FILE_PARTS = 8000
"""What clients can be told to send at most (core.telegram.org/api/files: 4,000 MiB)."""


def s3(file: sections.DfsFile) -> S3Settings | None:
    """The S3-compatible store of files; None: they lie in the data directory.

    Raises:
        ConfigError: no such kind of store, or one that lacks something.
    """
    storage = file.Storage or ("minio" if file.Minio is not None else "directory")
    if storage == "directory":
        return None
    if storage != "minio":
        raise ConfigError("dfs.yaml", "Storage", f'{storage!r} is no store; write "directory" or "minio"')
    section = file.Minio
    if section is None:
        raise ConfigError("dfs.yaml", "Minio", "is missing; it says where the store is")
    for name, value in (
        ("Endpoint", section.Endpoint),
        ("AccessKeyID", section.AccessKeyID),
        ("SecretAccessKey", section.SecretAccessKey),
        ("Bucket.Documents", section.Bucket.Documents),
    ):
        if not value:
            raise ConfigError("dfs.yaml", f"Minio.{name}", "is empty")
    if not _ENDPOINT.fullmatch(section.Endpoint):
        raise ConfigError("dfs.yaml", "Minio.Endpoint", "is host:port, without a scheme or a path")
    if not _BUCKET.fullmatch(section.Bucket.Documents):
        raise ConfigError("dfs.yaml", "Minio.Bucket.Documents", "is no name of a bucket: 3 to 63 of a-z, 0-9, . and -")
    scheme, port = ("https", ":443") if section.UseSSL else ("http", ":80")
    return S3Settings(
        f"{scheme}://{section.Endpoint.removesuffix(port)}",
        section.Bucket.Documents,
        section.AccessKeyID,
        section.SecretAccessKey,
        section.Region,
    )


_ENDPOINT = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9_.-]+)(:[0-9]{1,5})?")
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")


def files(file: sections.DfsFile) -> FileSettings:
    """The bounds of files; see ``s3`` for where they lie.

    Raises:
        ConfigError: a size that no client can send, or as ``s3``.
    """
    s3(file)
    parts = parse_size(file.MaxFileSize) // MAX_PART
    if not 1 <= parts <= MAX_FILE_PARTS:
        raise ConfigError("dfs.yaml", "MaxFileSize", "is between 512KiB and 4000MiB")
    lifetime = int(parse_duration(file.FileReferenceLifetime))
    if lifetime < 1:
        raise ConfigError("dfs.yaml", "FileReferenceLifetime", "is a second at least")
    grace = int(parse_duration(file.FileGrace))
    if grace < lifetime + max(3600, lifetime // 8):
        raise ConfigError("dfs.yaml", "FileGrace", "is an hour more than FileReferenceLifetime, or an eighth, at least")
    return FileSettings(
        account_quota=parse_size(file.StorageQuota),
        grace_seconds=grace,
        max_parts=parts,
        account_bytes=parse_size(file.UploadBytesPerAccount),
        all_bytes=parse_size(file.UploadBytes),
        account_uploads=file.UploadsPerAccount,
        reference_seconds=lifetime,
    )


def chat_limits(section: sections.ChatLimitsSection) -> ChatLimits:
    """Who may found groups, how many, and how large they grow.

    Raises:
        ConfigError: a number that nothing here can keep.
    """
    if not 2 <= section.GroupMembers <= MAX_PARTICIPANTS:
        raise ConfigError("bff.yaml", "ChatLimits.GroupMembers", f"is between 2 and {MAX_PARTICIPANTS}")
    if not 0 <= section.ChannelsOfOne <= MAX_CHANNELS:
        raise ConfigError("bff.yaml", "ChatLimits.ChannelsOfOne", f"is between 0 and {MAX_CHANNELS}")
    if section.ChannelMembers < 0:
        raise ConfigError("bff.yaml", "ChatLimits.ChannelMembers", "is 0 for no bound, or more")
    return ChatLimits(
        section.Groups, section.Channels, section.GroupMembers, section.ChannelsOfOne, section.ChannelMembers
    )


def pages(section: sections.LinkPreviewsSection) -> PageSettings:
    """The bounds of link previews.

    Raises:
        ConfigError: so large, or so long, that nothing can be fetched so.
    """
    seconds = parse_duration(section.Timeout)
    if not 0 < seconds <= 60:
        raise ConfigError("bff.yaml", "LinkPreviews.Timeout", "is up to 60s")
    page, image = parse_size(section.MaxPageSize), parse_size(section.MaxImageSize)
    for name, size in (("MaxPageSize", page), ("MaxImageSize", image)):
        if not 1024 <= size <= MAX_FETCHED:
            raise ConfigError("bff.yaml", f"LinkPreviews.{name}", "is between 1KiB and 7MiB")
    if section.AtOnce < 1:
        raise ConfigError("bff.yaml", "LinkPreviews.AtOnce", "is one at least")
    return PageSettings(section.Enabled, seconds, page, image, section.AtOnce)


def bot_api(file: sections.BotApiFile) -> list[tuple[str, int]]:
    """(host, port) of each listener of the Bot API.

    Raises:
        ConfigError: one that is no address.
    """
    written = [file.ListenOn] if isinstance(file.ListenOn, str) else file.ListenOn
    return [_address(text, f"ListenOn[{index}]", "botapi.yaml") for index, text in enumerate(written) if text]


def codes(section: sections.CodeSection, loopback: bool) -> CodeSettings:
    """``loopback``: nobody outside this machine reaches a listener, so the fixed code is harmless."""
    return CodeSettings(
        provider=section.Name,
        send_code_url=section.SendCodeUrl,
        verify_code_url=section.VerifyCodeUrl,
        key=section.Key,
        secret=section.Secret,
        region_id=section.RegionId,
        allow_fixed_code=loopback or section.AllowFixedCode,
    )


def fresh_session_delay(file: sections.BffFile, loopback: bool) -> float:
    """Seconds; see ``BffFile.FreshSessionDelay``.

    Args:
        loopback: nobody outside this machine reaches a listener, so nobody has stolen a code.
    """
    if file.FreshSessionDelay is None:
        return 0 if loopback else DAY
    return parse_duration(file.FreshSessionDelay)


def flood(file: sections.BffFile) -> FloodSettings:
    """The limits that hold anyway, and the operator's."""
    defaults = FloodSettings()
    chosen = {method: Limit(limit.Burst, limit.PerSecond) for method, limit in file.FloodLimits.items()}
    return FloodSettings(by_method={**defaults.by_method, **chosen})


def configuration(
    file: sections.BffFile,
    gnetway_file: sections.GnetwayFile,
    found: list[ListenerSettings],
    files_settings: FileSettings,
) -> ConfigurationSettings:
    """What ``help.getConfig`` tells."""
    return ConfigurationSettings(
        dc_id=gnetway_file.DcId,
        addresses=tuple(file.PublicAddresses),
        tcp_port=next((listener.port for listener in found if listener.kind == "tcp"), 0),
        country=file.Country,
        welcome=file.WelcomeMessage,
        max_file_parts=files_settings.max_parts,
        chat_size_max=file.ChatLimits.GroupMembers,
        megagroup_size_max=file.ChatLimits.ChannelMembers or MEGAGROUP_SIZE_MAX,
    )
