"""What the server keeps when connections, frames and itself break: ``make faults N=1000``.

Rounds of two people who write to each other while one thing goes wrong again
and again. After each round every request was answered exactly once (one that
its client gave up was executed once or not at all), the other one has every
message exactly once after ``updates.getDifference``, and the server holds no
request, task or connection; after all of them it holds no session and no
timer either. The seed fixes what happens; the kernel and the reactor still
choose the moments between.

Every kind but ``restart`` runs against the server in this process, where its
insides can be looked at; ``restart`` kills another process with -9.
"""

import argparse
import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.task import deferLater, react
from twisted.logger import globalLogPublisher

from teamgram.app.config.loader import load_configuration
from teamgram.app.server import TeamgramServer
from teamgram.mtproto.crypto.rsa import RsaPublicKey
from teamgram.mtproto.envelope import AuthKey
from teamgram.mtproto.tl import encode, tl
from trial_tests.clients.server import RunningServer
from trial_tests.peer.connection import connect
from trial_tests.peer.traveller import Traveller, cut_somewhere

SEED = 1
RETENTION = 1.0
"""Seconds a session without a connection is kept here."""


class Broken(AssertionError):
    """A round after which something was not as it must be."""


class InThisProcess:
    """The whole server beside its clients, in one reactor."""

    def __init__(self, reactor: Any, directory: Path) -> None:
        self._reactor = reactor
        files = RunningServer(reactor, directory)
        self.port = files.port
        session = files.config / "session.yaml"
        session.write_text(session.read_text() + f"\nLimits:\n  DisconnectedRetention: {RETENTION:.0f}s\n")
        self.server = TeamgramServer(load_configuration(files.config), files.data_dir, reactor)
        self.server._announce = lambda stages: None  # type: ignore[method-assign]

    async def start(self) -> RsaPublicKey:
        self.server.startService()
        while self.server.not_ready():
            await deferLater(self._reactor, 0.02)
        return self.server.key.key.public

    async def stop(self) -> None:
        await self.server.stopService()

    def held(self) -> dict[str, int]:
        """What is there only while somebody is served."""
        stages = self.server.stages
        assert stages is not None
        stage = stages.session.stage
        return {
            "connections": len(list(stages.gnetway.connections)),
            "requests": len(stage.requests.running),
            "waiting requests": len(stage.requests.waiting),
            "tasks": len(stage.tasks._running),
            "turns": len(stage.delivery._conns),
        }

    def sessions(self) -> int:
        """Those that are kept for clients that may come back."""
        assert self.server.stages is not None
        return sum(len(keys.sessions) for keys in self.server.stages.session.stage.keys.lists.values())


class InOwnProcess:
    """The server as it is run; can be killed."""

    def __init__(self, reactor: Any, directory: Path) -> None:
        self.server = RunningServer(reactor, directory)
        self.port = self.server.port

    async def start(self) -> RsaPublicKey:
        await self.server.start()
        return RsaPublicKey.from_pem(self.server.public_key.encode())

    async def restart(self) -> None:
        await self.server.kill()
        await self.server.start()

    async def stop(self) -> None:
        await self.server.terminate()

    def held(self) -> dict[str, int]:
        return {}

    def sessions(self) -> int:
        return 0


