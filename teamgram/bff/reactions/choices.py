"""What may be reacted with, what the caller reacts with, tags of saved messages, and what reactions sound like."""

import zlib
from collections.abc import Sequence
from typing import Any

from teamgram.bff.errors import bad_request
from teamgram.bff.list_hash import list_hash, text_number
from teamgram.bff.registry import RpcService, rpc
from teamgram.bff.shared import Shared
from teamgram.bff.views.reactions import reaction_view, reactions_from
from teamgram.domain.boxes.reactions import custom_id
from teamgram.domain.reactions.choices import DEFAULT_REACTION
from teamgram.domain.stickers.drawings.reactions import drawn_reactions
from teamgram.domain.stickers.own_sets import ReactionFiles
from teamgram.interfaces.rpc import RpcMetadata
from teamgram.mtproto.tl import tl

NOTIFY = "reactions_notify"
"""Its name in ``AccountSettings``."""

_DEFAULT_TAGS = 12
_FROM = {
    "reactionNotificationsFromAll": tl.reactionNotificationsFromAll,
    "reactionNotificationsFromContacts": tl.reactionNotificationsFromContacts,
}
_NOTIFIED_OF = ("messages_notify_from", "stories_notify_from", "poll_votes_notify_from")


def _number(reaction: str) -> int:
    """What stands for a reaction in a list of tags (core.telegram.org/api/saved-messages#tags)."""
    return custom_id(reaction) or text_number(reaction.replace("\ufe0f", ""))


def reactions_hash(reactions: Sequence[str]) -> int:
    """The hash of a list of reactions, each of which is two numbers in it.

    TDLib counts it itself (``get_reaction_types_hash``), and complains when it is another.
    """
    numbers = []
    for one in reactions:
        document_id = custom_id(one)
        if document_id:
            numbers += [document_id >> 32, document_id & 0xFFFFFFFF]
        else:
            # The first half as a signed number of 32 bits.
            first = text_number(one.replace("\ufe0f", "")) >> 32
            numbers += [0, first - (1 << 32) if first >> 31 else first]
    return list_hash(numbers)


def reactions_answer(reactions: Sequence[str], asked_hash: int) -> Any:
    """``messages.reactions``, or that the client has them."""
    hash_ = reactions_hash(reactions)
    if asked_hash and asked_hash == hash_:
        return tl.messages.reactionsNotModified()
    return tl.messages.reactions(hash=hash_, reactions=[reaction_view(one) for one in reactions])


class ReactionChoicesService(RpcService):
    """What there is to react with."""

    name = "RPCReactions"

    def __init__(self, shared: Shared) -> None:
        self._shared = shared
        self._choices = shared.domain.reaction_choices

    @rpc("messages.getAvailableReactions")
    async def get_available_reactions(self, caller: RpcMetadata, query: Any) -> Any:
        """messages.getAvailableReactions#18dea0ac hash:int = messages.AvailableReactions"""
        reactions = await self._shared.domain.own_sets.reactions()
        hash_ = zlib.crc32(",".join(str(one.icon.id) for one in reactions).encode()) & 0x7FFFFFFF
        if query.hash == hash_:
            return tl.messages.availableReactionsNotModified()
        return tl.messages.availableReactions(hash=hash_, reactions=[self._available(one) for one in reactions])

    def _available(self, files: ReactionFiles) -> Any:
        view = self._shared.updates.files.sticker
        return tl.availableReaction(
            reaction=files.emoji,
            title=files.title,
            static_icon=view(files.icon),
            appear_animation=view(files.appearing),
            select_animation=view(files.selected),
            activate_animation=view(files.activated),
            effect_animation=view(files.bursting),
            around_animation=view(files.bursting),
            center_icon=view(files.selected),
        )

    @rpc("messages.getTopReactions")
    async def get_top_reactions(self, caller: RpcMetadata, query: Any) -> Any:
        """messages.getTopReactions#bb8125ba limit:int hash:long = messages.Reactions"""
        used = await self._choices.used(caller.user_id, query.limit, recently=False)
        others = [one.emoji for one in drawn_reactions() if one.emoji not in used]
        return reactions_answer([*used, *others][: max(0, query.limit)], query.hash)

    @rpc("messages.getRecentReactions")
    async def get_recent_reactions(self, caller: RpcMetadata, query: Any) -> Any:
        """messages.getRecentReactions#39461db2 limit:int hash:long = messages.Reactions"""
        return reactions_answer(await self._choices.used(caller.user_id, query.limit, recently=True), query.hash)

    @rpc("messages.clearRecentReactions")
    async def clear_recent_reactions(self, caller: RpcMetadata, query: Any) -> bool:
        """messages.clearRecentReactions#9dfeefb4 = Bool"""
        await self._choices.forget_recent(caller.user_id, caller.perm_auth_key_id)
        return True

    @rpc("messages.setDefaultReaction")
    async def set_default_reaction(self, caller: RpcMetadata, query: Any) -> bool:
        """messages.setDefaultReaction#4f47a016 reaction:Reaction = Bool"""
        reactions = reactions_from([query.reaction])
        if not reactions:
            raise bad_request("REACTION_INVALID")
        await self._choices.check_exists(reactions[0])
        await self._shared.domain.account_settings.set(caller.user_id, DEFAULT_REACTION, reactions[0])
        return True


