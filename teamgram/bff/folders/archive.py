"""folders.editPeerFolders: into the archive and out of it."""

from typing import Any

from teamgram.bff.errors import bad_request
from teamgram.bff.registry import RpcService, rpc
from teamgram.bff.shared import Shared
from teamgram.domain.boxes.archive import ARCHIVE
from teamgram.interfaces.rpc import RpcMetadata

MAX_MOVED = 100


class ArchiveService(RpcService):
    """What lies in the caller's archive."""

    name = "RPCFolders"

    def __init__(self, shared: Shared) -> None:
        self._shared = shared

    @rpc("folders.editPeerFolders")
    async def edit_peer_folders(self, caller: RpcMetadata, query: Any) -> Any:
        """folders.editPeerFolders#6847d0ab folder_peers:Vector<InputFolderPeer> = Updates"""
        shared = self._shared
        if len(query.folder_peers) > MAX_MOVED:
            raise bad_request("PEER_ID_INVALID")
        moves = []
        for written in query.folder_peers:
            if written.folder_id not in (0, ARCHIVE):
                raise bad_request("FOLDER_ID_INVALID")
            moves.append(((await shared.peer(caller, written.peer)).marked, written.folder_id == ARCHIVE))
        change = await shared.domain.dialogs.move(caller.user_id, moves, shared.now(), caller.perm_auth_key_id)
        return await shared.updates.answer(change)