class Faults:
    """Rounds of one kind; ``counts`` says what they were made of."""

    def __init__(self, reactor: Any, place: Any, kind: str, seed: int = SEED) -> None:
        self._reactor = reactor
        self._place = place
        self._kind = kind
        self._seed = seed
        self._keys: list[tuple[AuthKey, int, Any]] = []
        self._pts = 0
        self.counts: Counter[str] = Counter()

    async def start(self) -> None:
        """The server, and two people signed in."""
        public_key = await self._place.start()
        for phone in ("15551000001", "15551000002"):
            connection = await connect("127.0.0.1", self._place.port, reactor=self._reactor)
            made = await connection.make_auth_key(public_key)
            assert made.auth_key is not None
            session = connection.open_session(made.auth_key, salt=made.first_salt)
            sent = await session.call(
                tl.auth.sendCode(phone_number=phone, api_id=1, api_hash="", settings=tl.codeSettings())
            )
            code = sent.phone_code_hash
            await session.call(tl.auth.signIn(phone_number=phone, phone_code_hash=code, phone_code="12345"))
            signed = await session.call(
                tl.auth.signUp(phone_number=phone, phone_code_hash=code, first_name="Ada", last_name="")
            )
            self._pts = (await session.call(tl.updates.getState())).pts
            self._keys.append((made.auth_key, made.first_salt, signed.user))
            await connection.close()
        self._peer = tl.inputPeerUser(user_id=self._keys[1][2].id, access_hash=self._keys[1][2].access_hash)

    async def run(self, rounds: int) -> None:
        """So many rounds, then a look at what is left.

        Raises:
            Broken: what a client may rely on does not hold.
        """
        timers = len(self._reactor.getDelayedCalls())
        for number in range(rounds):
            try:
                await self._round(number)
            except Exception as error:
                raise Broken(f"{self._kind}, seed {self._seed}, round {number}: {error!r}") from error
            self.counts["rounds"] += 1
            if self.counts["rounds"] % 100 == 0 and rounds > 100:
                print(f"{self._kind:<10} {self.counts['rounds']} of {rounds} rounds", file=sys.stderr, flush=True)
        if self._place.held():
            await self._until(lambda: not self._place.sessions(), RETENTION + 3, "sessions are left")
            await self._until(lambda: len(self._reactor.getDelayedCalls()) <= timers, 5, "timers are left")

    async def stop(self) -> None:
        await self._place.stop()

    # A round

    async def _round(self, number: int) -> None:
        chance = random.Random(f"{self._seed} {self._kind} {number}")
        sender, receiver = (
            Traveller(key, self._place.port, reactor=self._reactor, salt=salt, layer=0) for key, salt, _ in self._keys
        )
        receiver.pts = self._pts
        prefix = f"{self._kind} {number} "
        wanted = await getattr(self, f"_{self._kind}")(chance, sender, receiver, prefix)
        kept = {msg_id: text for msg_id, text in wanted.items() if msg_id not in sender.given_up}
        history = await sender.result(
            tl.messages.getHistory(
                peer=self._peer, offset_id=0, offset_date=0, add_offset=0, limit=40, max_id=0, min_id=0, hash=0
            )
        )
        executed = Counter(text for message in history.messages if (text := message.message).startswith(prefix))
        self._check(all(executed[text] == 1 for text in kept.values()), f"executed {executed}, wanted {kept}")
        self._check(all(times == 1 for times in executed.values()), f"executed twice: {executed}")
        for msg_id in (*kept, *sender.answers, *receiver.answers):
            answers = (sender.answers if msg_id in sender.answers else receiver.answers)[msg_id]
            self._check(answers == 1, f"{answers} answers to one request")
        for msg_id, text in wanted.items():
            self._check(sender.answers[msg_id] == 0 or executed[text] == 1, "answered, not executed")
        self._check(not sender.errors and not receiver.errors, f"{sender.errors} {receiver.errors}")
        receiver.give_up()
        if receiver.connection.closed:
            await receiver.go_on()
        await receiver.catch_up()
        arrived = Counter({text: times for text, times in receiver.texts.items() if text.startswith(prefix)})
        self._check(arrived == executed, f"arrived {arrived}, executed {executed}")
        self._pts = receiver.pts
        await sender.close()
        await receiver.close()
        await self._until(lambda: not any(self._place.held().values()), 5, "left behind", self._place.held)
        self.counts["requests"] += len(sender.answers) + len(receiver.answers) + len(sender.given_up)
        self.counts["connections"] += sender.opened + receiver.opened
        self.counts["given up"] += len(sender.given_up)
        self.counts["messages"] += sum(executed.values())

    def _message(self, sender: Traveller, chance: random.Random, text: str, *, send: bool = True) -> int:
        random_id = chance.getrandbits(63)
        return sender.ask(tl.messages.sendMessage(peer=self._peer, message=text, random_id=random_id), send=send)

    async def _pause(self, chance: random.Random) -> None:
        if chance.random() < 0.5:
            await deferLater(self._reactor, chance.random() * 0.01)

    async def _cut(self, chance: random.Random, sender: Traveller, receiver: Traveller, prefix: str) -> dict[int, str]:
        """Connections of both end at a random byte in a random direction."""
        await receiver.go_on(**cut_somewhere(chance))
        receiver.ask(tl.updates.getState())
        await sender.go_on(**cut_somewhere(chance))
        wanted = {}
        for index in range(6):
            if sender.connection.closed:
                if chance.random() < 0.2:
                    sender.give_up()
                await sender.go_on(**cut_somewhere(chance))
            if receiver.connection.closed:
                await receiver.go_on(**(cut_somewhere(chance) if chance.random() < 0.5 else {}))
            text = f"{prefix}{index}"
            wanted[self._message(sender, chance, text)] = text
            sender.ask(tl.ping(ping_id=index))
            await self._pause(chance)
        await sender.answered(chance=chance)
        await receiver.answered(chance=chance)
        return wanted

    async def _bytes(
        self, chance: random.Random, sender: Traveller, receiver: Traveller, prefix: str
    ) -> dict[int, str]:
        """Every byte comes alone, in every transport."""
        transports = ("abridged", "intermediate", "full", "padded_intermediate", "obfuscated_intermediate")
        await receiver.go_on(chance.choice(transports), dripping=True)
        receiver.ask(tl.updates.getState())
        await sender.go_on(chance.choice(transports), dripping=True)
        wanted = {}
        for index in range(3):
            text = f"{prefix}{index}"
            wanted[self._message(sender, chance, text)] = text
        sender.ask(tl.ping(ping_id=1))
        await sender.answered()
        await receiver.answered()
        return wanted

    async def _reorder(
        self, chance: random.Random, sender: Traveller, receiver: Traveller, prefix: str
    ) -> dict[int, str]:
        """Frames of one session come over two connections, in any order."""
        await receiver.go_on()
        receiver.ask(tl.updates.getState())
        lines = [await sender.go_on(), await sender.go_on()]
        wanted = {}
        messages = []
        for index in range(6):
            text = f"{prefix}{index}"
            wanted[self._message(sender, chance, text, send=False)] = text
        sender.ask(tl.ping(ping_id=1), send=False)
        messages = list(sender.unanswered.values())
        chance.shuffle(messages)
        for message in messages:
            sender.connection = chance.choice(lines)
            sender.send_messages([message])
            await self._pause(chance)
        await sender.answered()
        await receiver.answered()
        return wanted

    async def _duplicate(
        self, chance: random.Random, sender: Traveller, receiver: Traveller, prefix: str
    ) -> dict[int, str]:
        """The very same frames again, at once or later, over the same connection or another."""
        await receiver.go_on()
        state = receiver.ask(tl.updates.getState())
        receiver.send_messages([receiver.unanswered[state]])
        lines = [await sender.go_on(), await sender.go_on()]
        wanted = {}
        frames: list[bytes] = []
        for index in range(6):
            text = f"{prefix}{index}"
            msg_id = self._message(sender, chance, text, send=False)
            wanted[msg_id] = text
            frames += [sender.core.seal(sender.unanswered[msg_id]).frame] * chance.randint(1, 3)
            if chance.random() < 0.5:
                frames.append(chance.choice(frames))
            while frames and chance.random() < 0.7:
                frame = frames.pop(0)
                chance.choice(lines).send_frame(frame)
            await self._pause(chance)
        for frame in frames:
            chance.choice(lines).send_frame(frame)
        await sender.answered()
        await receiver.answered()
        return wanted

    async def _acks(self, chance: random.Random, sender: Traveller, receiver: Traveller, prefix: str) -> dict[int, str]:
        """Acknowledgements come late, in part, twice, or only after what they are for was sent again."""
        await receiver.go_on()
        receiver.ask(tl.updates.getState())
        await sender.go_on()
        wanted = {}
        for who in (sender, receiver):
            who.acknowledge = False
        for index in range(6):
            text = f"{prefix}{index}"
            wanted[self._message(sender, chance, text)] = text
            await self._pause(chance)
            who = chance.choice((sender, receiver))
            what = chance.random()
            if what < 0.35:
                await who.go_on()
            elif what < 0.7 and who.core.to_ack:
                some = chance.sample(who.core.to_ack, chance.randint(1, len(who.core.to_ack)))
                who.send(encode(tl.msgs_ack(msg_ids=some)), content_related=False)
        await sender.answered()
        await receiver.answered()
        for who in (sender, receiver):
            who.acknowledge = True
        return wanted

    async def _restart(
        self, chance: random.Random, sender: Traveller, receiver: Traveller, prefix: str
    ) -> dict[int, str]:
        """The server is killed with -9 at a random moment; both go on with their sessions."""
        await receiver.go_on()
        receiver.ask(tl.updates.getState())
        await sender.go_on()
        restarted: Deferred[None] = Deferred()
        self._reactor.callLater(
            chance.random() * 0.05,
            lambda: Deferred.fromCoroutine(self._place.restart()).chainDeferred(restarted),
        )
        wanted = {}
        for index in range(8):
            text = f"{prefix}{index}"
            wanted[self._message(sender, chance, text, send=not sender.connection.closed)] = text
            await self._pause(chance)
        await restarted
        if chance.random() < 0.2:
            sender.give_up()
        for who in (sender, receiver):
            await who.connection.until_closed()
            await who.go_on()
        await sender.answered()
        await receiver.answered()
        return wanted

    # After it

    def _check(self, holds: bool, what: str) -> None:
        if not holds:
            raise Broken(what)

    async def _until(
        self, holds: Callable[[], bool], within: float, what: str, details: Callable[[], object] = str
    ) -> None:
        deadline = time.monotonic() + within
        while not holds():
            if time.monotonic() > deadline:
                raise Broken(f"{what} {details()}")
            await deferLater(self._reactor, 0.01)


