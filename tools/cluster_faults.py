"""What several processes keep when one of them, or what they stand on, goes away: ``make faults-cluster``.

    python -m tools.cluster_faults [--rounds 20] [--outage 12] [--seed 1] [--kinds kill,end,freeze,etcd,redis,mariadb]

Six people in three pairs write to each other all the time, to a cluster of ``make run-cluster``'s layout with
engines of its own. Round after round one thing happens, at a moment that the seed names: a process of any role is
killed with -9 (``kill``), told to end as for an upgrade (``end``) or stands still for a while (``freeze``); or
etcd, Redis or MariaDB stands still. Nobody is told: clients come again, and the processes have to find each other.
After each round everybody has written something new and has the answer; how long that takes is counted from the
part's return. At the end, of all that was acknowledged nothing is lost or there twice, at the sender and at the
receiver, by updates and the difference; and nothing was refused by an error after which clients do not ask again.

Exit code 1 if any of this does not hold.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import signal
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

from twisted.internet import asyncioreactor

asyncioreactor.install()  # type: ignore[no-untyped-call]

from twisted.internet.defer import CancelledError, Deferred  # noqa: E402 (the reactor comes first)
from twisted.internet.error import ConnectError  # noqa: E402
from twisted.internet.task import deferLater, react  # noqa: E402

import treq  # noqa: E402
import yaml  # noqa: E402

from teamgram.mtproto.crypto.rsa import RsaPublicKey  # noqa: E402
from teamgram.mtproto.tl import tl  # noqa: E402
from trial_tests.clients.cluster import RunningCluster, pids_of  # noqa: E402
from trial_tests.peer.connection import connect  # noqa: E402
from trial_tests.peer.traveller import Traveller  # noqa: E402

KINDS = ("kill", "end", "freeze", "etcd", "redis", "mariadb")
ENGINES = {"etcd": "etcd", "redis": "redis-server", "mariadb": "mariadbd"}
AGAIN_AFTER = 15.0
"""Seconds without an answer until a client gives its connection up, as clients' own pings have them do."""

SLOW_AFTER, GIVEN_UP_AFTER = 10.0, 120.0
ASK_AGAIN = frozenset(((500, "RPC_CALL_FAIL"), (500, "RPC_MCGET_FAIL"), (-503, "Timeout")))
"""Errors after which clients ask again by themselves."""


class Broken(AssertionError):
    """Something is not as it must be."""


class Cluster(RunningCluster):
    """With engines of its own."""

    @property
    def command(self) -> list[str]:
        """What starts it."""
        return [*super().command, "--engines"]

    async def is_ready(self, name: str) -> bool:
        """Whether a member says that it serves."""
        file = self.data_dir / "cluster" / name / "etc" / f"{name.rstrip('0123456789')}.yaml"
        where = yaml.safe_load(file.read_text())["Prometheus"]
        try:
            answer = await treq.get(f"http://{where['Host']}:{where['Port']}/readyz", persistent=False, timeout=3)
            await answer.content()
        except Exception:
            # However it cannot be asked.
            return False
        return bool(answer.code == 200)

    def engine(self, name: str) -> int:
        """The process id of one of its engines."""
        where = str(self.data_dir / "cluster" / "engines")
        for path in Path("/proc").glob("[0-9]*"):
            try:
                arguments = (path / "cmdline").read_text(errors="replace").replace("\0", " ")
                is_here = where in arguments or os.readlink(path / "cwd").startswith(where)
            except OSError:
                continue
            if is_here and ENGINES[name] in arguments.partition(" ")[0]:
                return int(path.name)
        raise Broken(f"{name} does not run")


