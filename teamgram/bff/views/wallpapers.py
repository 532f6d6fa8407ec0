"""Wallpapers as TL objects, and what clients say of them."""

from typing import Any

from teamgram.bff.views.media import FileViews
from teamgram.domain.dialogs.wallpapers import ChatWallpapers
from teamgram.domain.files.references import IN_WALLPAPER, Origin
from teamgram.domain.updates.events import ChatWallpaperChanged
from teamgram.domain.wallpapers.wallpaper import DrawnAs, Wallpaper
from teamgram.mtproto.tl import tl

_COLOURS = ("background_color", "second_background_color", "third_background_color", "fourth_background_color")


def drawn_as_view(drawn_as: DrawnAs) -> Any:
    """``wallPaperSettings``, or None where nothing is said."""
    if drawn_as == DrawnAs():
        return None
    two = len(drawn_as.colours) > 1
    return tl.wallPaperSettings(
        blur=drawn_as.blur,
        motion=drawn_as.motion,
        intensity=drawn_as.intensity,
        # One flag for both.
        rotation=drawn_as.rotation if two else None,
        emoticon=drawn_as.emoticon or None,
        **dict(zip(_COLOURS, drawn_as.colours, strict=False)),
    )


def drawn_as_from(view: Any) -> DrawnAs:
    """What ``wallPaperSettings`` says, within bounds."""
    colours = []
    for name in _COLOURS:
        colour = getattr(view, name)
        if colour is None:
            break
        colours.append(colour & 0xFFFFFF)
    return DrawnAs(
        tuple(colours),
        view.blur,
        view.motion,
        None if view.intensity is None else min(max(-100, view.intensity), 100),
        (view.rotation or 0) % 360,
        (getattr(view, "emoticon", None) or "")[:16],
    )


def wallpaper_view(wallpaper: Wallpaper, viewer_id: int, files: FileViews) -> Any:
    """``WallPaper``."""
    settings = drawn_as_view(wallpaper.drawn_as)
    if wallpaper.document is None:
        return tl.wallPaperNoFile(id=wallpaper.id, settings=settings)
    return tl.wallPaper(
        id=wallpaper.id,
        creator=wallpaper.owner_id == viewer_id,
        pattern=wallpaper.pattern,
        access_hash=wallpaper.access_hash,
        slug=wallpaper.slug,
        document=files.document(wallpaper.document, Origin(IN_WALLPAPER, wallpaper.id)),
        settings=settings,
    )


class WallpaperUpdates:
    """Renders ``ChatWallpaperChanged``."""

    def __init__(self, chat_wallpapers: ChatWallpapers, files: FileViews) -> None:
        self._chat_wallpapers = chat_wallpapers
        self._files = files

    def handles(self, event: object) -> bool:
        """Whether ``render`` knows this kind of event."""
        return isinstance(event, ChatWallpaperChanged)

    async def render(self, viewer_id: int, event: Any) -> tuple[list[Any], tuple[int, ...]]:
        """(the ``Update``, the other one) for one of the two."""
        behind = await self._chat_wallpapers.behind(viewer_id, event.user_id)
        update = tl.updatePeerWallpaper(
            wallpaper_overridden=behind is not None and behind.overridden,
            peer=tl.peerUser(user_id=event.user_id),
            wallpaper=wallpaper_view(behind.wallpaper, viewer_id, self._files) if behind is not None else None,
        )
        return [update], (event.user_id,)
