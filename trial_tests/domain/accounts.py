"""Accounts with known ids, for tests of the domain alone."""

from teamgram.database import Database, Transaction


async def add_accounts(database: Database, *user_ids: int, bots: tuple[int, ...] = ()) -> None:
    """Put accounts with these ids into the database; those in ``bots`` are bots."""

    def add_txn(txn: Transaction) -> None:
        txn.executemany(
            "INSERT INTO users (id, access_hash, first_name, is_bot, created_at) VALUES (?, 1, ?, ?, 0)",
            [(user_id, f"User {user_id}", int(user_id in bots)) for user_id in user_ids],
        )

    await database.write("accounts of a test", add_txn)
