"""Photos of people by the domain alone: which is shown, and how many there may be."""

from collections.abc import Sequence
from typing import Any
from unittest.mock import patch

from twisted.internet.defer import Deferred

from teamgram.domain.domain import Domain
from teamgram.domain.files import store
from teamgram.domain.files.file import Photo, PhotoSize
from teamgram.domain.profiles import photos
from teamgram.domain.profiles.errors import PhotoInvalid, PhotosTooMany
from teamgram.domain.profiles.portraits import Portraits
from teamgram.domain.updates.events import UserChanged
from teamgram.domain.updates.fanout import Fanout
from teamgram.domain.users.user import SERVICE_USER_ID
from trial_tests.backends import BackendTestCase, on_every_backend
from trial_tests.domain.filing import open_filing, unused_filing


@on_every_backend
class ProfilesTests(BackendTestCase):
    """One person."""

    async def setUp(self) -> None:
        self.database = self.open_database()
        reactor = self.real_reactor
        self.domain = Domain.open(self.database, Fanout(), reactor, unused_filing(self.database, reactor))
        self.user = await self.domain.users.create(phone="4915111", first_name="Ann", now=1)

    async def photo(self, id_: int, letters: str = "abc") -> Photo:
        """One that is in the database."""
        sizes = tuple(PhotoSize(letter, 160, 160, 1, "00") for letter in letters)
        made = Photo(id_, 1, 1, sizes, b"small")
        await self.database.write("photo", store.add_txn, self.user.id, made)
        return made

    async def shown(self) -> tuple[int, int]:
        """Ids of the photo and of the fallback."""
        user = await self.domain.users.require(self.user.id)
        found = (user.photo, user.fallback_photo)
        first, second = (one.photo_id if one is not None else 0 for one in found)
        return first, second

    async def test_one_fallback(self) -> None:
        """A new one takes the place of the one before, and photos have nothing to do with it."""
        profiles, user_id = self.domain.profile_photos, self.user.id
        await profiles.put_up(user_id, await self.photo(1))
        for id_ in (2, 3):
            await profiles.put_up(user_id, await self.photo(id_), fallback=True)
        self.assertEqual(await self.shown(), (1, 3))
        self.assertEqual(await profiles.take_down(user_id, [2, 3, 4]), [3])
        self.assertEqual(await self.shown(), (1, 0))
        await profiles.take_down_shown(user_id)
        self.assertEqual(await self.shown(), (0, 0))

    async def test_bounds(self) -> None:
        """Not more than so many, and only what was made for it."""
        profiles, user_id = self.domain.profile_photos, self.user.id
        with self.assertRaises(PhotoInvalid):
            await profiles.put_up(user_id, await self.photo(1, "smx"))
        with patch.object(photos, "MAX_PHOTOS", 2):
            await profiles.put_up(user_id, await self.photo(2))
            await profiles.put_up(user_id, await self.photo(3))
            with self.assertRaises(PhotosTooMany):
                await profiles.put_up(user_id, await self.photo(4))

    async def test_the_end_of_an_account(self) -> None:
        """Nothing of it is up."""
        await self.domain.profile_photos.put_up(self.user.id, await self.photo(1))
        await self.domain.users.delete(self.user.id)
        self.assertEqual(await self.shown(), (0, 0))
        self.assertEqual(await self.domain.profile_photos.seen_of(self.user.id, self.user.id), [])


class Told:
    """Waits until somebody is told of a change."""

    def __init__(self) -> None:
        self.of: Deferred[tuple[Sequence[int], int]] = Deferred()

    def transient(self, user_ids: Sequence[int], event: Any, except_perm_auth_key_id: int) -> None:
        """Who was told of whom."""
        if isinstance(event, UserChanged) and SERVICE_USER_ID not in user_ids and not self.of.called:
            self.of.callback((user_ids, event.user_id))

    def logged(self, *_: Any) -> None:
        """Nothing."""


class PortraitsTests(BackendTestCase):
    """The service account, which has nobody to take a photo of it."""

    async def test_drawn_at_first_need(self) -> None:
        """With the first message that it writes, once; who got it is told."""
        database, reactor = self.open_database(), self.real_reactor
        domain = Domain.open(database, Fanout(), reactor, open_filing(self, database, reactor))
        told = Told()
        domain.fanout.subscribe(told)
        domain.portraits.want(SERVICE_USER_ID, "service")
        domain.fanout.subscribe(domain.portraits)
        user = await domain.users.create(phone="4915112", first_name="Bob", now=1)
        await domain.service_messages.send(user.id, "Welcome")
        self.assertEqual(await told.of, ((user.id,), SERVICE_USER_ID))
        shown = (await domain.users.require(SERVICE_USER_ID)).photo
        assert shown is not None
        photo = await domain.filing.files.photo(shown.photo_id)
        self.assertEqual([(size.type, size.w) for size in photo.sizes], [("a", 160), ("b", 320), ("c", 640)])
        again = Portraits(domain.users, domain.filing.files, domain.profile_photos, domain.fanout)
        await again._draw(SERVICE_USER_ID, "service", user.id)
        seen = await domain.profile_photos.seen_of(user.id, SERVICE_USER_ID)
        self.assertEqual([one.id for one in seen], [photo.id])
