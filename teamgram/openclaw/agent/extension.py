"""The agents as an extension of the control plane: ``agents_extension()`` is given to :class:`OpenClawService`."""

from typing import TYPE_CHECKING, Any

from twisted.application.service import Service
from twisted.internet.defer import Deferred

from teamgram.openclaw.agent.house import AgentHouse
from teamgram.openclaw.agent.recovery import recover
from teamgram.openclaw.agent.tools import core, workspace
from teamgram.openclaw.methods.chat import ChatMethods
from teamgram.openclaw.methods.session_rows import SessionEvents, SessionRows
from teamgram.openclaw.methods.sessions import SessionMethods

if TYPE_CHECKING:
    from teamgram.openclaw.control_plane import ControlPlane


class AgentsService(Service):
    """The agents of one control plane.

    Attributes:
        house: their parts.
    """

    def __init__(self, plane: "ControlPlane") -> None:
        self.house = house = AgentHouse(plane)
        house.sessions.load()
        rows = SessionRows(house)
        events = SessionEvents(house, rows)
        sessions = SessionMethods(house, rows, events)
        chat = ChatMethods(house, rows, sessions.reset_session)
        sessions.chat = chat
        for family in (chat, sessions):
            plane.router.register(family)
        for tool in workspace.tools(house.sessions.in_thread):
            house.tools.add(tool)
        house.tools.add(core.current_time(plane.seconds))
        plane.runs = house.runs
        recover(house)

    def stopService(self) -> Deferred[None]:
        """End what the drain left running, with an error in its transcript."""
        super().stopService()
        return Deferred.fromCoroutine(self.house.runs.shutdown())


def agents_extension(plane: "ControlPlane") -> Any:
    """Hang the agents in. For ``OpenClawService(extensions=[agents_extension])``."""
    return AgentsService(plane)