class Person:
    """Writes to another one until told to stop.

    Attributes:
        acknowledged: texts whose answer came.
        written: how many, by which others see that everybody works.
        unexpected: errors after which no client would ask again.
        longest: seconds until an answer.
    """

    def __init__(self, name: str, traveller: Traveller, user: Any, reactor: Any) -> None:
        self.name = name
        self.traveller = traveller
        self.user = user
        self.peer: Any = None
        self._reactor = reactor
        self.acknowledged: list[str] = []
        self.written = 0
        self.asked_again = 0
        self.unexpected: Counter[tuple[int, str]] = Counter()
        self.longest = 0.0
        self.given_up: list[str] = []

    async def ask(self, query: Any) -> Any:
        """The result's bytes, over as many connections as it takes; None for an error, which is in ``errors``.

        Raises:
            Broken: there is none for ``GIVEN_UP_AFTER``.
        """
        who = self.traveller
        before = len(who.errors)
        msg_id = who.ask(query, send=not who.connection.closed)
        began = tried = self._reactor.seconds()
        while msg_id in who.unanswered:
            now = self._reactor.seconds()
            if now - began > GIVEN_UP_AFTER:
                raise Broken(f"{self.name}: no answer for {GIVEN_UP_AFTER:.0f} s")
            if now - tried > AGAIN_AFTER and not who.connection.closed:
                tried = now
                await who.connection.close()
            if who.connection.closed:
                try:
                    await who.go_on()
                    tried = self._reactor.seconds()
                except (ConnectError, OSError, CancelledError):
                    await deferLater(self._reactor, 0.2)
            await deferLater(self._reactor, 0.005)
        self.longest = max(self.longest, self._reactor.seconds() - began)
        return who.results[msg_id] if len(who.errors) == before else None

    async def write(self, chance: random.Random, going: list[bool]) -> None:
        """Message after message; one that was refused is asked for again, as what it was."""
        while going:
            text = f"{self.name} {self.written + 1}"
            query = tl.messages.sendMessage(peer=self.peer, message=text, random_id=chance.getrandbits(63))
            while await self.ask(query) is None:
                error = self.traveller.errors[-1]
                if error not in ASK_AGAIN and error[0] != 420:
                    self.unexpected[error] += 1
                self.asked_again += 1
                await deferLater(self._reactor, 0.3)
            self.acknowledged.append(text)
            self.written += 1
            await deferLater(self._reactor, chance.random() * 0.1)

    async def history(self) -> Counter[str]:
        """All texts of the conversation."""
        found: Counter[str] = Counter()
        offset_id = 0
        while True:
            page = None
            while page is None:
                page = await self._page(offset_id)
            if not page.messages:
                return found
            found.update(getattr(message, "message", "") or "" for message in page.messages)
            offset_id = page.messages[-1].id

    async def _page(self, offset_id: int) -> Any:
        from teamgram.mtproto.tl import NEWEST_LAYER, decode_result

        query = tl.messages.getHistory(
            peer=self.peer, offset_id=offset_id, offset_date=0, add_offset=0, limit=100, max_id=0, min_id=0, hash=0
        )
        result = await self.ask(query)
        return None if result is None else decode_result(query.NAME, result, NEWEST_LAYER)


