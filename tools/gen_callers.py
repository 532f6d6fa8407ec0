"""Write ``teamgram/bff/callers.tsv``: which methods only people may call, and which only bots.

The lists are those that ``@mtcute/tl`` (MIT) carries in ``raw-errors.json``, made from core.telegram.org/methods; what
they do not know yet is added here::

    npm pack @mtcute/tl && tar xzf mtcute-tl-*.tgz
    python -m tools.gen_callers package/raw-errors.json
"""

import json
import sys
from pathlib import Path

from teamgram.mtproto.tl import registry

TARGET = Path(__file__).resolve().parent.parent / "teamgram" / "bff" / "callers.tsv"

#: "Bots can't use this method", "only bots", by their pages on core.telegram.org/method.
MORE_FOR_BOTS = (
    "bots.resetBotCommands",
    "bots.setBotBroadcastDefaultAdminRights",
    "bots.setBotMenuButton",
    "messages.editInlineBotMessage",
    "messages.savePreparedInlineMessage",
)
MORE_FOR_PEOPLE = (
    "account.updateBirthday",
    "bots.getAdminedBots",
    "contacts.editCloseFriends",
    "contacts.getBirthdays",
    "contacts.setBlocked",
    "messages.getOutboxReadDate",
    "messages.getPinnedSavedDialogs",
    "messages.getPreparedInlineMessage",
    "messages.getSavedDialogs",
    "messages.getSavedHistory",
    "messages.toggleDialogFilterTags",
    "messages.toggleSavedDialogPin",
    "messages.reorderPinnedSavedDialogs",
    "photos.uploadContactProfilePhoto",
)


def main(path: str) -> None:
    """Write the table."""
    lists = json.loads(Path(path).read_text(encoding="utf-8"))
    who = dict.fromkeys((*lists["userOnly"], *MORE_FOR_PEOPLE), "user")
    who |= dict.fromkeys((*lists["botOnly"], *MORE_FOR_BOTS), "bot")
    there = set(registry.methods())
    who = {method: kind for method, kind in who.items() if method in there and "." in method}
    lines = ["# method\twho may call it alone; made by tools/gen_callers.py", *(f"{m}\t{who[m]}" for m in sorted(who))]
    TARGET.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1])
