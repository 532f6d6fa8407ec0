"""Photos of people by the domain alone: which is shown, and how many there may be."""

from unittest.mock import patch

from teamgram.domain.domain import Domain
from teamgram.domain.files import store
from teamgram.domain.files.file import Photo, PhotoSize
from teamgram.domain.profiles import photos
from teamgram.domain.profiles.errors import PhotoInvalid, PhotosTooMany
from teamgram.domain.updates.fanout import Fanout
from trial_tests.backends import BackendTestCase, on_every_backend
from trial_tests.domain.filing import unused_filing


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
