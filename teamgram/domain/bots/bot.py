"""What is known of a bot besides its account."""

import msgspec

from teamgram.domain.users.user import BotTraits

MAX_NAME, MAX_DESCRIPTION, MAX_ABOUT = 64, 512, 120
"""Characters (core.telegram.org/bots/api: setMyName, setMyDescription, setMyShortDescription)."""

MAX_WORDINGS = 50
"""Languages."""
MAX_BUTTON, MAX_URL = 64, 2048
"""Characters of a menu button's words, and of where it leads."""

MAX_PLACEHOLDER = 64
"""Characters of what stands in the field of who asks a bot from another chat."""

MAX_COMMANDS = 100
"""In one set (core.telegram.org/bots/api#setmycommands)."""

MAX_DETAILS = 256 << 10
"""Bytes of all that a bot says of itself: they are read with each of its calls."""


class BotCommand(msgspec.Struct, frozen=True):
    """What a menu offers: ``command`` without its slash."""

    command: str
    description: str


class CommandSet(msgspec.Struct, frozen=True, omit_defaults=True):
    """The commands for one scope and language.

    Attributes:
        scope: the TL name without ``botCommandScope``, first letter small (``default``, ``users``, ``peer``, …).
        peer: marked id, of the scopes that name one.
        user_id: of ``peerUser``.
        lang_code: two letters, or nothing for everybody.
    """

    scope: str = "default"
    peer: int = 0
    user_id: int = 0
    lang_code: str = ""
    commands: tuple[BotCommand, ...] = ()

    @property
    def place(self) -> tuple[str, int, int, str]:
        """Whose they are: one set for each."""
        return self.scope, self.peer, self.user_id, self.lang_code


class Wording(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a bot says of itself to those who speak that language (two letters); "": as to everybody."""

    lang_code: str
    description: str = ""
    about: str = ""


class MenuButton(msgspec.Struct, frozen=True, omit_defaults=True):
    """What stands beside the field of a private chat with a bot: "default", its "commands", or a "web_app"."""

    kind: str = "default"
    text: str = ""
    url: str = ""


class BotDetails(msgspec.Struct, frozen=True, omit_defaults=True):
    """What its owner chose.

    Attributes:
        description: shown before the first message.
        sees_all: in groups it hears everything, not only what is meant for it.
        inline: it is asked from other chats; what stands in the field there, None: it is not.
        inline_geo: it wants to be told where they are who ask.
        feedback: of a hundred results that are chosen, of how many it is told.
        no_groups: nobody may bring it into groups.
        wordings: in other languages.
        menu: the button for who has none of their own.
        group_rights, channel_rights: what it asks for when it is made an administrator, as bits of
            ``chatAdminRights``.
        allowed_updates: the kinds that it takes, as it last named them; empty: the usual ones.
    """

    description: str = ""
    sees_all: bool = False
    allowed_updates: tuple[str, ...] = ()
    commands: tuple[CommandSet, ...] = ()
    inline: str | None = None
    inline_geo: bool = False
    feedback: int = 0
    no_groups: bool = False
    wordings: tuple[Wording, ...] = ()
    menu: MenuButton = MenuButton()
    group_rights: int = 0
    channel_rights: int = 0

    def wording(self, lang_code: str) -> Wording:
        """In that language, as far as there is anything."""
        return next((one for one in self.wordings if one.lang_code == lang_code), Wording(lang_code))

    def traits(self, version: int) -> BotTraits:
        """What of it goes along wherever the bot is shown."""
        return BotTraits(version, self.inline, self.inline_geo, self.no_groups, self.sees_all)


class Webhook(msgspec.Struct, frozen=True, omit_defaults=True):
    """Where a bot's updates are brought instead of being fetched.

    Attributes:
        secret_token: goes along with each, so that the receiver knows who comes.
        max_connections: chats of which something is brought at the same time.
        certificate: PEM of who signed the receiver's, where nobody else knows them.
    """

    url: str
    secret_token: str = ""
    max_connections: int = 40
    certificate: str = ""


class Bot(msgspec.Struct, frozen=True):
    """A bot.

    Attributes:
        owner_id: the account that made it, 0 for the operator.
        created_at: unix seconds.
    """

    user_id: int
    owner_id: int
    created_at: int
    details: BotDetails
    webhook: Webhook | None = None


_decode_menu = msgspec.json.Decoder(MenuButton).decode


def pack_menu(button: MenuButton) -> bytes:
    """As it is stored."""
    return _encode(button)


def unpack_menu(stored: bytes) -> MenuButton:
    """The inverse of ``pack_menu``."""
    return _decode_menu(stored)


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(BotDetails).decode


def pack_details(details: BotDetails) -> bytes:
    """As they are stored."""
    return _encode(details)


def unpack_details(stored: bytes) -> BotDetails:
    """The inverse of ``pack_details``."""
    return _decode(stored)


_decode_webhook = msgspec.json.Decoder(Webhook).decode


def pack_webhook(webhook: Webhook | None) -> bytes | None:
    """As it is stored."""
    return None if webhook is None else _encode(webhook)


def unpack_webhook(stored: bytes | None) -> Webhook | None:
    """The inverse of ``pack_webhook``."""
    return _decode_webhook(stored) if stored else None
