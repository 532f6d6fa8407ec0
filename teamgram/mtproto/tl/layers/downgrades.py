"""From the newest shape to an older layer's: values whose type changed, fields that were derived, whole objects.

Three tables, tried from the most to the least special: ``OBJECT_DOWNGRADES`` (wanted type, constructor),
``FIELD_DOWNGRADES`` (constructor, field that newer layers lack), ``value_downgrade`` (newest type, older type of the
same field).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from teamgram.mtproto.tl.classes import class_named
from teamgram.mtproto.tl.errors import NotInLayerError
from teamgram.mtproto.tl.layers import keyboards

INT_MAX = 0x7FFFFFFF


def _peer_id(peer: Any) -> int:
    for name in ("user_id", "chat_id", "channel_id"):
        value = getattr(peer, name, None)
        if value is not None:
            return int(value)
    return 0


def _reaction_text(reaction: Any) -> str:
    return getattr(reaction, "emoticon", None) or ""


def _reaction_texts(reactions: Any) -> list[str]:
    return [text for text in map(_reaction_text, getattr(reactions, "reactions", None) or ()) if text]


def _first(values: Any) -> Any:
    return values[0] if values else None


def _only(values: Any) -> Any:
    if not values:
        raise NotInLayerError("an empty vector where an older layer has one value")
    return values[0]


def _text(value: Any) -> str:
    return str(value.text)


_VALUE_DOWNGRADES: dict[tuple[str, str], Callable[[Any], Any]] = {
    ("long", "int"): lambda value: max(-INT_MAX - 1, min(value, INT_MAX)),
    ("double", "int"): lambda value: int(max(-INT_MAX, min(value, INT_MAX))),
    ("true", "Bool"): bool,
    ("TextWithEntities", "string"): _text,
    ("RecentStory", "int"): lambda value: value.max_id or 0,
    ("PeerColor", "int"): lambda value: getattr(value, "color", None) or 0,
    ("StarsAmount", "long"): lambda value: value.amount,
    ("Peer", "long"): _peer_id,
    ("Vector<Peer>", "Vector<long>"): lambda peers: [_peer_id(peer) for peer in peers],
    ("Vector<SendAsPeer>", "Vector<Peer>"): lambda peers: [entry.peer for entry in peers],
    ("Reaction", "string"): _reaction_text,
    ("ChatReactions", "Vector<string>"): _reaction_texts,
    ("NotificationSound", "string"): lambda value: getattr(value, "data", None) or "",
    ("string", "int"): lambda value: int(value) if value.isdecimal() else 0,
    ("PaidReactionPrivacy", "Bool"): lambda value: value.NAME == "paidReactionPrivacyAnonymous",
    ("GroupCallMessage", "TextWithEntities"): lambda value: value.message,
    ("Vector<MessageExtendedMedia>", "MessageExtendedMedia"): _only,
    ("Vector<PaymentSavedCredentials>", "PaymentSavedCredentials"): _first,
    ("Vector<ReadParticipantDate>", "Vector<long>"): lambda readers: [reader.user_id for reader in readers],
    ("Vector<RecentStory>", "Vector<int>"): lambda recent: [story.max_id or 0 for story in recent],
    ("messages.DialogFilters", "Vector<DialogFilter>"): lambda value: value.filters,
    ("bots.BotInfo", "Vector<string>"): lambda value: [value.name, value.about, value.description],
}


def value_downgrade(newest: str, older: str) -> Callable[[Any], Any] | None:
    """The change of a value from its newest type to an older one; None when it is written as it is."""
    return _VALUE_DOWNGRADES.get((newest, older))


def _first_username(obj: Any) -> str:
    for entry in obj.usernames or ():
        if entry.active:
            return str(entry.username)
    return ""


_TOPICS_OF_PEERS = 216
"""Before, topics were a matter of channels alone."""

FIELD_DOWNGRADES: dict[tuple[str, str], Callable[[Any], Any]] = {
    ("config", "saved_gifs_limit"): lambda config: 200,
    ("config", "stickers_faved_limit"): lambda config: 5,
    ("config", "pinned_dialogs_count_max"): lambda config: 5,
    ("config", "pinned_infolder_count_max"): lambda config: 100,
    ("config", "phonecalls_enabled"): lambda config: False,
    ("invoice", "recurring_terms_url"): lambda invoice: invoice.terms_url,
    ("draftMessage", "reply_to_msg_id"): lambda draft: getattr(draft.reply_to, "reply_to_msg_id", None),
    ("updateUserName", "username"): _first_username,
    ("reactionCount", "chosen"): lambda count: count.chosen_order is not None,
    ("messageActionGiftPremium", "months"): lambda action: max(1, action.days // 30),
    ("messageActionGiftCode", "months"): lambda action: max(1, action.days // 30),
    ("messageActionSetChatTheme", "emoticon"): lambda action: getattr(action.theme, "emoticon", None) or "",
    ("messageActionRequestedPeer", "peer"): lambda action: action.peers[0] if action.peers else None,
    ("messageMediaStory", "user_id"): lambda media: _peer_id(media.peer),
    ("messageReplyStoryHeader", "user_id"): lambda header: _peer_id(header.peer),
    ("updateStory", "user_id"): lambda update: _peer_id(update.peer),
    ("updateReadStories", "user_id"): lambda update: _peer_id(update.peer),
    ("updateMessagePollVote", "user_id"): lambda update: _peer_id(update.peer),
    ("userFull", "theme_emoticon"): lambda full: getattr(full.theme, "emoticon", None),
}
"""Fields that newer layers no longer have, read off the ones that took their place."""


def _user_vote(vote: Any, layer: int) -> Any:
    older = class_named(vote.NAME.replace("Peer", "User"))
    fields = {name: getattr(vote, name) for name in older.__slots__ if name != "user_id"}
    return older(user_id=_peer_id(vote.peer), **fields)


def _user_reaction(entry: Any, layer: int) -> Any:
    return class_named("messageUserReaction")(user_id=_peer_id(entry.peer_id), reaction=_reaction_text(entry.reaction))


def _business_recipients(recipients: Any, layer: int) -> Any:
    older = class_named("businessRecipients")
    return older(**{name: getattr(recipients, name) for name in older.__slots__})


def _pinned_topic(update: Any, layer: int) -> Any:
    if layer >= _TOPICS_OF_PEERS:
        return update
    older = class_named("updateChannelPinnedTopic")
    return older(pinned=update.pinned, channel_id=_peer_id(update.peer), topic_id=update.topic_id)


def _pinned_topics(update: Any, layer: int) -> Any:
    if layer >= _TOPICS_OF_PEERS:
        return update
    return class_named("updateChannelPinnedTopics")(channel_id=_peer_id(update.peer), order=update.order)


OBJECT_DOWNGRADES: dict[tuple[str, str], Callable[[Any, int], Any]] = {
    ("Updates", "messages.invitedUsers"): lambda obj, layer: obj.updates,
    ("JSONValue", "help.appConfig"): lambda obj, layer: obj.config,
    ("Bool", "account.emailVerified"): lambda obj, layer: True,
    ("WebPage", "messages.webPage"): lambda obj, layer: obj.webpage,
    ("MessageMedia", "messages.webPagePreview"): lambda obj, layer: obj.media,
    ("Updates", "messages.chatInviteJoinResultOk"): lambda obj, layer: obj.updates,
    ("Bool", "reportResultReported"): lambda obj, layer: True,
    ("Bool", "stories.canSendStoryCount"): lambda obj, layer: obj.count_remains > 0,
    ("MessageUserReaction", "messagePeerReaction"): _user_reaction,
    ("MessageUserVote", "messagePeerVote"): _user_vote,
    ("MessageUserVote", "messagePeerVoteInputOption"): _user_vote,
    ("MessageUserVote", "messagePeerVoteMultiple"): _user_vote,
    ("Update", "updatePinnedForumTopic"): _pinned_topic,
    ("Update", "updatePinnedForumTopics"): _pinned_topics,
    ("UserStories", "peerStories"): lambda obj, layer: class_named("userStories")(
        user_id=_peer_id(obj.peer), max_read_id=obj.max_read_id, stories=obj.stories
    ),
    ("BusinessRecipients", "businessBotRecipients"): _business_recipients,
    **keyboards.DOWNGRADES,
}
"""(wanted type, constructor): another object to write, or the same one to write it as it is."""
