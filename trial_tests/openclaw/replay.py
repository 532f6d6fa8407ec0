"""Replays the client side of a recorded transcript and compares the server side in kind.

In kind means, per connection: the same answer to every request (success or
failure, code, message, details), the same events in the same order, the same
close. Ids differ from run to run: where the recording and we have different
values at the same place, later client frames use ours. Devices sign anew.
"""

import json
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from trial_tests.openclaw.house import TOKEN, Client, DeviceKey, House, client_frame

FIXTURES = Path(__file__).parent / "replays"
#: Events that come by the clock or belong to parts that this gateway has not; their order says nothing.
BY_THE_CLOCK = frozenset({"health", "tick", "voicewake.changed", "voicewake.routing.changed", "chat.metadata.changed"})
_AGENTS = ("chat.", "agent", "sessions.", "cron.", "models.")
_OTHER_TOKEN = "another-secret-of-the-same-kind"
_LEARN_KEYS = frozenset({"requestId", "id", "deviceToken", "nonce", "runId", "sessionId", "hash"})
_MOST_STEP_SECONDS = 6.0
_ENDS = frozenset({"chat final", "chat aborted", "chat error"})
#: Of 50 ms each.
_MOST_WAITS = 200

Hook = Callable[[House], None]


class Replay:
    """One transcript against one house.

    Args:
        hooks: what somebody outside the recording did, before a line:
                ``open 4`` (connection 4 opens), ``close 5`` (its close was recorded), ``request r3``,
            ``event node.pair.resolved`` (such an event was).
        ip: the address that connections come from.
        ignore: names of events not compared, beyond :data:`BY_THE_CLOCK`.
        last_conn: play connections up to this one only.
        deliberate: request ids and run ids that go another way by choice.
        waits: let the client wait for what it had when it sent its next frame, instead of as long as it took then;
            for what the recorded gateway needed seconds for.
    """

    def __init__(
        self,
        name: str,
        house: House,
        *,
        hooks: Mapping[str, Hook] | None = None,
        ip: str = "127.0.0.1",
        ignore: frozenset[str] = frozenset(),
        last_conn: int = 1 << 30,
        deliberate: frozenset[str] = frozenset(),
        waits: bool = False,
    ) -> None:
        lines = [json.loads(line) for line in (FIXTURES / f"{name}.jsonl").read_text().splitlines()]
        self.lines = [line for line in lines if line["conn"] <= last_conn]
        self.house = house
        self.clients: dict[int, Client] = {}
        self.refused: set[int] = set()
        self.expected: dict[int, list[Any]] = defaultdict(list)
        self._hooks = hooks or {}
        self._ip = ip
        self._ignore = BY_THE_CLOCK | ignore
        self._deliberate = deliberate
        self._waits = waits
        self._theirs: dict[str, Any] = {"<SHARED_TOKEN>": TOKEN, "<SHARED_TOKEN_2>": _OTHER_TOKEN}
        self._keys: dict[str, DeviceKey] = {}
        self._challenges: dict[int, dict[str, Any]] = {}
        #: Answers to methods that this house has not (the agents' are tested where they are there).
        self._unknown = {
            ("res", line["frame"]["id"])
            for line in self.lines
            if line["dir"] == "c2s" and line.get("frame", {}).get("method", "").startswith(_AGENTS)
            if line["frame"]["method"] not in house.plane.router
        }

    def run(self) -> None:
        """Play it all."""
        at = 0.0
        for index, line in enumerate(self.lines):
            step, at = (line["t"] - at) / 1000, line["t"]
            if self._waits:
                if line["dir"] == "c2s" and line["conn"] in self.clients:
                    self._wait(line["conn"])
            elif step > 0.005:
                self.house.advance(min(step, _MOST_STEP_SECONDS))
            if line["dir"] == "c2s":
                self._client_does(line, self.lines[index + 1 :])
            else:
                self._server_did(line)
        self.house.advance(0.5)

    def _wait(self, conn: int) -> None:
        """Until the client has what it had in the recording, of every run and every request."""
        wanted = {token for line in self.expected[conn] if "frame" in line for token in self._tokens(line["frame"])}
        client = self.clients[conn]
        for _ in range(_MOST_WAITS):
            client.read()
            if wanted <= {token for frame in client.frames for token in self._tokens(frame)}:
                return
            self.house.advance(0.05)

    def _tokens(self, frame: Any) -> Iterator[tuple[str, ...]]:
        """What one waits for: an answer, or a run's state."""
        if frame.get("type") == "res":
            payload = frame.get("payload")
            yield ("res", str(self._ours(frame["id"])), str(payload.get("status") if isinstance(payload, dict) else ""))
        elif frame.get("event") == "chat":
            yield ("chat", self._ours(frame["payload"]["runId"]), frame["payload"]["state"])

    def _client_does(self, line: dict[str, Any], following: list[dict[str, Any]]) -> None:
        conn = line["conn"]
        if "http" in line:
            self._hook(f"open {conn}")
            answer = next((x["http"] for x in following if x["conn"] == conn and "http" in x), "")
            if " 503" in answer:
                self.refused.add(conn)
            else:
                self.clients[conn] = self.house.client(self._ip, headers=line.get("headers", {}))
            return
        client = self.clients[conn]
        if client.lost:
            return
        if "close" in line:
            if client.close is None:
                code = line["close"]
                client.send_bytes(client_frame(b"" if code is None else code.to_bytes(2, "big"), 8))
            return
        if "ctl" in line:
            return
        if "text" in line:
            client.send(line["text"].encode())
            return
        frame = self._ours(line["frame"])
        self._hook(f"request {line['frame'].get('id')}")
        closes = next((x for x in following if x["conn"] == conn and x["dir"] == "s2c"), {})
        if closes.get("close") == 1009:
            frame["params"] = {"x": "y" * 70_000}
        elif isinstance(frame.get("params"), dict):
            if frame["method"] == "connect":
                self._sign(conn, line["frame"]["params"], frame["params"], closes)
            if str(frame["params"].get("baseHash", "")).startswith("hmac-"):
                frame["params"]["baseHash"] = self.house.plane.config.hash
        client.send(frame)

    def _sign(self, conn: int, theirs: dict[str, Any], params: dict[str, Any], answer: dict[str, Any]) -> None:
        device = params.get("device")
        if device is None:
            return
        key = self._keys.setdefault(device["publicKey"], DeviceKey(1000 + len(self._keys)))
        challenge, recorded = self.clients[conn].challenge(), self._challenges[conn]
        signed_at = challenge["ts"] + device["signedAt"] - recorded["ts"]
        signed = key.sign(params, device["nonce"], signed_at)
        if device["id"].strip("0"):
            self._theirs[theirs["device"]["id"]] = key.id
        else:
            signed["id"] = device["id"]
        if "SIGNATURE_INVALID" in json.dumps(answer):
            signed["signature"] = signed["signature"][::-1]
        params["device"] = signed

    def _server_did(self, line: dict[str, Any]) -> None:
        conn = line["conn"]
        if "close" in line:
            self._hook(f"close {conn}")
            self.house.turn()
        if "ctl" in line or "http" in line:
            return
        self.expected[conn].append(line)
        client = self.clients.get(conn)
        if client is None or "frame" not in line:
            return
        self._hook(f"event {line['frame'].get('event')}")
        client.read()
        frame = line["frame"]
        if frame.get("event") == "connect.challenge":
            self._challenges[conn] = frame["payload"]
        if frame.get("type") == "event":
            # The n-th event of a name is the same one on both sides.
            count = sum(x.get("frame", {}).get("event") == frame["event"] for x in self.expected[conn])
            self._learn(frame, dict(enumerate(client.events(frame["event"]), 1)).get(count))
            return
        for ours in client.frames:
            if ours.get("type") == "res" and self._ours(frame.get("id")) == ours.get("id"):
                self._learn(frame, ours)

    def _hook(self, name: str) -> None:
        hook = self._hooks.get(name)
        if hook is not None:
            hook(self.house)

    def _learn(self, theirs: Any, ours: Any) -> None:
        if isinstance(theirs, dict) and isinstance(ours, dict):
            for key, value in theirs.items():
                if key in _LEARN_KEYS and isinstance(value, str) and isinstance(ours.get(key), str) and value:
                    self._theirs.setdefault(value, ours[key])
                self._learn(value, ours.get(key))
        elif isinstance(theirs, list) and isinstance(ours, list):
            for left, right in zip(theirs, ours, strict=False):
                self._learn(left, right)

    def _ours(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {key: self._ours(child) for key, child in value.items()}
        if isinstance(value, list):
            return [self._ours(child) for child in value]
        if isinstance(value, str):
            for theirs, ours in self._theirs.items():
                if theirs in value and isinstance(ours, str):
                    value = value.replace(theirs, ours)
        return value

    def differences(self) -> list[str]:
        """What we did otherwise, connection by connection."""
        found: list[str] = []
        for conn, lines in self.expected.items():
            client = self.clients.get(conn)
            if client is None:
                continue
            client.read()
            kinds = [self._kind(self._ours(line["frame"])) for line in lines if "frame" in line]
            our_kinds = [self._kind(frame) for frame in client.frames]
            wanted, got = ([x for x in side if x and x[:2] not in self._unknown] for side in (kinds, our_kinds))
            wanted, got = ([x for x in side if x[0] != "res" or x[1] not in self._deliberate] for side in (wanted, got))
            found += self._turns_apart(conn, [line["frame"] for line in lines if "frame" in line], client.frames)
            for kind in ("res", "event"):
                left = [item for item in wanted if item[0] == kind]
                right = [item for item in got if item[0] == kind]
                if kind == "res":
                    left, right = sorted(left, key=str), sorted(right, key=str)
                if left != right:
                    found += [f"c{conn} {kind}: -{item}" for item in left if item not in right]
                    found += [f"c{conn} {kind}: +{item}" for item in right if item not in left]
                    if len(left) == len(right) and not found:
                        at = next(i for i, pair in enumerate(zip(left, right, strict=True)) if pair[0] != pair[1])
                        found.append(f"c{conn} {kind}: another order from {at}: -{left[at:]} +{right[at:]}")
            closes = [(line["close"], _stem(self._ours(line["reason"]))) for line in lines if "close" in line]
            mine = client.close and (client.close[0], _stem(client.close[1]))
            if closes and closes[-1] != mine and not (closes[-1][0] is None and client.lost):
                found.append(f"c{conn} close: -{closes[-1]} +{mine}")
        for conn in self.refused:
            if not self.house.plane.lifetime.draining:
                found.append(f"c{conn} was refused with 503")
        return found

    def _turns_apart(self, conn: int, theirs: list[Any], ours: list[Any]) -> list[str]:
        """Runs whose events came in another order; how often the text grew does not matter."""
        left, right = _turns(self._ours(theirs)), _turns(ours)
        apart = []
        for run_id in (left.keys() & right.keys()) - self._deliberate:
            kinds, ours_too = left[run_id], right[run_id]
            if not _ENDS & set(kinds):
                # Their recording ends before the run did.
                ours_too = ours_too[: len(kinds)]
            if kinds != ours_too:
                apart.append(f"c{conn} run {run_id}: -{kinds} +{ours_too}")
        return apart

    def _kind(self, frame: Any) -> tuple[Any, ...] | None:
        if frame.get("type") == "event":
            return None if frame["event"] in self._ignore else ("event", frame["event"], "seq" in frame)
        if frame.get("type") != "res":
            return ("other", str(frame))
        if frame["ok"]:
            payload = frame.get("payload")
            kind = (
                "hello" if isinstance(payload, dict) and payload.get("type") == "hello-ok" else type(payload).__name__
            )
            if kind == "hello":
                known = payload["auth"]
                return (
                    "res",
                    frame["id"],
                    kind,
                    known["method"],
                    known["role"],
                    tuple(known["scopes"]),
                    "deviceToken" in known,
                )
            status = payload.get("status") if isinstance(payload, dict) else None
            return ("res", frame["id"], kind, status if isinstance(status, str) else None)
        error = frame["error"]
        details = error.get("details") or {}
        codes = tuple(
            str(details[name]) for name in ("code", "reason", "authReason", "recommendedNextStep") if name in details
        )
        return ("res", str(frame["id"]), error["code"], error["message"], codes, error.get("retryable"))


def _turns(frames: list[Any]) -> dict[str, list[str]]:
    """Run id -> the kinds of its chat and agent events in the order in which they first came."""
    turns: dict[str, dict[str, None]] = defaultdict(dict)
    for frame in frames:
        if frame.get("event") not in ("chat", "agent"):
            continue
        payload = frame["payload"]
        data = payload.get("data") or {}
        if payload.get("stream") == "item" or (data.get("phase") == "model" and not data.get("provider")):
            # Items are for showing only; a model without a name is said once too often, before the end.
            continue
        word = f"{frame['event']} {payload.get('state') or payload['stream']}"
        word += f" {payload.get('phase') or data.get('phase') or ''}"
        turns[payload["runId"]][word.strip()] = None
    return {run_id: list(kinds) for run_id, kinds in turns.items()}


def _stem(reason: str) -> str:
    """A close reason without the id in it, which is cut where 123 bytes end."""
    return reason.partition(" (requestId")[0]
