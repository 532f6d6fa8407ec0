"""A control plane in memory with its agents, and words for what tests do with it."""

from pathlib import Path
from typing import Any

from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from teamgram.openclaw.agents_service import AgentsService
from trial_tests.openclaw.house import TOKEN, Client, House

KEY = "agent:main:main"


class SlowPool:
    """A thread pool whose jobs are done at once but told a while later, as a disk does it."""

    def __init__(self, reactor: Any, seconds: float) -> None:
        self._reactor = reactor
        self._seconds = seconds

    def callInThreadWithCallback(self, done: Any, function: Any, *args: Any, **kwargs: Any) -> None:
        """As twisted.python.threadpool."""
        try:
            result, success = function(*args, **kwargs), True
        except Exception:
            result, success = Failure(), False
        self._reactor.callLater(self._seconds, done, success, result)


class AgentsHouse(House):
    """``house.agents`` are the agents. Time passes in small steps, so that delays within a run count."""

    step_seconds = 0.02

    def __init__(self, config: dict[str, Any] | None = None, directory: Path | None = None) -> None:
        found: list[AgentsService] = []

        def extension(plane: Any) -> AgentsService:
            found.append(AgentsService(plane))
            return found[0]

        # The secret in every tree that a test gives.
        tree = {"gateway": {"auth": {"token": TOKEN}}, **(config or {})}
        super().__init__(tree if config is not None or directory is None else None, directory, [extension])
        self.agents = found[0]
        self.parts = self.agents.parts

    def slow_disk(self, seconds: float) -> None:
        """From now on every access takes that long."""
        pool = SlowPool(self.reactor, seconds)
        self.reactor.getThreadPool = lambda: pool  # type: ignore[method-assign,assignment,return-value]

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        left = seconds
        while left > 1e-9:
            step = min(self.step_seconds, left)
            self.reactor.advance(step)
            left -= step
        self.plane.turn(self.reactor.seconds())
        for client in self.clients:
            client.read()

    def again(self) -> "AgentsHouse":
        """The next process on the same files, as after ``kill -9`` of this one."""
        later = AgentsHouse(directory=self.directory)
        later.reactor.rightNow = self.reactor.rightNow
        return later


class AgentsTestCase(SynchronousTestCase):
    """A house for each test, and what is asked of it most."""

    config: dict[str, Any] | None = None

    def setUp(self) -> None:
        """Build it."""
        self.house = AgentsHouse(self.config)
        self.addCleanup(self.house.close)
        self.client = self.operator()

    def operator(self, house: AgentsHouse | None = None, **more: Any) -> Client:
        """A client with all scopes that hears of tools."""
        client = (house or self.house).client()
        client.hello(**{"caps": ["tool-events"], **more})
        return client

    def ok(self, method: str, client: Client | None = None, **params: Any) -> Any:
        """The payload of a request that must succeed."""
        client = client or self.client
        response = client.request(method, params)
        for _ in range(20):
            if response is not None:
                break
            client.house.advance(0.02)
            response = client.response(f"r{client._requests}")
        self.assertTrue(response["ok"], response)
        return response["payload"]

    def error(self, method: str, client: Client | None = None, **params: Any) -> Any:
        """The error of a request that must fail."""
        response = (client or self.client).request(method, params)
        self.assertFalse(response["ok"], response)
        return response["error"]

    def send(self, text: str, run_id: str = "run-1", client: Client | None = None, **more: Any) -> Any:
        """``chat.send`` to the main session."""
        params = {"sessionKey": "main", "message": text, "idempotencyKey": run_id, **more}
        return self.ok("chat.send", client, **params)

    def chats(self, run_id: str | None = None, client: Client | None = None) -> list[dict[str, Any]]:
        """Payloads of chat events so far (of one run)."""
        events = [event["payload"] for event in (client or self.client).events("chat")]
        return [event for event in events if run_id in (None, event["runId"])]

    def ends(self, run_id: str, client: Client | None = None) -> list[dict[str, Any]]:
        """The chat events that end a run: there must be one."""
        return [event for event in self.chats(run_id, client) if event["state"] in ("final", "aborted", "error")]

    def history(self, key: str = "main", client: Client | None = None, **more: Any) -> list[tuple[str, str]]:
        """(role, text) of the messages of a session."""
        messages = self.ok("chat.history", client, sessionKey=key, **more)["messages"]
        return [(message["role"], words(message)) for message in messages]


def words(message: dict[str, Any]) -> str:
    """The text of a message."""
    content = message["content"]
    if isinstance(content, str):
        return content
    return "".join(part.get("text", "") for part in content)
