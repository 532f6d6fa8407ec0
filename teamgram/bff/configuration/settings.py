"""What an operator can choose about what clients are told at start."""

from dataclasses import dataclass

MEGAGROUP_SIZE_MAX = 200_000
"""Members of a supergroup that apps show where the operator has set no bound (core.telegram.org/api/channel)."""


@dataclass(frozen=True, slots=True)
class ConfigurationSettings:
    """Facts about this server that clients ask for first.

    Attributes:
        addresses: "host:port" under which clients reach the server, when it
            is not the address that it sees itself (behind NAT). Empty: each
            client is sent back to the address it came by.
        tcp_port: where MTProto over TCP listens; told to clients that came by
            WebSocket or HTTP.
        country: ISO 3166 code of where most users are; clients preselect its
            dialling code.
        me_url_prefix: before a username it makes a link.
        welcome: what a new account is told; see ``authorization.welcome``.
        invite_text: what ``help.getInviteText`` suggests to write to friends.
    """

    dc_id: int = 2
    test_mode: bool = False
    addresses: tuple[str, ...] = ()
    tcp_port: int = 10443
    country: str = "US"
    me_url_prefix: str = "https://t.me/"
    invite_text: str = "Write to me on our own Telegram server."
    support_phone: str = ""
    welcome: str = ""
    chat_size_max: int = 200
    megagroup_size_max: int = MEGAGROUP_SIZE_MAX
    edit_time_limit_seconds: int = 172_800
    message_length_max: int = 4096
    caption_length_max: int = 1024
    max_file_parts: int = 4000
    about_length_max: int = 140
