"""Chat backgrounds."""

from typing import Any

import msgspec

from teamgram.bff.errors import bad_request
from teamgram.bff.files.input_media import InputMediaReader
from teamgram.bff.list_hash import list_hash
from teamgram.bff.registry import RpcService, rpc
from teamgram.bff.shared import Shared
from teamgram.bff.views.updates import Drawing
from teamgram.bff.views.wallpapers import drawn_as_from, wallpaper_view
from teamgram.domain.ids.peer import PeerKind
from teamgram.domain.updates.events import ChatWallpaperChanged
from teamgram.domain.wallpapers.errors import WallpaperInvalid
from teamgram.domain.wallpapers.wallpaper import DrawnAs, NamedWallpaper, Wallpaper
from teamgram.interfaces.rpc import RpcMetadata
from teamgram.mtproto.tl import tl

_MAX_ASKED = 100


def named_wallpaper(view: Any) -> NamedWallpaper:
    """The wallpaper that an ``InputWallPaper`` means."""
    if view.NAME == "inputWallPaperSlug":
        if not 0 < len(view.slug) <= 64:
            raise bad_request("WALLPAPER_INVALID")
        return NamedWallpaper(slug=view.slug)
    if view.NAME == "inputWallPaperNoFile":
        return NamedWallpaper(view.id, no_file=True)
    return NamedWallpaper(view.id, view.access_hash)


class WallpapersService(RpcService):
    """The caller's wallpapers, and others' by their links."""

    name = "RPCWallpapers"

    def __init__(self, shared: Shared) -> None:
        self._shared = shared
        self._wallpapers = shared.domain.wallpapers
        self._media = InputMediaReader(shared)

    def _view(self, caller: RpcMetadata, wallpaper: Wallpaper) -> Any:
        return wallpaper_view(wallpaper, caller.user_id, self._shared.updates.files)

    @rpc("account.uploadWallPaper")
    async def upload(self, caller: RpcMetadata, query: Any) -> Any:
        """account.uploadWallPaper#e39a8f03 flags:# for_chat:flags.0?true file:InputFile mime_type:string ..."""
        kept = await self._media.file(caller, query.file)
        mime_type = query.mime_type.strip().lower()
        drawn_as = drawn_as_from(query.settings)
        return self._view(caller, await self._wallpapers.make(caller.user_id, kept, mime_type, drawn_as))

    @rpc("account.getWallPapers")
    async def get_all(self, caller: RpcMetadata, query: Any) -> Any:
        """account.getWallPapers#7967d36 hash:long = account.WallPapers"""
        found = await self._wallpapers.all_of(caller.user_id)
        hash_ = list_hash(one.id for one in found)
        if hash_ and query.hash == hash_:
            return tl.account.wallPapersNotModified()
        return tl.account.wallPapers(hash=hash_, wallpapers=[self._view(caller, one) for one in found])

    @rpc("account.getWallPaper")
    async def get(self, caller: RpcMetadata, query: Any) -> Any:
        """account.getWallPaper#fc8ddbea wallpaper:InputWallPaper = WallPaper"""
        return self._view(caller, await self._wallpapers.find(named_wallpaper(query.wallpaper)))

    @rpc("account.getMultiWallPapers")
    async def get_several(self, caller: RpcMetadata, query: Any) -> list[Any]:
        """account.getMultiWallPapers#65ad71dc wallpapers:Vector<InputWallPaper> = Vector<WallPaper>"""
        found = []
        for view in query.wallpapers[:_MAX_ASKED]:
            try:
                found.append(await self._wallpapers.find(named_wallpaper(view)))
            except WallpaperInvalid:
                continue
        return [self._view(caller, one) for one in found]

    @rpc("account.saveWallPaper")
    async def save(self, caller: RpcMetadata, query: Any) -> bool:
        """account.saveWallPaper#6c5a5b37 wallpaper:InputWallPaper unsave:Bool settings:WallPaperSettings = Bool"""
        named = named_wallpaper(query.wallpaper)
        if query.unsave:
            await self._wallpapers.let_go(caller.user_id, named)
        else:
            await self._wallpapers.save(caller.user_id, named, drawn_as_from(query.settings))
        return True

    @rpc("account.installWallPaper")
    async def install(self, caller: RpcMetadata, query: Any) -> bool:
        """account.installWallPaper#feed5769 wallpaper:InputWallPaper settings:WallPaperSettings = Bool"""
        named = named_wallpaper(query.wallpaper)
        await self._wallpapers.save(caller.user_id, named, drawn_as_from(query.settings))
        return True

    @rpc("account.resetWallPapers")
    async def reset(self, caller: RpcMetadata, query: Any) -> bool:
        """account.resetWallPapers#bb3b9804 = Bool"""
        await self._wallpapers.reset(caller.user_id)
        return True

    @rpc("messages.setChatWallPaper")
    async def set_in_chat(self, caller: RpcMetadata, query: Any) -> Any:
        """messages.setChatWallPaper#8ffacae1 flags:# peer:InputPeer wallpaper:flags.0?InputWallPaper ... = Updates"""
        shared, now = self._shared, self._shared.now()
        peer = await shared.peer(caller, query.peer)
        if peer.kind is not PeerKind.USER or peer.id == caller.user_id:
            raise bad_request("PEER_ID_INVALID")
        chosen = shared.domain.chat_wallpapers
        device = caller.perm_auth_key_id
        drawn_as = drawn_as_from(query.settings) if query.settings is not None else None
        if query.id is not None:
            change = await chosen.take_over(caller.user_id, peer.id, query.id, drawn_as, now, device=device)
            return await shared.updates.answer(change)
        if query.wallpaper is not None:
            wallpaper = await self._chosen(query.wallpaper, drawn_as)
            change = await chosen.put(caller.user_id, peer.id, wallpaper, now, for_both=query.for_both, device=device)
            return await shared.updates.answer(change)
        await chosen.clear(caller.user_id, peer.id, only_overridden=query.revert, device=device)
        return await shared.updates.finish(caller.user_id, Drawing(event=ChatWallpaperChanged(peer.id)))

    async def _chosen(self, view: Any, drawn_as: DrawnAs | None) -> Wallpaper:
        named = named_wallpaper(view)
        if named.no_file and not named.id:
            # Colours alone need no place of their own.
            if drawn_as is None or not (drawn_as.colours or drawn_as.emoticon):
                raise WallpaperInvalid
            return Wallpaper(0, 0, 0, "", drawn_as=drawn_as)
        found = await self._wallpapers.find(named)
        return msgspec.structs.replace(found, drawn_as=drawn_as) if drawn_as is not None else found