class Faults:
    """The cluster, its people, and what happened to them."""

    def __init__(self, reactor: Any, directory: Path, options: argparse.Namespace) -> None:
        self._reactor = reactor
        self._options = options
        self.cluster = Cluster(reactor, directory)
        self.people: list[Person] = []
        self._going: list[bool] = [True]
        self._failed: list[BaseException] = []

    async def start(self) -> None:
        """Six people, signed up, who know each other in pairs."""
        await self.cluster.start()
        public_key = RsaPublicKey.from_pem(self.cluster.public_key.encode())
        for number in range(6):
            phone = f"1555200000{number}"
            connection = await connect("127.0.0.1", self.cluster.port, reactor=self._reactor)
            made = await connection.make_auth_key(public_key)
            assert made.auth_key is not None
            session = connection.open_session(made.auth_key, salt=made.first_salt)
            sent = await session.call(
                tl.auth.sendCode(phone_number=phone, api_id=1, api_hash="", settings=tl.codeSettings())
            )
            code = sent.phone_code_hash
            await session.call(tl.auth.signIn(phone_number=phone, phone_code_hash=code, phone_code="12345"))
            signed = await session.call(
                tl.auth.signUp(phone_number=phone, phone_code_hash=code, first_name=f"P{number}", last_name="")
            )
            pts = (await session.call(tl.updates.getState())).pts
            await connection.close()
            traveller = Traveller(
                made.auth_key, self.cluster.port, reactor=self._reactor, salt=made.first_salt, layer=0
            )
            traveller.pts = pts
            await traveller.go_on()
            self.people.append(Person(f"p{number}", traveller, signed.user, self._reactor))
        for one, other in zip(self.people[::2], self.people[1::2], strict=True):
            for who, whom in ((one, other), (other, one)):
                contact = tl.inputPhoneContact(client_id=1, phone=whom.user.phone, first_name="P", last_name="")
                await who.traveller.result(tl.contacts.importContacts(contacts=[contact]))
                found = await who.traveller.result(tl.contacts.getContacts(hash=0))
                [user] = [user for user in found.users if user.id == whom.user.id]
                who.peer = tl.inputPeerUser(user_id=user.id, access_hash=user.access_hash)

    async def run(self) -> None:
        """All rounds, then the count.

        Raises:
            Broken: what clients may rely on does not hold.
        """
        chance = random.Random(self._options.seed)
        writing = []
        for person in self.people:
            own = random.Random(chance.getrandbits(64))
            writing.append(Deferred.fromCoroutine(self._write(person, own)))
        happened: Counter[str] = Counter()
        back: dict[str, list[float]] = {}
        for number in range(self._options.rounds):
            await deferLater(self._reactor, 0.2 + chance.random() * 2)
            kind = chance.choice(self._options.kinds)
            what = await self._happen(kind, chance)
            began = self._reactor.seconds()
            returned = Deferred.fromCoroutine(self._returned())
            seconds = await self._all_work(f"round {number}: {what}")
            at = await returned
            # What only stood still is back at once; who has to start takes the time that a start takes.
            since = max(0.0, seconds - (at - began)) if kind in ("kill", "end") else seconds
            happened[kind] += 1
            back.setdefault(kind, []).append(since)
            print(f"round {number}: {what}: all work after {seconds:.1f} s, {since:.1f} s of them since", flush=True)
        self._going.clear()
        for task in writing:
            await task
        await self._count()
        for kind, seconds_of in back.items():
            worst, middle = max(seconds_of), sorted(seconds_of)[len(seconds_of) // 2]
            times = f"{middle:.1f} s (median), {worst:.1f} s (most)"
            print(f"{kind}: {happened[kind]} times, all work {times} after its return")

    async def _write(self, person: Person, chance: random.Random) -> None:
        try:
            await person.write(chance, self._going)
        except Exception as error:
            self._failed.append(error)

    async def _happen(self, kind: str, chance: random.Random) -> str:
        if kind in ENGINES:
            pid = self.cluster.engine(kind)
            os.kill(pid, signal.SIGSTOP)
            try:
                await deferLater(self._reactor, self._options.outage)
            finally:
                os.kill(pid, signal.SIGCONT)
            return f"{kind} away for {self._options.outage:g} s"
        members = pids_of(self.cluster)
        name = chance.choice(sorted(members))
        if kind == "kill":
            os.kill(members[name], signal.SIGKILL)
        elif kind == "end":
            os.kill(members[name], signal.SIGTERM)
        else:
            os.kill(members[name], signal.SIGSTOP)
            try:
                await deferLater(self._reactor, self._options.outage)
            finally:
                os.kill(members[name], signal.SIGCONT)
        return f"{kind} {name}"

    async def _returned(self) -> float:
        """When all processes say that they serve."""
        for name in ("gnetway0", "session0", "session1", "bff0", "bff1"):
            while not await self.cluster.is_ready(name):
                await deferLater(self._reactor, 0.1)
        return float(self._reactor.seconds())

    async def _all_work(self, what: str) -> float:
        """Seconds until everybody has written twice: what was begun before counts for nothing."""
        began = self._reactor.seconds()
        wanted = [person.written + 2 for person in self.people]
        late = SLOW_AFTER
        while any(person.written < count for person, count in zip(self.people, wanted, strict=True)):
            if self._reactor.seconds() - began > late:
                late *= 2
                names = [one.name for one, count in zip(self.people, wanted, strict=True) if one.written < count]
                print(f"{what}: {', '.join(names)} still without an answer", flush=True)
            if self._failed:
                raise Broken(f"{what}: {self._failed[0]}")
            if self._reactor.seconds() - began > GIVEN_UP_AFTER:
                raise Broken(f"{what}: somebody does not work")
            await deferLater(self._reactor, 0.02)
        return float(self._reactor.seconds() - began)

    async def _count(self) -> None:
        if self._failed:
            raise Broken(str(self._failed[0]))
        wrong = []
        for person, other in zip(self.people, [self.people[index ^ 1] for index in range(6)], strict=True):
            if person.traveller.connection.closed:
                await person.traveller.go_on()
            await person.traveller.catch_up()
            wanted = Counter(other.acknowledged)
            got = person.traveller.texts
            wrong += [f"{person.name} did not get {text!r}" for text in wanted if not got[text]]
            wrong += [f"{person.name} got {text!r} {got[text]} times" for text in wanted if got[text] > 1]
            kept = await person.history()
            for text in (*person.acknowledged, *other.acknowledged):
                if kept[text] != 1:
                    wrong.append(f"{person.name} has {text!r} {kept[text]} times")
            wrong += [f"{person.name}: error {error}, {times} times" for error, times in person.unexpected.items()]
        messages = sum(len(person.acknowledged) for person in self.people)
        again = sum(person.asked_again for person in self.people)
        longest = max(person.longest for person in self.people)
        print(f"{messages} messages acknowledged, {again} asked for again, the longest answer took {longest:.1f} s")
        if wrong:
            raise Broken(f"{len(wrong)} wrong:\n  " + "\n  ".join(wrong[:20]))
        print("none lost, none twice")

    async def stop(self) -> None:
        """End all."""
        self._going.clear()
        await self.cluster.terminate()


async def play(reactor: Any, options: argparse.Namespace) -> None:
    """One run."""
    directory = Path(tempfile.mkdtemp(prefix="teamgram-cluster-faults-"))
    faults = Faults(reactor, directory, options)
    try:
        await faults.start()
        await faults.run()
    finally:
        if options.log is not None:
            options.log.write_text(faults.cluster.output)
        await faults.stop()
        shutil.rmtree(directory, ignore_errors=True)


def main(arguments: list[str]) -> None:
    """Never returns."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--outage", type=float, default=12.0, help="seconds")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--kinds", type=lambda text: text.split(","), default=list(KINDS))
    parser.add_argument("--log", type=Path, help="where the processes' log goes")
    options = parser.parse_args(arguments)
    if unknown := set(options.kinds) - set(KINDS):
        parser.error(f"no such kind: {', '.join(sorted(unknown))}")
    react(lambda reactor: Deferred.fromCoroutine(play(reactor, options)))


if __name__ == "__main__":
    main(sys.argv[1:])
