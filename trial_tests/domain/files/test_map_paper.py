"""Paper in place of maps."""

import io
from dataclasses import replace

from twisted.trial.unittest import SynchronousTestCase

from PIL import Image

from teamgram.domain.files.map_paper import MapFrame, draw_map_paper

BERLIN = MapFrame(52.52, 13.4, 320, 240, 15, 2)


def lines(png: bytes) -> tuple[list[int], list[int]]:
    """(columns, rows) of dots that are all of one colour, which is not the paper's."""
    with Image.open(io.BytesIO(png)) as image:
        paper = image.convert("L")
    dark = min(paper.tobytes())
    columns = [x for x in range(paper.width) if all(paper.getpixel((x, y)) == dark for y in range(paper.height))]
    rows = [y for y in range(paper.height) if all(paper.getpixel((x, y)) == dark for x in range(paper.width))]
    return columns, rows


class MapPaperTests(SynchronousTestCase):
    """Pictures of every size."""

    def test_lines_move_with_the_place(self) -> None:
        """They lie on the globe: a place a little to the east has the same lines further to the left."""
        columns, rows = lines(draw_map_paper(BERLIN))
        self.assertTrue(columns and rows)
        self.assertGreaterEqual(min(b - a for a, b in zip(columns[::2], columns[2::2], strict=False)), 80)
        # 256 points at zoom 0 are 360 degrees: ten points are so many at zoom 15.
        east = replace(BERLIN, longitude=BERLIN.longitude + 360 * 10 / (256 * 2**15))
        moved, same = lines(draw_map_paper(east))
        self.assertEqual([x + 20 for x in moved if x + 20 < 640], [x for x in columns if x >= 20])
        self.assertEqual(rows, same)

    def test_every_size(self) -> None:
        """At the ends of the world and of what may be asked for, a small PNG of the size that was wanted."""
        for latitude, longitude in ((0, 0), (90, 180), (-90, -180), (85.05, 179.9999), (52.52, 13.4)):
            for w, h, zoom, scale in ((16, 16, 13, 1), (1024, 1024, 20, 3), (1023, 17, 13, 3), (17, 1021, 20, 2)):
                frame = MapFrame(latitude, longitude, w, h, zoom, scale)
                self.assertTrue(frame.is_valid)
                drawn = draw_map_paper(frame)
                self.assertLess(len(drawn), 32_768)
                with Image.open(io.BytesIO(drawn)) as image:
                    image.load()
                    self.assertEqual((image.format, image.size), ("PNG", (w * scale, h * scale)))

    def test_what_is_none(self) -> None:
        """Numbers beyond the bounds are refused before anything is drawn."""
        for changed in (
            {"latitude": 90.1},
            {"latitude": float("nan")},
            {"longitude": float("inf")},
            {"w": 15},
            {"h": 1025},
            {"w": -5},
            {"zoom": 21},
            {"zoom": 12},
            {"scale": 0},
            {"scale": 4},
        ):
            self.assertFalse(replace(BERLIN, **changed).is_valid, changed)
