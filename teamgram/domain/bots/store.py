"""SQL of ``bots``. Every function runs inside a transaction."""

from collections.abc import Sequence
from typing import Any

from teamgram.database import Transaction
from teamgram.domain.bots.bot import (
    Bot,
    BotDetails,
    MenuButton,
    Webhook,
    pack_details,
    pack_menu,
    pack_webhook,
    unpack_details,
    unpack_menu,
    unpack_webhook,
)

_COLUMNS = "user_id, owner_id, created_at, details, webhook"
_IDS_PER_QUERY = 500


def _bot(row: Sequence[Any]) -> Bot:
    return Bot(row[0], row[1], row[2], unpack_details(row[3]), unpack_webhook(row[4]))


def insert_bot_txn(txn: Transaction, bot: Bot, secret_hash: bytes, taken_pts: int) -> None:
    txn.execute(
        "INSERT INTO bots (user_id, owner_id, created_at, details, secret_hash, taken_pts, last_update_id, has_webhook)"
        " VALUES (?, ?, ?, ?, ?, ?, 0, 0)",
        (bot.user_id, bot.owner_id, bot.created_at, pack_details(bot.details), secret_hash, taken_pts),
    )


def bots_txn(txn: Transaction, user_ids: Sequence[int]) -> dict[int, Bot]:
    found: dict[int, Bot] = {}
    for start in range(0, len(user_ids), _IDS_PER_QUERY):
        part = user_ids[start : start + _IDS_PER_QUERY]
        txn.execute(f"SELECT {_COLUMNS} FROM bots WHERE user_id IN ({','.join('?' * len(part))})", tuple(part))
        for row in txn.fetchall():
            found[row[0]] = _bot(row)
    return found


def owned_txn(txn: Transaction, owner_id: int | None, limit: int) -> list[Bot]:
    """Those of an owner, or of everybody, in the order of their ids."""
    where, values = ("", ()) if owner_id is None else ("WHERE owner_id = ?", (owner_id,))
    txn.execute(f"SELECT {_COLUMNS} FROM bots {where} ORDER BY user_id LIMIT ?", (*values, limit))
    return [_bot(row) for row in txn.fetchall()]


def count_owned_txn(txn: Transaction, owner_id: int) -> int:
    txn.execute("SELECT COUNT(*) FROM bots WHERE owner_id = ?", (owner_id,))
    row = txn.fetchone()
    return int(row[0]) if row else 0


def secret_hash_txn(txn: Transaction, user_id: int) -> bytes:
    """The hash of the bot's secret; empty when it has none."""
    txn.execute("SELECT secret_hash FROM bots WHERE user_id = ?", (user_id,))
    row = txn.fetchone()
    return bytes(row[0]) if row else b""


def set_secret_txn(txn: Transaction, user_id: int, secret_hash: bytes) -> None:
    txn.execute("UPDATE bots SET secret_hash = ? WHERE user_id = ?", (secret_hash, user_id))


def set_details_txn(txn: Transaction, user_id: int, details: BotDetails) -> None:
    txn.execute("UPDATE bots SET details = ? WHERE user_id = ?", (pack_details(details), user_id))


def set_webhook_txn(txn: Transaction, user_id: int, webhook: Webhook | None) -> None:
    txn.execute(
        "UPDATE bots SET webhook = ?, has_webhook = ? WHERE user_id = ?",
        (pack_webhook(webhook), int(webhook is not None), user_id),
    )


def menu_txn(txn: Transaction, bot_id: int, user_id: int) -> MenuButton | None:
    """The button for one person."""
    txn.execute("SELECT button FROM bot_menus WHERE bot_id = ? AND user_id = ?", (bot_id, user_id))
    row = txn.fetchone()
    return unpack_menu(row[0]) if row is not None else None


def set_menu_txn(txn: Transaction, bot_id: int, user_id: int, button: MenuButton | None) -> None:
    if button is None:
        txn.execute("DELETE FROM bot_menus WHERE bot_id = ? AND user_id = ?", (bot_id, user_id))
    else:
        txn.upsert("bot_menus", {"bot_id": bot_id, "user_id": user_id}, {"button": pack_menu(button)})


def with_webhooks_txn(txn: Transaction) -> list[int]:
    """The ids of the bots whose updates are brought to them."""
    txn.execute("SELECT user_id FROM bots WHERE has_webhook = 1 ORDER BY user_id", ())
    return [row[0] for row in txn.fetchall()]


def delete_bot_txn(txn: Transaction, user_id: int) -> None:
    txn.execute("DELETE FROM bots WHERE user_id = ?", (user_id,))
    txn.execute("DELETE FROM bot_updates WHERE bot_id = ?", (user_id,))
    txn.execute("DELETE FROM bot_news WHERE bot_id = ?", (user_id,))
    txn.execute("DELETE FROM bot_channels WHERE bot_id = ?", (user_id,))
    txn.execute("DELETE FROM bot_menus WHERE bot_id = ?", (user_id,))
    txn.execute("DELETE FROM inline_queries WHERE bot_id = ?", (user_id,))
