"""Photos of people: put up and taken down by their owners, given by who has them as a contact, seen by privacy."""

from collections.abc import Sequence
from dataclasses import dataclass

from teamgram.database import Database, Transaction
from teamgram.domain.boxes.audience import Audience
from teamgram.domain.boxes.changes import BoxChanges, Outgoing
from teamgram.domain.boxes.message import Action, Extra, Tag
from teamgram.domain.contacts import relations
from teamgram.domain.contacts.book import AddressBook
from teamgram.domain.contacts.contacts import Contacts
from teamgram.domain.contacts.sight import PhotoSight, photo_sight
from teamgram.domain.contacts.watchers import Watchers
from teamgram.domain.files.errors import FileNotFound
from teamgram.domain.files.file import Photo, avatar_of
from teamgram.domain.files.files import Files
from teamgram.domain.privacy.privacy import Privacy
from teamgram.domain.profiles.errors import PhotoInvalid, PhotosTooMany
from teamgram.domain.updates.events import UserChanged
from teamgram.domain.updates.fanout import Fanout
from teamgram.domain.users import photos_store as store
from teamgram.domain.users.user import User
from teamgram.domain.users.users import Users

MAX_PHOTOS = 300


@dataclass(frozen=True, slots=True)
class FullPhotos:
    """What a profile shows: ``userFull``'s three."""

    personal: Photo | None = None
    profile: Photo | None = None
    fallback: Photo | None = None


