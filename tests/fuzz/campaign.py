"""A run over the targets: seeded, bounded in time and memory, its counts added to those of the runs before it."""

from __future__ import annotations

import resource
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

import msgspec

from tests.fuzz.found import Input
from tests.fuzz.mutate import Mutator
from tests.fuzz.target import Target

SECONDS = 5.0
"""CPU seconds that one input may take, on a machine that is busy with other things."""
BYTES = 4 << 30
"""Address space that the whole process may have; an input that wants more is a crash."""
_AT_ONCE = 200


class Hang(Exception):
    """An input took longer than it may."""


class Score(msgspec.Struct):
    """How one target did. `slowest` is in milliseconds of CPU; `outcomes` counts what became of the inputs."""

    inputs: int = 0
    crashes: int = 0
    slowest: float = 0.0
    slowest_input: str = ""
    outcomes: dict[str, int] = {}


def run(
    targets: dict[str, Target], seed: int, seconds: float, keep: Callable[[Input, Exception], object], inputs: int = 0
) -> dict[str, Score]:
    """Go round the targets until the time is over, or each has had so many `inputs`. Crashes go to `keep`."""
    scores = {name: Score() for name in targets}
    mutators = {name: Mutator(f"{seed}:{name}") for name in targets}
    end = time.monotonic() + seconds
    while time.monotonic() < end and not (inputs and all(score.inputs >= inputs for score in scores.values())):
        for name, target in targets.items():
            for _ in range(min(_AT_ONCE, inputs - scores[name].inputs) if inputs else _AT_ONCE):
                _try(target, mutators[name], scores[name], keep)
    return scores


def _try(target: Target, mutator: Mutator, score: Score, keep: Callable[[Input, Exception], object]) -> None:
    found = target.make(mutator)
    began = time.thread_time()
    try:
        with at_most(SECONDS):
            outcome = target.run(found)
    except Exception as error:  # noqa: BLE001 - that is what is looked for
        score.crashes += 1
        outcome = f"crash: {type(error).__name__}"
        keep(found, error)
    took = (time.thread_time() - began) * 1000
    score.inputs += 1
    score.outcomes[outcome] = score.outcomes.get(outcome, 0) + 1
    if took > score.slowest:
        score.slowest, score.slowest_input = round(took, 1), found.digest


@contextmanager
def at_most(seconds: float) -> Iterator[None]:
    """Raises `Hang` in the block once it has used so much CPU."""
    before = signal.signal(signal.SIGVTALRM, _hang)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


def _hang(number: int, frame: FrameType | None) -> None:
    del number, frame
    raise Hang(f"it took more than {SECONDS:g} s")


def bound_memory() -> None:
    """From now on this process cannot have more than `BYTES`."""
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (BYTES, hard))


def together(first: dict[str, Score], second: dict[str, Score]) -> dict[str, Score]:
    """The counts of two runs as those of one."""
    made: dict[str, Score] = {}
    for name in sorted({*first, *second}):
        one, two = first.get(name, Score()), second.get(name, Score())
        slow = max(one, two, key=lambda score: score.slowest)
        outcomes = dict(Counter(one.outcomes) + Counter(two.outcomes))
        made[name] = Score(
            one.inputs + two.inputs,
            one.crashes + two.crashes,
            slow.slowest,
            slow.slowest_input,
            dict(sorted(outcomes.items())),
        )
    return made
