"""RPCNotification: what makes a sound."""

from typing import Any

from teamgram.bff.errors import bad_request
from teamgram.bff.peers import InputPeers
from teamgram.bff.registry import RpcService, rpc
from teamgram.bff.views.notifications import notify_settings_view
from teamgram.bff.views.users import UserViews
from teamgram.domain.ids.peer import Peer, PeerKind
from teamgram.domain.updates.events import NotifySettingsChanged
from teamgram.domain.updates.fanout import Fanout
from teamgram.domain.users.notifications import KINDS, RINGTONE, NotificationSettings, in_scope
from teamgram.interfaces.rpc import RpcMetadata
from teamgram.mtproto.tl import tl

_KIND_OF = {"inputNotifyUsers": "users", "inputNotifyChats": "chats", "inputNotifyBroadcasts": "broadcasts"}


def _sound_from(view: Any) -> str:
    """None, one of the account's own (whoever has not got it hears the default one), or the default one.

    What lies on one device alone means nothing to the others.
    """
    name = getattr(view, "NAME", "")
    if name == "notificationSoundNone":
        return ""
    return f"{RINGTONE}{view.id}" if name == "notificationSoundRingtone" else "default"


class Notification(RpcService):
    """Notification choices by peer and by kind of peer."""

    name = "RPCNotification"

    def __init__(
        self, notifications: NotificationSettings, peers: InputPeers, views: UserViews, fanout: Fanout
    ) -> None:
        self._notifications = notifications
        self._peers = peers
        self._views = views
        self._fanout = fanout

    async def _scope(self, caller: RpcMetadata, written: Any) -> str:
        kind = _KIND_OF.get(written.NAME)
        if kind is not None:
            return kind
        if written.NAME == "inputNotifyPeer":
            return str((await self._peers.peer(caller, written.peer)).marked)
        raise bad_request("PEER_ID_INVALID")  # topics: there are no forums here

    @rpc("account.getNotifySettings")
    async def get_notify_settings(self, caller: RpcMetadata, query: Any) -> Any:
        """account.getNotifySettings#12b3ad31 peer:InputNotifyPeer = PeerNotifySettings"""
        scope = await self._scope(caller, query.peer)
        return notify_settings_view(in_scope(await self._notifications.get(caller.user_id), scope))

    @rpc("account.updateNotifySettings")
    async def update_notify_settings(self, caller: RpcMetadata, query: Any) -> bool:
        """account.updateNotifySettings#84be5b93 peer:InputNotifyPeer settings:InputPeerNotifySettings = Bool"""
        scope = await self._scope(caller, query.peer)
        written = query.settings
        choices: dict[str, Any] = {
            name: getattr(written, name)
            for name in ("show_previews", "silent", "mute_until", "stories_muted", "stories_hide_sender")
            if getattr(written, name) is not None
        }
        sound = written.sound
        if sound is not None:
            choices["sound"] = _sound_from(sound)
        await self._notifications.change(caller.user_id, scope, **choices)
        self._fanout.publish([caller.user_id], NotifySettingsChanged(scope), caller.perm_auth_key_id)
        return True

    @rpc("account.resetNotifySettings")
    async def reset_notify_settings(self, caller: RpcMetadata, query: Any) -> bool:
        """account.resetNotifySettings#db7e1747 = Bool"""
        chosen = await self._notifications.get(caller.user_id)
        await self._notifications.reset(caller.user_id)
        for scope in chosen:
            self._fanout.publish([caller.user_id], NotifySettingsChanged(scope), caller.perm_auth_key_id)
        return True

    @rpc("account.getNotifyExceptions")
    async def get_notify_exceptions(self, caller: RpcMetadata, query: Any) -> Any:
        """account.getNotifyExceptions#53577479 flags:# compare_sound:flags.1?true compare_stories:flags.2?true
        peer:flags.0?InputNotifyPeer = Updates
        """
        chosen = await self._notifications.get(caller.user_id)
        exceptions = [(Peer.from_marked(int(scope)), found) for scope, found in chosen.items() if scope not in KINDS]
        # Groups are left to messages.getChats: a client that has the dialog knows the group.
        users = [(peer, found) for peer, found in exceptions if peer.kind is PeerKind.USER]
        return tl.updates(
            updates=[
                tl.updateNotifySettings(
                    peer=tl.notifyPeer(peer=tl.peerUser(user_id=peer.id)), notify_settings=notify_settings_view(found)
                )
                for peer, found in users
            ],
            users=await self._views.render(caller.user_id, [peer.id for peer, _ in users]),
            chats=[],
            date=0,
            seq=0,
        )

    @rpc("account.registerDevice")
    def register_device(self, caller: RpcMetadata, query: Any) -> bool:
        """account.registerDevice#ec86017a flags:# no_muted:flags.0?true token_type:int token:string app_sandbox:Bool
        secret:bytes other_uids:Vector<long> = Bool
        """
        # No push provider is connected, so no kind of token is one that would ever be used.
        raise bad_request("TOKEN_TYPE_INVALID")

    @rpc("account.unregisterDevice")
    def unregister_device(self, caller: RpcMetadata, query: Any) -> bool:
        """account.unregisterDevice#6a0d3206 token_type:int token:string other_uids:Vector<long> = Bool"""
        return True
