"""Wallpapers at hand."""

from twisted.internet.task import Clock

from teamgram.domain.wallpapers import store
from teamgram.domain.wallpapers.errors import WallpaperInvalid
from teamgram.domain.wallpapers.wallpaper import DrawnAs, NamedWallpaper
from teamgram.domain.wallpapers.wallpapers import Wallpapers
from trial_tests.backends import BackendTestCase, on_every_backend
from trial_tests.domain.filing import unused_filing


@on_every_backend
class WallpapersAtHandTests(BackendTestCase):
    """Of colours alone: no file is needed."""

    async def test_order_and_end(self) -> None:
        """The last that was chosen is the first; the same colours are one; the oldest goes."""
        self.patch(store, "AT_HAND", 3)
        clock = Clock()
        database = self.open_database()
        wallpapers = Wallpapers(database, unused_filing(database, clock), clock)
        colours = NamedWallpaper(no_file=True)
        for colour in (1, 2, 3, 2, 4):
            await wallpapers.save(7, colours, DrawnAs((colour,)))
        found = await wallpapers.all_of(7)
        self.assertEqual([one.drawn_as.colours for one in found], [(4,), (2,), (3,)])
        self.assertEqual(await wallpapers.all_of(8), [])
        await wallpapers.let_go(7, NamedWallpaper(found[1].id, no_file=True))
        self.assertEqual([one.drawn_as.colours for one in await wallpapers.all_of(7)], [(4,), (3,)])
        with self.assertRaises(WallpaperInvalid):
            await wallpapers.save(7, colours, DrawnAs())
        with self.assertRaises(WallpaperInvalid):
            await wallpapers.find(NamedWallpaper(found[0].id, found[0].access_hash ^ 1))
        await wallpapers.reset(7)
        self.assertEqual(await wallpapers.all_of(7), [])
