"""The table of who may do what: what ``test_permissions`` walks, and what ``docs/permissions.md`` shows.

``python -m trial_tests.bff.permission_table`` writes the tables into the document anew.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

YES = "yes"
OWN = "own side"
"""It is done, and nobody else hears of it."""
NONE = "none"
"""There is nothing to do it with, or no road to it."""

ADMIN, WRITE, FORBIDDEN = "CHAT_ADMIN_REQUIRED", "CHAT_WRITE_FORBIDDEN", "CHAT_FORBIDDEN"
PEER, DELETE, AUTHOR = "PEER_ID_INVALID", "MESSAGE_DELETE_FORBIDDEN", "MESSAGE_AUTHOR_REQUIRED"
EXPIRED, INSIDE = "INVITE_HASH_EXPIRED", "USER_ALREADY_PARTICIPANT"
BLOCKING, BLOCKED, BOT = "YOU_BLOCKED_USER", "USER_IS_BLOCKED", "USER_IS_BOT"
GONE, QUOTE = "INPUT_USER_DEACTIVATED", "QUOTE_TEXT_INVALID"
STAYS_OUT = "USER_NOT_MUTUAL_CONTACT"
THEIRS, YOURS = "USER_PRIVACY_RESTRICTED", "YOUR_PRIVACY_RESTRICTED"

SIGNS = {
    YES: "✓",
    OWN: "(✓)",
    NONE: "·",
    ADMIN: "A",
    WRITE: "W",
    FORBIDDEN: "F",
    PEER: "P",
    DELETE: "D",
    AUTHOR: "M",
    EXPIRED: "E",
    INSIDE: "I",
    BLOCKING: "Y",
    BLOCKED: "B",
    BOT: "R",
    GONE: "G",
    QUOTE: "Q",
    STAYS_OUT: "N",
    THEIRS: "U",
    YOURS: "Z",
}

GROUP_ROLES = ("stranger", "left", "kicked", "banned", "member", "admin", "creator", "agent", "service")
PRIVATE_ROLES = ("stranger", "contact", "blocked", "blocking", "agent", "blocked agent", "service")


@dataclass(frozen=True, slots=True)
class Row:
    """One deed: its key in the walk, how the document calls it, and its outcome for each role in their order."""

    key: str
    title: str
    outcomes: tuple[str, ...]


def _row(key: str, title: str, *outcomes: str) -> Row:
    return Row(key, title, outcomes)


def _group(key: str, title: str, *, left: str, kicked: str = "", banned: str, member: str, admin: str, creator: str,
           outside: str = PEER, agent: str = "") -> Row:  # fmt: skip
    """A deed in a group. An agent is a member like others; the service account is a stranger everywhere."""
    return Row(key, title, (outside, left, kicked or left, banned, member, admin, creator, agent or member, outside))


def _all(key: str, title: str, gone: str, inside: str, outside: str = PEER) -> Row:
    """A deed that everybody who is in may do."""
    return _group(key, title, left=gone, banned=inside, member=inside, admin=inside, creator=inside, outside=outside)


def _permitted(key: str, title: str, right: str) -> Row:
    """A deed that the group may forbid its members."""
    return _group(key, title, left=WRITE, banned=right, member=YES, admin=YES, creator=YES)


def _admins(key: str, title: str, gone: str = ADMIN) -> Row:
    """A deed of administrators."""
    return _group(key, title, left=gone, banned=ADMIN, member=ADMIN, admin=YES, creator=YES)


def _creators(key: str, title: str) -> Row:
    """A deed of the creator alone."""
    return _group(key, title, left=ADMIN, banned=ADMIN, member=ADMIN, admin=ADMIN, creator=YES)


MESSAGES = (
    _permitted("send", "write", WRITE),
    _permitted("send_media", "send a file", WRITE),
    _group("send_forbidden_media", "send a file where members may send none", left=WRITE, banned=WRITE,
           member="CHAT_SEND_MEDIA_FORBIDDEN", admin=YES, creator=YES),
    _permitted("edit_own", "edit what they wrote", WRITE),
    _permitted("edit_media", "put a file in what they wrote", WRITE),
    _all("edit_other", "edit what another wrote", AUTHOR, AUTHOR),
    _all("delete_own", "delete what they wrote, for everybody", DELETE, YES, NONE),
    _group("delete_other", "delete what another wrote, for everybody", left=DELETE, banned=DELETE, member=DELETE,
           admin=YES, creator=YES, outside=NONE),
    _all("delete_mine", "delete a message for themselves", OWN, OWN, NONE),
    _all("clear", "empty their own history of it", OWN, OWN),
    _permitted("pin", "pin", ADMIN),
    _permitted("unpin_all", "unpin everything", ADMIN),
    _permitted("typing", "be seen typing", WRITE),
    _all("read", "read, so that the writers are told", OWN, YES),
    _all("readers", "see who has read what they wrote", FORBIDDEN, YES),
    _all("react", "react to what another wrote", FORBIDDEN, YES),
    _all("vote", "vote in a poll there", FORBIDDEN, YES),
    _all("history", "see what they have of it", YES, YES),
    _all("forward", "forward from it", FORBIDDEN, YES),
    _all("quote", "quote from it elsewhere", QUOTE, YES),
)  # fmt: skip

CHATS = (
    _all("members", "see who is in it", FORBIDDEN, YES, "CHAT_ID_INVALID"),
    _all("onlines", "see how many are online", FORBIDDEN, YES),
    _permitted("title", "rename it", ADMIN),
    _permitted("about", "describe it", ADMIN),
    _permitted("photo", "give it a photo", ADMIN),
    _permitted("add", "bring somebody in", ADMIN),
    _group("add_kicked", "bring in who was put out", left=WRITE, banned=ADMIN, member=ADMIN, admin=YES, creator=YES),
    _group("add_left", "bring back who left", left=WRITE, banned=ADMIN, member=STAYS_OUT, admin=STAYS_OUT,
           creator=STAYS_OUT),
    _permitted("add_left_known", "bring back who left and has them in the address book", ADMIN),
    _group("remove_brought", "put out a member whom they brought in", left=WRITE, banned=YES, member=YES, admin=YES,
           creator=YES),
    _group("remove_member", "put out another member", left=WRITE, banned=ADMIN, member=ADMIN, admin=YES, creator=YES),
    _group("remove_admin", "put out an administrator, also one whom they brought in", left=WRITE, banned=ADMIN,
           member=ADMIN, admin=ADMIN, creator=YES),
    _group("remove_creator", "put out the creator, also one whom they brought in", left=WRITE, banned=ADMIN,
           member=ADMIN, admin=ADMIN, creator=NONE),
    _all("leave", "leave", "USER_NOT_PARTICIPANT", YES),
    _creators("appoint", "make an administrator"),
    _creators("dismiss", "make an administrator a member again"),
    _admins("restrict", "say what members may not do"),
    _admins("lifetime", "say when messages delete themselves"),
    _creators("protect", "protect it from being copied"),
    _creators("close", "delete it for everybody"),
)  # fmt: skip

LINKS = (
    _admins("make_link", "make an invite link"),
    _admins("own_links", "list their own links"),
    _creators("other_links", "list another administrator's links"),
    _creators("see_link", "see another administrator's link"),
    _creators("edit_link", "change another administrator's link"),
    _creators("revoke_link", "revoke another administrator's link"),
    _creators("forget_link", "forget another administrator's revoked link"),
    _creators("forget_links", "forget all of another administrator's revoked links"),
    _creators("other_joiners", "see who came by another administrator's link"),
    _creators("link_makers", "see who has made links"),
    _group("enter", "come in by a link", left=YES, kicked=EXPIRED, banned=INSIDE, member=INSIDE, admin=INSIDE,
           creator=INSIDE, outside=YES),
    _group("look", "look at a group by a link", left=YES, kicked=EXPIRED, banned=YES, member=YES, admin=YES,
           creator=YES, outside=YES),
    _group("enter_late", "come in by a link past its time", left=EXPIRED, banned=INSIDE, member=INSIDE, admin=INSIDE,
           creator=INSIDE, outside=EXPIRED),
    _group("enter_full", "come in by a link that is used up", left=EXPIRED, banned=INSIDE, member=INSIDE, admin=INSIDE,
           creator=INSIDE, outside=EXPIRED),
    _group("enter_revoked", "come in by a revoked link", left=EXPIRED, banned=INSIDE, member=INSIDE, admin=INSIDE,
           creator=INSIDE, outside=EXPIRED),
)  # fmt: skip

PEOPLE = (
    _row("send", "write", YES, YES, OWN, BLOCKING, YES, BLOCKED, YES),
    _row("forward", "forward to them", YES, YES, OWN, BLOCKING, YES, BLOCKED, NONE),
    _row("edit", "edit what they wrote to them", YES, YES, WRITE, BLOCKING, YES, BLOCKED, NONE),
    _row("react", "react to what they wrote", YES, YES, WRITE, BLOCKING, YES, BLOCKED, NONE),
    _row("pin", "pin for both", YES, YES, OWN, BLOCKING, YES, BLOCKED, NONE),
    _row("pin_own", "pin for oneself", OWN, OWN, OWN, OWN, OWN, OWN, NONE),
    _row("unpin_all", "unpin everything for both", YES, YES, OWN, BLOCKING, YES, BLOCKED, NONE),
    _row("typing", "be seen typing", YES, YES, OWN, OWN, YES, OWN, NONE),
    _row("read", "read, so that the writer is told", YES, YES, OWN, OWN, YES, OWN, NONE),
    _row("delete", "delete a message for both", YES, YES, OWN, YES, YES, OWN, NONE),
    _row("clear", "delete the history for both", YES, YES, OWN, YES, YES, OWN, NONE),
    _row("when_read", "see when they read it", YES, YES, THEIRS, YOURS, YES, THEIRS, NONE),
    _row("last_seen", "see when they were last online", YES, YES, NONE, NONE, YES, NONE, NONE),
    _row("phone", "see their number", NONE, YES, NONE, NONE, NONE, NONE, NONE),
    _row("add", "bring them into a group", YES, YES, BLOCKED, BLOCKING, YES, BLOCKED, NONE),
    _row("found", "found a group with them", YES, YES, OWN, BLOCKING, YES, OWN, NONE),
    _row("to_bot", "write to an agent", YES, YES, YES, YES, BOT, BOT, NONE),
    _row("to_gone", "write to a deleted account", GONE, GONE, GONE, GONE, GONE, GONE, NONE),
)

TABLES: Mapping[str, tuple[Sequence[str], Sequence[Row]]] = {
    "messages": (GROUP_ROLES, MESSAGES),
    "chats": (GROUP_ROLES, CHATS),
    "links": (GROUP_ROLES, LINKS),
    "people": (PRIVATE_ROLES, PEOPLE),
}

DOCUMENT = Path(__file__).parents[2] / "docs/permissions.md"


def rendered(name: str) -> str:
    """One table as the document has it."""
    roles, rows = TABLES[name]
    lines = ["| | " + " | ".join(roles) + " |", "| --- " * (len(roles) + 1) + "|"]
    lines += [
        f"| {row.title} | " + " | ".join(SIGNS.get(cell, f"`{cell}`") for cell in row.outcomes) + " |" for row in rows
    ]
    return "\n".join(lines)


def legend() -> str:
    """What the signs stand for."""
    refusals = [f"{sign} `{name}`" for name, sign in SIGNS.items() if name not in (YES, OWN, NONE)]
    return (
        "✓ it is done; (✓) it is done on their own side alone, and nobody hears of it; · there is nothing to do it "
        "with, or nothing is shown. Refused with: " + ", ".join(refusals) + "."
    )


def written(document: str) -> str:
    """The document with every table and the legend as they are now."""
    parts = {**{name: rendered(name) for name in TABLES}, "legend": legend()}
    for name, text in parts.items():
        begin, end = f"<!-- {name} -->\n", f"<!-- /{name} -->"
        head, _, rest = document.partition(begin)
        _, found, tail = rest.partition(end)
        if not found:
            raise ValueError(f"the document has no place for {name}")
        document = f"{head}{begin}{text}\n{end}{tail}"
    return document


if __name__ == "__main__":
    DOCUMENT.write_text(written(DOCUMENT.read_text()))
