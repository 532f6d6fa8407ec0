"""``channels.telegram``: who may talk to the agents in the messenger, in OpenClaw's own keys.

The section has many more keys there (tokens, webhooks, accounts, …); what is not named here is taken as it is and means
nothing, because the agents are accounts of this very server.
"""

from collections.abc import Sequence
from typing import Any, Literal

import msgspec

CHANNEL = "telegram"
EVERYBODY = "*"
#: Of a group's messages, at most so many are shown to a model besides the one that names the agent.
MAX_HISTORY = 100

GroupPolicy = Literal["open", "allowlist", "disabled"]
#: Before an id; OpenClaw takes both for this channel.
PREFIXES = ("telegram:", "tg:")


class TelegramGroup(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """``groups.<marked id>``, or ``groups.*`` for those that are not named; None: as the channel has it.

    Attributes:
        require_mention: it answers what names it or answers it, and nothing else.
        allow_from: who may ask it there.
    """

    enabled: bool = True
    require_mention: bool = True
    group_policy: GroupPolicy | None = None
    allow_from: list[str | int] | None = None


class CustomCommand(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One more command of the menu; what is typed goes to the agent like any message."""

    command: str
    description: str


class TelegramSection(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The keys that mean something here.

    Attributes:
        dm_policy: who may write to an agent in private. ``pairing``: owners, ``allow_from`` and whoever the operator
            let in; all others are given a code. ``allowlist``: owners and ``allow_from``. ``open``: as ``allow_from``
            says, which is to hold ``"*"``. ``disabled``: nobody.
        group_policy: who may ask an agent in a group. ``allowlist``: owners and ``group_allow_from``.
        group_allow_from: None: as ``allow_from``.
        groups: once it is there, groups that it does not name are not answered in.
        history_limit: how many of a group's last messages the model is shown with the one that is for it.
    """

    enabled: bool = True
    dm_policy: Literal["pairing", "allowlist", "open", "disabled"] = "pairing"
    allow_from: list[str | int] = []
    group_policy: GroupPolicy = "allowlist"
    group_allow_from: list[str | int] | None = None
    groups: dict[str, TelegramGroup] | None = None
    history_limit: int = 0
    custom_commands: list[CustomCommand] = []

    def group(self, peer: int) -> TelegramGroup | None:
        """What holds in a group, by its marked id; None: it is not to be answered in."""
        if self.groups is None:
            return TelegramGroup()
        return self.groups.get(str(peer)) or self.groups.get(EVERYBODY)


class _Channels(msgspec.Struct, frozen=True):
    telegram: TelegramSection | None = None


class _File(msgspec.Struct, frozen=True):
    channels: _Channels


def telegram_section(channels: dict[str, Any]) -> TelegramSection:
    """The section of ``channels``, as shipped where there is none.

    Raises:
        msgspec.ValidationError: something of it has the wrong type or is no word that it may be.
    """
    # The whole file's shape, so that what is wrong is told with its whole path.
    return msgspec.convert({"channels": channels}, _File).channels.telegram or TelegramSection()


def issues_of(channels: dict[str, Any]) -> list[dict[str, str]]:
    """What is wrong with it beyond its types, as ``config.get`` tells it."""
    section, issues = telegram_section(channels), []
    if section.dm_policy == "open" and EVERYBODY not in section.allow_from:
        path, message = "allowFrom", 'must hold "*" with dmPolicy open'
        issues.append({"path": f"channels.{CHANNEL}.{path}", "message": message})
    if not 0 <= section.history_limit <= MAX_HISTORY:
        issues.append({"path": f"channels.{CHANNEL}.historyLimit", "message": f"must be from 0 to {MAX_HISTORY}"})
    return issues


def account_id(entry: str | int) -> int | None:
    """The account that an entry of a list names, ``telegram:`` before it or not; None: none.

    Usernames and numbers change hands, so they name nobody.
    """
    text = str(entry).strip()
    prefix = next((each for each in PREFIXES if text.lower().startswith(each)), "")
    bare = text[len(prefix) :].strip()
    return int(bare) if bare.isascii() and bare.isdigit() and 0 < int(bare) < 2**63 else None


def names_account(entries: Sequence[str | int], user_id: int) -> bool:
    """Whether a list of ids, perhaps with ``*``, names an account."""
    return any(entry == EVERYBODY or account_id(entry) == user_id for entry in entries)