KINDS = ("cut", "bytes", "reorder", "duplicate", "acks", "restart")


async def run_kind(reactor: Any, kind: str, rounds: int, seed: int = SEED) -> Counter[str]:
    """Rounds of one kind on a server of their own.

    Raises:
        Broken: see ``Faults.run``.
    """
    directory = Path(tempfile.mkdtemp(prefix="teamgram-faults-"))
    place = (InOwnProcess if kind == "restart" else InThisProcess)(reactor, directory)
    faults = Faults(reactor, place, kind, seed)
    try:
        await faults.start()
        await faults.run(rounds)
    finally:
        await faults.stop()
        shutil.rmtree(directory, ignore_errors=True)
    return faults.counts


async def _main(reactor: Any, options: argparse.Namespace) -> None:
    failures: list[Any] = []

    def observe(event: dict[str, Any]) -> None:
        if "log_failure" in event:
            failures.append(event)

    globalLogPublisher.addObserver(observe)  # type: ignore[arg-type]
    for kind in options.kinds:
        began = time.monotonic()
        counts = await run_kind(reactor, kind, options.rounds, options.seed)
        figures = ", ".join(f"{number} {what}" for what, number in counts.items())
        print(f"{kind:<10} {figures}, {time.monotonic() - began:.0f} s", flush=True)
    for event in failures:
        print(event["log_failure"].getTraceback())
    print(f"{len(failures)} failures logged by the server in this process")
    if failures:
        raise SystemExit(1)


def main() -> None:
    """Exit code 0 when everything held."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("kinds", nargs="*", default=KINDS, metavar="KIND", help=", ".join(KINDS))
    options = parser.parse_args()
    react(lambda reactor: Deferred.fromCoroutine(_main(reactor, options)))


if __name__ == "__main__":
    main()
