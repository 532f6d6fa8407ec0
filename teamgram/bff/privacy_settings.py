"""RPCPrivacySettings: who may see what."""

from collections.abc import Sequence
from typing import Any

from teamgram.bff.errors import bad_request
from teamgram.bff.peers import InputPeers
from teamgram.bff.registry import RpcService, rpc
from teamgram.bff.views.privacy import privacy_rule_view
from teamgram.bff.views.users import UserViews
from teamgram.domain.contacts.watchers import Watchers
from teamgram.domain.privacy.archiving import Archiving
from teamgram.domain.privacy.keys import PROFILE_PHOTO
from teamgram.domain.privacy.privacy import Privacy
from teamgram.domain.privacy.rules import Rule, RuleKind, rules_for
from teamgram.domain.updates.events import PrivacyChanged, UserChanged
from teamgram.domain.updates.fanout import Fanout
from teamgram.interfaces.rpc import RpcError, RpcMetadata
from teamgram.mtproto.tl import tl

_KEY = "inputPrivacyKey"
_VALUE = "inputPrivacyValue"
MAX_RULES = 20
MAX_USERS_IN_RULE = 1000


def _archiving_view(archiving: Archiving) -> Any:
    """``globalPrivacySettings``: of what else is in it there is nothing here."""
    return tl.globalPrivacySettings(
        archive_and_mute_new_noncontact_peers=archiving.new_strangers,
        keep_archived_unmuted=archiving.keep_unmuted,
        keep_archived_folders=archiving.keep_foldered,
    )


class PrivacySettings(RpcService):
    """Privacy rules by key."""

    name = "RPCPrivacySettings"

    def __init__(
        self, privacy: Privacy, watchers: Watchers, peers: InputPeers, views: UserViews, fanout: Fanout
    ) -> None:
        self._privacy = privacy
        self._watchers = watchers
        self._peers = peers
        self._views = views
        self._fanout = fanout

    @rpc("account.getPrivacy")
    async def get_privacy(self, caller: RpcMetadata, query: Any) -> Any:
        """account.getPrivacy#dadbc950 key:InputPrivacyKey = account.PrivacyRules"""
        key = query.key.NAME.removeprefix(_KEY)
        own = (await self._privacy.get([caller.user_id]))[caller.user_id]
        return await self._view(caller.user_id, rules_for(own, key))

    @rpc("account.setPrivacy")
    async def set_privacy(self, caller: RpcMetadata, query: Any) -> Any:
        """account.setPrivacy#c9f81ce8 key:InputPrivacyKey rules:Vector<InputPrivacyRule> = account.PrivacyRules"""
        key = query.key.NAME.removeprefix(_KEY)
        if not 1 <= len(query.rules) <= MAX_RULES:
            raise bad_request("PRIVACY_VALUE_INVALID")
        rules = [await self._rule(caller, written) for written in query.rules]
        await self._privacy.set(caller.user_id, key, rules)
        self._fanout.publish([caller.user_id], PrivacyChanged(key), caller.perm_auth_key_id)
        if key == PROFILE_PHOTO:
            # Some of them see another photo from now on.
            self._fanout.publish(sorted(await self._watchers.of(caller.user_id)), UserChanged(caller.user_id))
        return await self._view(caller.user_id, rules)

    async def _rule(self, caller: RpcMetadata, written: Any) -> Rule:
        try:
            kind = RuleKind(written.NAME.removeprefix(_VALUE))
        except ValueError:
            # Rules by group membership, premium or bots: nothing here could keep them, so they are not taken.
            raise bad_request("PRIVACY_VALUE_INVALID") from None
        if kind not in (RuleKind.ALLOW_USERS, RuleKind.DISALLOW_USERS):
            return Rule(kind)
        user_ids = []
        for input_user in written.users[:MAX_USERS_IN_RULE]:
            try:
                user_ids.append((await self._peers.user(caller, input_user)).id)
            except RpcError:
                continue  # somebody who is gone must not make the rule unchangeable
        return Rule(kind, tuple(user_ids))

    async def _view(self, viewer_id: int, rules: Sequence[Rule]) -> Any:
        named = [user_id for rule in rules for user_id in rule.user_ids]
        return tl.account.privacyRules(
            rules=[privacy_rule_view(rule) for rule in rules],
            chats=[],
            users=await self._views.render(viewer_id, named),
        )

    @rpc("account.getGlobalPrivacySettings")
    async def get_global_privacy_settings(self, caller: RpcMetadata, query: Any) -> Any:
        """account.getGlobalPrivacySettings#eb2b4cf6 = GlobalPrivacySettings"""
        return _archiving_view(await self._privacy.archiving(caller.user_id))

    @rpc("account.setGlobalPrivacySettings")
    async def set_global_privacy_settings(self, caller: RpcMetadata, query: Any) -> Any:
        """account.setGlobalPrivacySettings#1edaaac2 settings:GlobalPrivacySettings = GlobalPrivacySettings"""
        written = query.settings
        if written.new_noncontact_peers_require_premium or written.noncontact_peers_paid_stars:
            # Nobody here has Premium or Stars, so nobody could write to them any more.
            raise RpcError(403, "PREMIUM_ACCOUNT_REQUIRED")
        archiving = Archiving(
            # Up to layer 149 a Bool that may be absent, since then a flag.
            bool(written.archive_and_mute_new_noncontact_peers),
            bool(written.keep_archived_unmuted),
            bool(written.keep_archived_folders),
        )
        await self._privacy.set_archiving(caller.user_id, archiving)
        return _archiving_view(archiving)

    @rpc("users.getRequirementsToContact")
    def get_requirements_to_contact(self, caller: RpcMetadata, query: Any) -> list[Any]:
        """users.getRequirementsToContact#d89a83a3 id:Vector<InputUser> = Vector<RequirementToContact>"""
        return [tl.requirementToContactEmpty() for _ in query.id[:MAX_USERS_IN_RULE]]

    @rpc("users.getIsPremiumRequiredToContact")
    def get_is_premium_required_to_contact(self, caller: RpcMetadata, query: Any) -> list[bool]:
        """users.getIsPremiumRequiredToContact#a622aa10 id:Vector<InputUser> = Vector<Bool>"""
        return [False] * min(len(query.id), MAX_USERS_IN_RULE)
