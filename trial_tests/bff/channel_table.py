"""The table of who may do what in channels: what ``test_channel_rights`` walks, and what ``docs/channels.md`` shows.

``python -m trial_tests.bff.channel_table`` writes it into the document anew.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

YES = "yes"
PRIVATE, ADMIN, WRITE = "CHANNEL_PRIVATE", "CHAT_ADMIN_REQUIRED", "CHAT_WRITE_FORBIDDEN"
OUTSIDE, SILENCED, CLOSED = "USER_NOT_PARTICIPANT", "USER_BANNED_IN_CHANNEL", "TOPIC_CLOSED"
AUTHOR, DELETE, OWNER = "MESSAGE_AUTHOR_REQUIRED", "MESSAGE_DELETE_FORBIDDEN", "PARTICIPANT_ID_INVALID"
INSIDE, STAYS = "USER_ALREADY_PARTICIPANT", "USER_CREATOR"

ALL_RIGHTS = (
    "change_info",
    "post_messages",
    "edit_messages",
    "delete_messages",
    "ban_users",
    "invite_users",
    "pin_messages",
    "add_admins",
    "manage_topics",
    "manage_call",
    "other",
)
EVERY = ALL_RIGHTS
"""Any administrator may."""

WHO_SEES_NOTHING = (
    ("stranger", False),
    ("left", False),
    ("removed", False),
    ("put out", False),
    ("put out", True),
)
"""Role, and whether the channel is public: all that they do ends with ``CHANNEL_PRIVATE``."""

DOCUMENT = Path(__file__).parents[2] / "docs" / "channels.md"
BEGIN, END = "<!-- walked -->\n", "<!-- /walked -->\n"


@dataclass(frozen=True, slots=True)
class Row:
    """One deed in one kind of channel.

    Attributes:
        outside: for who is not in it, where it is public; ``left``: for who was, where that is something else.
        rights: any of these is enough for an administrator, and gives ``with_all``; ``without``: who has none of them.
    """

    key: str
    title: str
    outside: str
    member: str
    silenced: str
    without: str
    rights: tuple[str, ...]
    owner: str = YES
    left: str = ""
    with_all: str = YES


def _everybody(key: str, title: str) -> Row:
    return Row(key, title, YES, YES, YES, YES, EVERY)


def _admins(key: str, title: str, *rights: str, outside: str = ADMIN) -> Row:
    """What needs one of these rights."""
    return Row(key, title, outside, ADMIN, ADMIN, ADMIN, rights)


def _permitted(key: str, title: str, *rights: str, outside: str = ADMIN) -> Row:
    """What a supergroup may forbid its members, and administrators need a right for."""
    return Row(key, title, outside, YES, ADMIN, ADMIN, rights)


def _owners(key: str, title: str) -> Row:
    return Row(key, title, ADMIN, ADMIN, ADMIN, ADMIN, (), with_all=ADMIN)


_BOTH = (
    _everybody("look", "look"),
    _everybody("difference", "get the difference"),
    _everybody("read", "read"),
    _everybody("forward", "send on what is there"),
    Row("react", "react", OUTSIDE, YES, YES, YES, EVERY),
    Row("vote", "vote", OUTSIDE, YES, YES, YES, EVERY),
    Row("delete_other", "delete what others wrote", DELETE, DELETE, DELETE, DELETE, ("delete_messages",)),
    _admins("wipe_member", "delete all that somebody wrote", "delete_messages"),
    _owners("username", "change the username"),
    _admins("make_link", "make a link", "invite_users"),
    Row("put_out_list", "see who was put out", ADMIN, ADMIN, ADMIN, YES, EVERY),
    Row("log", "see what was done", ADMIN, ADMIN, ADMIN, YES, EVERY),
    _admins("appoint", "appoint", "add_admins"),
    _admins("restrict", "restrict", "ban_users"),
    Row("restrict_owner", "put the owner out", ADMIN, ADMIN, ADMIN, ADMIN, ("ban_users",), OWNER, with_all=OWNER),
    _owners("protect", "protect the content"),
)
_LAST = (
    Row("leave", "leave", OUTSIDE, YES, YES, YES, EVERY, STAYS),
    Row("join", "join", YES, YES, YES, YES, EVERY, INSIDE),
    _owners("delete", "delete it"),
)
"""After them one is what one was not; so nothing comes after them, and they come in this order."""

GROUP = (
    *_BOTH,
    Row("write", "write", WRITE, YES, SILENCED, YES, EVERY),
    Row("edit_own", "change what one wrote", AUTHOR, YES, SILENCED, YES, EVERY, left=WRITE),
    _permitted("pin", "pin", "pin_messages"),
    _permitted("title", "rename", "change_info"),
    _permitted("about", "describe", "change_info"),
    _permitted("invite", "bring somebody in", "invite_users", outside=WRITE),
    Row("members", "see who is in it", ADMIN, YES, YES, YES, EVERY),
    _everybody("admins", "see who administers it"),
    _admins("default_bans", "say what nobody may do", "ban_users"),
    _admins("slow", "slow it", "ban_users"),
    _admins("hide_members", "hide who is in it", "ban_users"),
    Row("delete_own", "delete what one wrote", DELETE, YES, YES, YES, EVERY),
    *_LAST,
)
CHANNEL = (
    *_BOTH,
    _admins("write", "post", "post_messages"),
    Row(
        "edit_own",
        "change what one posted",
        AUTHOR,
        ADMIN,
        ADMIN,
        ADMIN,
        ("post_messages", "edit_messages"),
        left=ADMIN,
    ),
    Row("edit_other", "change what others posted", AUTHOR, AUTHOR, AUTHOR, AUTHOR, ("edit_messages",)),
    _admins("pin", "pin", "edit_messages"),
    _admins("title", "rename", "change_info"),
    _admins("about", "describe", "change_info"),
    _admins("invite", "bring somebody in", "invite_users", outside=WRITE),
    Row("members", "see who reads it", ADMIN, ADMIN, ADMIN, YES, EVERY),
    Row("admins", "see who administers it", ADMIN, ADMIN, ADMIN, YES, EVERY),
    _admins("signatures", "have posts signed", "change_info"),
    *_LAST,
)
FORUM = (
    _permitted("begin_topic", "begin a topic", "manage_topics"),
    _admins("rename_topic", "rename a topic", "manage_topics"),
    Row("rename_own_topic", "rename one's own topic", ADMIN, YES, YES, YES, EVERY),
    Row("write_in_closed", "write in a closed topic", WRITE, CLOSED, SILENCED, CLOSED, ("manage_topics",)),
    _admins("pin_topic", "pin a topic", "manage_topics"),
    _admins("delete_topic", "delete a topic", "delete_messages"),
)
TABLE = {"group": GROUP, "channel": CHANNEL, "forum": FORUM}


def _sign(outcome: str) -> str:
    return "✓" if outcome == YES else f"`{outcome}`"


def _lines() -> Iterator[str]:
    yield "| | not in it, public | member | silenced | administrator | owner |"
    yield "|---|---|---|---|---|---|"
    for kind, title in (("group", "In a supergroup"), ("channel", "In a channel"), ("forum", "In a forum, also")):
        yield f"| **{title}** | | | | | |"
        for row in TABLE[kind]:
            outside = _sign(row.outside) + (f", who left {_sign(row.left)}" if row.left else "")
            rights = " or ".join(f"`{right}`" for right in row.rights)
            admin = rights if row.with_all == YES else _sign(row.with_all)
            admin = "✓" if row.rights == EVERY else admin
            cells = (row.title, outside, _sign(row.member), _sign(row.silenced), admin, _sign(row.owner))
            yield f"| {' | '.join(cells)} |"


def written(document: str) -> str:
    """The document with the table as it is now."""
    before, rest = document.split(BEGIN)
    return before + BEGIN + "\n" + "\n".join(_lines()) + "\n\n" + END + rest.split(END)[1]


if __name__ == "__main__":
    DOCUMENT.write_text(written(DOCUMENT.read_text()))
