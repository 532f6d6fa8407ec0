"""What has to happen when an account ends, by its owner's word or of old age."""

from teamgram.bff.authorization.sign_ins import SignIns
from teamgram.domain.contacts.contacts import Contacts
from teamgram.domain.contacts.watchers import Watchers
from teamgram.domain.updates.events import UserChanged
from teamgram.domain.updates.fanout import Fanout
from teamgram.domain.users.users import Users


class AccountEnd:
    """Ends accounts."""

    def __init__(self, users: Users, contacts: Contacts, watchers: Watchers, sign_ins: SignIns, fanout: Fanout) -> None:
        self._users = users
        self._contacts = contacts
        self._watchers = watchers
        self._sign_ins = sign_ins
        self._fanout = fanout

    async def __call__(self, user_id: int) -> None:
        """Number and username are free again, nobody has it as a contact, every device is signed out.

        The id stays and is shown as a deleted account in others' histories.
        """
        watchers = await self._watchers.of(user_id)
        await self._users.delete(user_id)
        await self._contacts.forget(user_id)
        self._fanout.publish([*watchers], UserChanged(user_id))
        await self._sign_ins.sign_out_others(user_id, 0)
