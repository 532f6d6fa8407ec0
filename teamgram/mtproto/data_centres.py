"""The data centres that this server stands for.

Telegram is several data centres, and its clients know five of them from the
start: TDLib begins at 1, Telethon at 2, and each has the addresses of all five
(``ConnectionCreator::get_default_dc_options`` in TDLib). A server of one's own
is all of them at once: a client then needs another address and another key, and
no other number.
"""

#: Those that clients know from the start.
KNOWN = (1, 2, 3, 4, 5)

#: What test servers' data centres have more than their number.
TEST_SERVERS = 10_000


def served(dc_id: int) -> tuple[int, ...]:
    """All that a server stands for whose own data centre is ``dc_id``; its own first."""
    return (dc_id, *(other for other in KNOWN if other != dc_id))


def meant_of(dc_id: int, meant: int) -> int:
    """The number of the data centre that a client means, 0 when this server is not that one.

    Args:
        dc_id: the server's own.
        meant: as a key exchange says it: negative for media, 10000 more on test servers.
    """
    number = abs(meant)
    all_of_us = served(dc_id)
    if number in all_of_us:
        return number
    return number - TEST_SERVERS if number - TEST_SERVERS in all_of_us else 0
