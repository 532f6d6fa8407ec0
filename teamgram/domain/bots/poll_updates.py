"""What bots are told of the polls that they asked (core.telegram.org/bots/api#poll, #pollanswer)."""

from teamgram.database import Transaction
from teamgram.domain.bot_news.kinds import allows
from teamgram.domain.bots import store
from teamgram.domain.bots.bot import Bot
from teamgram.domain.bots.inbox import append_txn
from teamgram.domain.bots.update import BotPoll, BotPollAnswer
from teamgram.domain.boxes.poll import Poll, PollState
from teamgram.domain.updates.events import PollChanged
from teamgram.domain.updates.fanout import Fanout


def tell_vote_txn(
    txn: Transaction, fanout: Fanout, poll: Poll, state: PollState, voter_id: int, choices: int, now: int
) -> None:
    """Somebody voted: how the poll stands, and where everybody may know it, who voted for what (a bit an answer)."""
    bot = store.bots_txn(txn, [poll.creator_id]).get(poll.creator_id)
    if bot is None:
        return
    if poll.public and allows(bot.details.allowed_updates, "poll_answer"):
        append_txn(txn, bot.user_id, BotPollAnswer(poll, voter_id, choices), now)
    _tell_txn(txn, fanout, bot, poll, state, now)


def tell_end_txn(txn: Transaction, fanout: Fanout, poll: Poll, state: PollState, now: int) -> None:
    """The poll is closed."""
    bot = store.bots_txn(txn, [poll.creator_id]).get(poll.creator_id)
    if bot is not None:
        _tell_txn(txn, fanout, bot, poll, state, now)


def _tell_txn(txn: Transaction, fanout: Fanout, bot: Bot, poll: Poll, state: PollState, now: int) -> None:
    if allows(bot.details.allowed_updates, "poll"):
        append_txn(txn, bot.user_id, BotPoll(poll, PollState(state.closed, state.voters, state.counts)), now)
    txn.call_after(fanout.publish, (bot.user_id,), PollChanged(poll, state, is_min=True))
