"""From an older layer's shape to the newest one, after decoding, so that handlers know one shape only.

``value_upgrade`` changes a field whose type changed; ``OBJECT_UPGRADES`` fills what took an older field's place.
Required fields that the older shape lacks and nothing here fills get the empty value of their type.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from teamgram.mtproto.tl.classes import class_named
from teamgram.mtproto.tl.layers import keyboards


def _make(name: str, field: str, **more: Any) -> Callable[[Any], Any]:
    return lambda value: class_named(name)(**{field: value}, **more)


def _make_each(name: str, field: str) -> Callable[[Any], Any]:
    return lambda values: [class_named(name)(**{field: value}) for value in values]


def _list_of(make: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda value: [make(value)]


_reaction = _make("reactionEmoji", "emoticon")
_plain_text = _make("textWithEntities", "text", entities=[])


def _paid_reaction_privacy(private: bool) -> Any:
    return class_named("paidReactionPrivacyAnonymous" if private else "paidReactionPrivacyDefault")()


_VALUE_UPGRADES: dict[tuple[str, str], Callable[[Any], Any]] = {
    ("Bool", "PaidReactionPrivacy"): _paid_reaction_privacy,
    ("InputBusinessRecipients", "InputBusinessBotRecipients"): lambda older: _bot_recipients(older),
    ("InputUser", "InputPeer"): lambda user: peer_of_user(user),
    ("Vector<KeyboardButtonRow>", "Vector<KeyboardInlineButtonRow>"): keyboards.newer_inline_rows,
    ("Vector<Peer>", "Vector<SendAsPeer>"): _make_each("sendAsPeer", "peer"),
    ("Vector<long>", "Vector<Peer>"): _make_each("peerUser", "user_id"),
    ("Vector<string>", "ChatReactions"): lambda values: class_named("chatReactionsSome")(
        reactions=[_reaction(value) for value in values]
    ),
    ("int", "PeerColor"): _make("peerColor", "color"),
    ("int", "RecentStory"): _make("recentStory", "max_id"),
    ("int", "double"): float,
    ("int", "string"): str,
    ("long", "Peer"): _make("peerUser", "user_id"),
    ("long", "StarsAmount"): _make("starsAmount", "amount", nanos=0),
    ("string", "NotificationSound"): lambda value: class_named("notificationSoundLocal")(title=value, data=value),
    ("string", "Reaction"): _reaction,
    ("string", "TextWithEntities"): _plain_text,
    ("string", "Vector<Reaction>"): _list_of(_reaction),
    ("string", "Vector<TextWithEntities>"): _list_of(_plain_text),
}


def value_upgrade(older: str, newest: str) -> Callable[[Any], Any] | None:
    """The change of a value from an older type of its field to the newest; None when it stays as it was read."""
    return _VALUE_UPGRADES.get((older, newest))


def _bot_recipients(older: Any) -> Any:
    newer = class_named("inputBusinessBotRecipients")
    return newer(**{name: getattr(older, name) for name in newer.__slots__ if hasattr(older, name)})


def peer_of_user(user: Any) -> Any:
    """The ``InputPeer`` of an ``InputUser``."""
    if user.NAME == "inputUser":
        return class_named("inputPeerUser")(user_id=user.user_id, access_hash=user.access_hash)
    if user.NAME == "inputUserSelf":
        return class_named("inputPeerSelf")()
    if user.NAME == "inputUserFromMessage":
        return class_named("inputPeerUserFromMessage")(peer=user.peer, msg_id=user.msg_id, user_id=user.user_id)
    return class_named("inputPeerEmpty")()


def _reply_to(request: Any) -> Any:
    """``reply_to_msg_id`` and ``top_msg_id`` of layers up to 158 become ``reply_to``."""
    if request.reply_to is None and request.reply_to_msg_id is not None:
        request.reply_to = class_named("inputReplyToMessage")(
            reply_to_msg_id=request.reply_to_msg_id, top_msg_id=getattr(request, "top_msg_id", None)
        )
    return request


def _peer_of_older(request: Any) -> Any:
    """Stories and gifts went by user, and stories by oneself where no user was named."""
    if request.peer is None:
        user = getattr(request, "user_id", None)
        request.peer = class_named("inputPeerSelf")() if user is None else peer_of_user(user)
    return request


def _chat_theme(request: Any) -> Any:
    if request.theme is None:
        request.theme = class_named("inputChatTheme")(emoticon=request.emoticon or "")
    return request


def _passport_email(request: Any) -> Any:
    if request.purpose is None:
        request.purpose = class_named("emailVerifyPurposePassport")()
    if getattr(request, "code", None) is not None:
        request.verification = class_named("emailVerificationCode")(code=request.code)
    return request


def _message_invoice(request: Any) -> Any:
    if request.invoice is None:
        request.invoice = class_named("inputInvoiceMessage")(peer=request.peer, msg_id=request.msg_id)
    return request


def _signatures(request: Any) -> Any:
    request.signatures_enabled = bool(request.enabled)
    return request


def _requested_peers(request: Any) -> Any:
    if request.requested_peer is not None:
        request.requested_peers = [request.requested_peer]
    return request


def _saved_gift(request: Any) -> Any:
    """Star gifts were named by the message that brought them."""
    if request.stargift is None and request.msg_id is not None:
        request.stargift = class_named("inputSavedStarGiftUser")(msg_id=request.msg_id)
    return request


def _resell_amount(request: Any) -> Any:
    request.resell_amount = class_named("starsAmount")(amount=request.resell_stars, nanos=0)
    return request


def _topup(invoice: Any) -> Any:
    option = invoice.option
    invoice.purpose = class_named("inputStorePaymentStarsTopup")(
        stars=option.stars, currency=option.currency, amount=option.amount
    )
    return invoice


def _paid_reaction(request: Any) -> Any:
    """Layer 186 had a bare flag where later ones say who may see it."""
    if isinstance(request.private, bool):
        request.private = _paid_reaction_privacy(True) if request.private else None
    return request


def _correct_answers(media: Any) -> Any:
    """Right answers of a quiz were named by their option, now by their place."""
    if media.correct_answers is not None:
        right = set(media.correct_answers)
        options = [getattr(answer, "option", None) for answer in media.poll.answers]
        media.correct_answers = [place for place, option in enumerate(options) if option in right]
    return media


_STORY_METHODS = (
    "deleteStories editStory exportStoryLink getPinnedStories getStoriesArchive getStoriesByID getStoriesViews "
    "getStoryViewsList incrementStoryViews readStories report sendReaction sendStory togglePinned"
)

OBJECT_UPGRADES: dict[str, Callable[[Any], Any]] = {
    "account.sendVerifyEmailCode": _passport_email,
    "account.verifyEmail": _passport_email,
    "channels.toggleSignatures": _signatures,
    "draftMessage": _reply_to,
    "inputInvoiceStarGift": _peer_of_older,
    "inputInvoiceStarGiftTransfer": _saved_gift,
    "inputInvoiceStarGiftUpgrade": _saved_gift,
    "inputInvoiceStars": _topup,
    "inputMediaPoll": _correct_answers,
    "inputMediaStory": _peer_of_older,
    "inputReplyToStory": _peer_of_older,
    "messages.prolongWebView": _reply_to,
    "messages.requestWebView": _reply_to,
    "messages.saveDraft": _reply_to,
    "messages.sendBotRequestedPeer": _requested_peers,
    "messages.sendInlineBotResult": _reply_to,
    "messages.sendMedia": _reply_to,
    "messages.sendMessage": _reply_to,
    "messages.sendMultiMedia": _reply_to,
    "messages.sendPaidReaction": _paid_reaction,
    "messages.sendScreenshotNotification": _reply_to,
    "messages.setChatTheme": _chat_theme,
    "payments.convertStarGift": _saved_gift,
    "payments.getPaymentForm": _message_invoice,
    "payments.saveStarGift": _saved_gift,
    "payments.sendPaymentForm": _message_invoice,
    "payments.transferStarGift": _saved_gift,
    "payments.updateStarGiftPrice": _resell_amount,
    "payments.upgradeStarGift": _saved_gift,
    "payments.validateRequestedInfo": _message_invoice,
    **{f"stories.{method}": _peer_of_older for method in _STORY_METHODS.split()},
    **keyboards.UPGRADES,
}
"""Called with an object that was read in a shape that the newest layer does not have; the result takes its place."""