class ProfilePhotos:
    """Everybody's. Whoever knows a person is told of a change."""

    def __init__(
        self,
        database: Database,
        fanout: Fanout,
        users: Users,
        contacts: Contacts,
        privacy: Privacy,
        watchers: Watchers,
        files: Files,
    ) -> None:
        self._database = database
        self._fanout = fanout
        self._users = users
        self._contacts = contacts
        self._privacy = privacy
        self._watchers = watchers
        self._files = files

    # Changing

    async def put_up(self, user_id: int, photo: Photo, *, fallback: bool = False) -> None:
        """Show a photo from now on, one of before or a new one.

        Args:
            fallback: to those to whom the user does not show their photo.

        Raises:
            PhotoInvalid: it was not made to be somebody's.
            PhotosTooMany.
        """
        if not photo.is_portrait:
            raise PhotoInvalid(str(photo.id))
        await self._database.write("put photo up", self._put_up_txn, user_id, photo, fallback)
        await self._tell(user_id)

    def _put_up_txn(self, txn: Transaction, user_id: int, photo: Photo, fallback: bool) -> None:
        _lock_txn(txn, user_id)
        if not fallback and store.count_txn(txn, user_id) >= MAX_PHOTOS:
            raise PhotosTooMany(str(user_id))
        store.put_txn(txn, user_id, photo, fallback=fallback)
        self._users.invalidate_after_txn(txn, user_id)

    async def take_down(self, user_id: int, photo_ids: Sequence[int]) -> list[int]:
        """Take photos down, fallback ones among them; those that were up. The one before is shown again."""
        gone = await self._database.write("take photos down", self._take_down_txn, user_id, set(photo_ids))
        if gone:
            await self._tell(user_id)
        return gone

    def _take_down_txn(self, txn: Transaction, user_id: int, photo_ids: set[int]) -> list[int]:
        _lock_txn(txn, user_id)
        gone = store.remove_txn(txn, user_id, photo_ids, fallback=False)
        gone += store.remove_txn(txn, user_id, photo_ids, fallback=True)
        self._users.invalidate_after_txn(txn, user_id)
        return gone

    async def take_down_shown(self, user_id: int, *, fallback: bool = False) -> None:
        """Take down what is shown now."""
        user = await self._users.require(user_id)
        shown = user.fallback_photo if fallback else user.photo
        if shown is not None:
            await self.take_down(user_id, [shown.photo_id])

    async def _tell(self, user_id: int) -> None:
        # Also the device that asked: some take the answer for the list of photos alone.
        watchers = await self._watchers.of(user_id)
        self._fanout.publish([user_id, *watchers], UserChanged(user_id))

    async def give_contact(self, owner_id: int, user_id: int, photo: Photo | None) -> None:
        """Show the owner alone another photo of a contact, or (None) their own again.

        Raises:
            ContactMissing: that user is none of the owner's contacts.
        """
        avatar = avatar_of(photo) if photo is not None else None
        await self._database.write("contact photo", self._contacts.set_photo_txn, owner_id, user_id, avatar)
        self._fanout.publish([owner_id], UserChanged(user_id))

    async def suggest(self, by_user_id: int, user_id: int, photo: Photo, now: int) -> None:
        """Show somebody a photo that they might put up: a service message in the chat with them.

        Every device is told of it: what asks for this has no room for the message in its answer.

        Raises:
            PeerBlockedByOwner, PeerDeactivated, PeerIsBot, BlockedByPeer: see ``relations.check_writes``.
        """
        await self._database.write("suggest photo", self._suggest_txn, by_user_id, user_id, photo, now)

    def _suggest_txn(self, txn: Transaction, by_user_id: int, user_id: int, photo: Photo, now: int) -> None:
        delivered = relations.check_writes(relations.relation_txn(txn, by_user_id, user_id))
        audience = Audience.private(by_user_id, user_id, delivered=delivered)
        changes = BoxChanges(txn, now)
        changes.lock(audience.owner_ids)
        extra = Extra(action=Action("suggestProfilePhoto", photo=photo))
        changes.post(by_user_id, audience, [Outgoing("", extra, int(Tag.SERVICE))])
        changes.save(self._fanout.deliver)

    # Seeing

    async def seen_of(self, viewer_id: int, user_id: int) -> list[Photo]:
        """What the viewer sees of a user's photos, newest first: all of them, or the fallback, or none."""
        sight, _, _ = await self._sight(viewer_id, user_id)
        return await self._seen(sight, user_id)

    async def _seen(self, sight: PhotoSight, user_id: int) -> list[Photo]:
        if sight is PhotoSight.NOTHING:
            return []
        return await self._database.read("profile photos", _photos_txn, user_id, sight is PhotoSight.FALLBACK)

    async def full(self, viewer_id: int, user: User) -> FullPhotos:
        """What the viewer sees on the user's profile."""
        sight, book, user = await self._sight(viewer_id, user.id)
        contact = book.contacts.get(user.id)
        personal = contact.photo if contact is not None else None
        own = user.photo if sight is PhotoSight.PHOTOS else None
        # Who sees the photo needs no other; its owner sees both.
        fallback = user.fallback_photo if sight is PhotoSight.FALLBACK or viewer_id == user.id else None
        avatars = (personal, own, fallback)
        return FullPhotos(*[await self._files.photo(one.photo_id) if one is not None else None for one in avatars])

    async def shown(self, viewer_id: int, user_id: int, photo_id: int) -> Photo:
        """A photo of a user's, by its id, if the viewer sees it.

        Raises:
            FileNotFound: they do not, or it is none of that user's.
        """
        if not await self.is_shown(viewer_id, user_id, photo_id):
            raise FileNotFound
        return await self._files.photo(photo_id)

    async def is_shown(self, viewer_id: int, user_id: int, photo_id: int) -> bool:
        """Whether that is a photo of the user's which the viewer sees."""
        sight, book, user = await self._sight(viewer_id, user_id)
        contact = book.contacts.get(user_id)
        # What is shown now, which is asked for most, lies in memory.
        now = [contact.photo if contact is not None else None]
        if sight is not PhotoSight.NOTHING:
            now.append(user.photo if sight is PhotoSight.PHOTOS else user.fallback_photo)
        if any(one is not None and one.photo_id == photo_id for one in now):
            return True
        seen = await self._seen(sight, user_id)
        if viewer_id == user_id:
            seen += await self._seen(PhotoSight.FALLBACK, user_id)
        return any(photo.id == photo_id for photo in seen)

    async def _sight(self, viewer_id: int, user_id: int) -> tuple[PhotoSight, AddressBook, User]:
        book = await self._contacts.book(viewer_id)
        rules = (await self._privacy.get([user_id]))[user_id]
        return photo_sight(book, user_id, rules), book, await self._users.require(user_id)


def _photos_txn(txn: Transaction, user_id: int, fallback: bool) -> list[Photo]:
    return store.photos_txn(txn, user_id, fallback=fallback)


def _lock_txn(txn: Transaction, user_id: int) -> None:
    """Two devices of one user put photos up one after the other."""
    txn.execute(f"SELECT id FROM users WHERE id = ?{txn.engine.for_update}", (user_id,))
    txn.fetchall()
