"""A round: traffic, a fault, recovery, and the questions that must all be answered with yes."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from bench.chaos import checks
from bench.chaos.boards import Board
from bench.chaos.faults import Fault, NotInjected
from bench.chaos.report import Losses, Repeats, Row
from bench.chaos.tape import Counted
from bench.chaos.world import World
from normalizer.events import RAW

LEAD_SECONDS, TAIL_SECONDS = 2.0, 1.0
"""How long customers speak before a fault and after its end."""
DRAIN_SECONDS = 150.0
_LOOK_SECONDS = 0.1
SETTLE_SECONDS = 25.0


class Rounds:
    """All rounds of a run, in one world. `rows` are their outcomes, `marks` what was said in each."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._hurt, self._calm = world.hurt.shelves(), world.calm.shelves()
        self._ends: dict[str, int] = {}
        self._again = 0
        self._counted = Counted()
        self._told: set[str] = set()
        self._given_up: set[str] = set()
        self.peer_repeats = 0
        self.rows: list[Row] = []
        self.marks: list[set[str]] = []

    def warm_up(self) -> None:
        """Let customers speak until the first words have come through: a process that still starts cannot be hurt."""
        self._world.load.go_on()
        if _until(lambda: bool(self._hurt.look() and self._calm.look()), time.monotonic()) is None:
            raise TimeoutError(f"nothing was stored in {DRAIN_SECONDS:g} s without any fault: see {self._world.folder}")
        self._world.load.hold()

    def skip(self, fault: Fault, why: str) -> Row:
        """A fault that stays in the report though it was not played."""
        row = Row(name=fault.name, kind=fault.kind, skipped=why)
        self.rows.append(row)
        self.marks.append(set())
        return row

    def play(self, fault: Fault) -> Row:
        """One fault from its traffic to the verdict."""
        world, load = self._world, self._world.load
        before = set(load.said)
        world.begin()
        load.go_on()
        time.sleep(LEAD_SECONDS)
        began, skipped, detail, failed = time.monotonic(), "", "", []
        try:
            detail = fault.inject(world)
        except NotInjected as error:
            skipped = str(error)
            world.over()
        except Exception as error:  # noqa: BLE001 - the outcome of this fault, and no reason to lose those of the others
            failed = [f"the fault itself failed: {error!r}"]
            world.over()
        assert world.ended is not None, f"{fault.name} does not say when it was over"
        ended = world.ended
        due = {mark for mark, at in load.said.copy().items() if at <= ended} - self._hurt.look() - self._given_up
        progress, recovery = self._recovered(due, ended)
        problems = (
            [] if recovery is not None else [f"{len(due - self._hurt.look())} were not stored in {DRAIN_SECONDS:g} s"]
        )
        problems = failed + problems + self._verdict()
        row = Row(
            name=fault.name,
            kind=fault.kind,
            detail=detail,
            skipped=skipped,
            seconds=round(ended - began, 1),
            progress=_rounded(progress),
            recovery=_rounded(recovery),
            waiting=len(due),
            said=len(set(load.said) - before),
            repeats=self._repeats(),
            ended=self._statuses(),
            peer=Losses(repeated=self._counted.peer) if fault.peer else None,
            problems=[problem for problem in problems if problem not in self._told],
        )
        self._told.update(problems)
        self.peer_repeats += self._counted.peer
        self.rows.append(row)
        self.marks.append(set(load.said) - before)
        return row

    def _recovered(self, due: set[str], ended: float) -> tuple[float | None, float | None]:
        """Seconds from the end until the first of `due` was stored, and all; customers are held a moment after the end."""
        progress: float | None = None
        while True:
            there, now = due & self._hurt.look(), time.monotonic() - ended
            if progress is None and (there or not due):
                progress = now
            if now >= TAIL_SECONDS:
                self._world.load.hold()
                if there == due or now > DRAIN_SECONDS:
                    return progress, now if there == due else None
            elif there == due:
                ended_at = now
                time.sleep(max(0.0, TAIL_SECONDS - now))
                self._world.load.hold()
                return progress, ended_at
            time.sleep(_LOOK_SECONDS)

    def _verdict(self) -> list[str]:
        world = self._world
        problems = _asked(world.await_back)
        if _until(lambda: world.load.quiet, time.monotonic()) is None:
            problems.append("somebody still tries to be accepted")
        said = set(world.load.said) - self._given_up  # what one fault has lost is told once, and not waited for again
        for shelf, whose in ((self._hurt, "with"), (self._calm, "without")):
            if _until(lambda shelf=shelf: said <= shelf.look(), time.monotonic()) is None:  # type: ignore[misc]  # bound at once
                missing = said - shelf.look()
                problems.append(f"{len(missing)} sayings are not in the store {whose} faults")
                self._given_up |= missing
        problems += _settled(self._ledgers)
        self._counted = Counted()
        problems += _settled(self._stores)
        return problems + [f"a voice failed: {failed}" for failed in world.load.failed]

    def _ledgers(self) -> list[str]:
        world = self._world
        rejected = {topic.removeprefix(RAW): count for topic, count in world.spoiled.items() if topic.startswith(RAW)}
        with ThreadPoolExecutor(2) as pool:  # each is a process of its own
            (status, hurt), (calm_status, calm) = pool.map(Board.ledger, (world.hurt, world.calm))
        return [*checks.ledger(status, hurt, rejected), *checks.ledger(calm_status, calm, {})]

    def _stores(self) -> list[str]:
        world, tape = self._world, self._world.tape
        self._counted = self._counted + tape.look()
        calm = checks.comparable(world.calm.export()["SQLite"])
        problems = [*tape.revisions.problems, *checks.letters(tape.letters, world.spoiled)]
        exports = world.hurt.export()
        for export in exports.values():
            problems += checks.once(export, world.load.said, world.load.tried)
            problems += checks.differences(checks.comparable(export), calm)
            problems += tape.revisions.stored(export)
        if "PostgreSQL" in exports:  # two stores of the same events: every byte, with times and revisions
            problems += checks.differences(exports["SQLite"], exports["PostgreSQL"])
        return problems

    def _repeats(self) -> Repeats:
        """How many raw records were there before, but for those that were posted again on purpose, and how many outputs."""
        counted, again = self._counted, self._world.load.again
        raw, self._again = counted.raw - (again - self._again), again
        return Repeats(raw=raw, normalized=counted.normalized, threaded=counted.threaded, routed=counted.routed)

    def _statuses(self) -> dict[str, list[int]]:
        found = {}
        for name, process in self._world.supervisor.processes.items():
            new = process.statuses[self._ends.get(name, 0) :]
            self._ends[name] = len(process.statuses)
            if new:
                found[name] = new
        return found


def _settled(check: Callable[[], list[str]]) -> list[str]:
    """What is still wrong after a while: the end of a batch may be on its way."""
    deadline = time.monotonic() + SETTLE_SECONDS
    while (problems := _asked(check)) and time.monotonic() < deadline:
        time.sleep(1)
    return problems


def _asked(check: Callable[[], list[str]]) -> list[str]:
    try:
        return check()
    except Exception as error:  # noqa: BLE001 - who cannot be asked has not survived, whatever the reason
        return [f"no answer: {error!r}"]


def _until(condition: Callable[[], bool], since: float) -> float | None:
    """Seconds since then until it is so; None when it never is."""
    deadline = time.monotonic() + DRAIN_SECONDS
    while not condition():
        if time.monotonic() > deadline:
            return None
        time.sleep(_LOOK_SECONDS)
    return max(0.0, time.monotonic() - since)


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 2)