class ReactionNotifications(RpcService):
    """Whose reactions the caller wants to be told of, and how."""

    name = "RPCReactionNotification"

    def __init__(self, shared: Shared) -> None:
        self._settings = shared.domain.account_settings

    @rpc("account.getReactionsNotifySettings")
    async def get_reactions_notify_settings(self, caller: RpcMetadata, query: Any) -> Any:
        """account.getReactionsNotifySettings#6dd654c = ReactionsNotifySettings"""
        return _settings_view(await self._settings.get(caller.user_id, NOTIFY, {}))

    @rpc("account.setReactionsNotifySettings")
    async def set_reactions_notify_settings(self, caller: RpcMetadata, query: Any) -> Any:
        """account.setReactionsNotifySettings#316ce548 settings:ReactionsNotifySettings = ReactionsNotifySettings"""
        view = query.settings
        kept: dict[str, Any] = {"show_previews": bool(view.show_previews), "silent": _is_silent(view.sound)}
        for name in _NOTIFIED_OF:
            kept[name] = getattr(view, name).NAME if getattr(view, name) is not None else ""
        await self._settings.set(caller.user_id, NOTIFY, kept)
        return _settings_view(kept)


def _is_silent(sound: Any) -> bool:
    return bool(sound.NAME == "notificationSoundNone")


def _settings_view(kept: dict[str, Any]) -> Any:
    everybody = "reactionNotificationsFromAll"
    sources = {name: _FROM.get(kept.get(name, everybody)) for name in _NOTIFIED_OF}
    return tl.reactionsNotifySettings(
        **{name: source() for name, source in sources.items() if source is not None},
        sound=tl.notificationSoundNone() if kept.get("silent") else tl.notificationSoundDefault(),
        show_previews=kept.get("show_previews", True),
    )


class SavedMessageTags(RpcService):
    """Reactions to saved messages, by which they are found again."""

    name = "RPCSavedMessageTags"

    def __init__(self, shared: Shared) -> None:
        self._shared = shared
        self._choices = shared.domain.reaction_choices

    @rpc("messages.getDefaultTagReactions")
    def get_default_tag_reactions(self, caller: RpcMetadata, query: Any) -> Any:
        """messages.getDefaultTagReactions#bdf93428 hash:long = messages.Reactions"""
        return reactions_answer([one.emoji for one in drawn_reactions()[:_DEFAULT_TAGS]], query.hash)

    @rpc("messages.getSavedReactionTags")
    async def get_saved_reaction_tags(self, caller: RpcMetadata, query: Any) -> Any:
        """messages.getSavedReactionTags#3637e05b flags:# peer:flags.0?InputPeer hash:long
        = messages.SavedReactionTags"""
        saved_peer = (await self._shared.peer(caller, query.peer)).marked if query.peer is not None else 0
        tags = await self._choices.tags(caller.user_id, saved_peer)
        # Of one chat's tags the counts alone are asked for.
        titles = ["" if saved_peer else tag.title for tag in tags]
        numbers = []
        for tag, title in zip(tags, titles, strict=True):
            numbers += [_number(tag.reaction), *([text_number(title)] if title else ()), tag.count]
        hash_ = list_hash(numbers)
        if query.hash and query.hash == hash_:
            return tl.messages.savedReactionTagsNotModified()
        views = [
            tl.savedReactionTag(reaction=reaction_view(tag.reaction), title=title or None, count=tag.count)
            for tag, title in zip(tags, titles, strict=True)
        ]
        return tl.messages.savedReactionTags(tags=views, hash=hash_)

    @rpc("messages.updateSavedReactionTag")
    async def update_saved_reaction_tag(self, caller: RpcMetadata, query: Any) -> bool:
        """messages.updateSavedReactionTag#60297dec flags:# reaction:Reaction title:flags.0?string = Bool"""
        reactions = reactions_from([query.reaction])
        if not reactions:
            raise bad_request("REACTION_INVALID")
        title = " ".join((query.title or "").split())
        await self._choices.name_tag(caller.user_id, reactions[0], title, caller.perm_auth_key_id)
        return True
