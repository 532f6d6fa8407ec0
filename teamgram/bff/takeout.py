"""RPCTakeout: taking one's data out. What is taken out is asked by the same methods as always."""

from typing import Any

from teamgram.bff.authorization import SignIns
from teamgram.bff.registry import RpcService, rpc
from teamgram.domain.contacts.contacts import Contacts
from teamgram.domain.users.takeouts import Takeouts
from teamgram.interfaces.rpc import RpcError, RpcMetadata
from teamgram.mtproto.tl import tl

_MAX_INT = 2**31 - 1


class TakeoutService(RpcService):
    """Beginning and end."""

    name = "RPCTakeout"

    def __init__(self, takeouts: Takeouts, sign_ins: SignIns) -> None:
        self._takeouts = takeouts
        self._sign_ins = sign_ins

    @rpc("account.initTakeoutSession")
    async def init_takeout_session(self, caller: RpcMetadata, query: Any) -> Any:
        """account.initTakeoutSession#8ef3eab0 flags:# contacts:flags.0?true ... file_max_size:flags.5?long = …"""
        wait = await self._sign_ins.seconds_fresh(caller)
        if wait:
            # Whoever stole a code does not carry everything away with it.
            raise RpcError(420, "TAKEOUT_INIT_DELAY_%d", wait)
        takeout_id = await self._takeouts.begin(caller.user_id, caller.perm_auth_key_id, self._sign_ins.now())
        return tl.account.takeout(id=takeout_id)

    @rpc("account.finishTakeoutSession")
    async def finish_takeout_session(self, caller: RpcMetadata, query: Any) -> bool:
        """account.finishTakeoutSession#1d2652ee flags:# success:flags.0?true = Bool"""
        await self._takeouts.end(caller.user_id, caller.perm_auth_key_id)
        return True

    @rpc("messages.getSplitRanges")
    def get_split_ranges(self, caller: RpcMetadata, query: Any) -> list[Any]:
        """messages.getSplitRanges#1cff7e08 = Vector<MessageRange>"""
        # One box has one sequence of ids, and nobody's is split. Pyrogram counts messages by it.
        return [tl.messageRange(min_id=0, max_id=_MAX_INT)]


class SavedContacts(RpcService):
    """Numbers of an address book that are nobody's here."""

    name = "RPCContacts"

    def __init__(self, contacts: Contacts, takeouts: Takeouts, sign_ins: SignIns) -> None:
        self._contacts = contacts
        self._takeouts = takeouts
        self._sign_ins = sign_ins

    @rpc("contacts.getSaved")
    async def get_saved(self, caller: RpcMetadata, query: Any) -> Any:
        """contacts.getSaved#82f1e39f = Vector<SavedContact>"""
        await self._takeouts.check(caller.user_id, caller.perm_auth_key_id, self._sign_ins.now())
        return [
            tl.savedPhoneContact(
                phone=saved.phone, first_name=saved.first_name, last_name=saved.last_name, date=saved.added_at
            )
            for saved in await self._contacts.saved_phones(caller.user_id)
        ]
