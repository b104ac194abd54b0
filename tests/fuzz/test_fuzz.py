"""A small slice of `make fuzz` in every run of the suite, and every input that once crashed something."""

from __future__ import annotations

from pathlib import Path

import pytest

from normalizer.events import Fate
from tests.fuzz.campaign import Hang, at_most, run, together
from tests.fuzz.found import Input, keep, kept
from tests.fuzz.mutate import Mutator
from tests.fuzz.target import Target
from tests.fuzz.targets import every

pytestmark = pytest.mark.slow

EACH = 50
KEPT = kept()


def test_hostile_input_crashes_nothing() -> None:
    """Only `Rejected` leaves a reader, no door answers 5xx, no stage stops; each input in bounded time.

    Some of it is read, and some of it gets past every signature: else nothing was tried.
    """
    crashes: list[str] = []
    scores = run(every(), 20261125, 300.0, lambda found, error: crashes.append(f"{found.target}: {error!r}"), EACH)
    assert crashes == []
    assert {name: score.inputs for name, score in scores.items()} == dict.fromkeys(every(), EACH)
    signed = [score.outcomes for name, score in scores.items() if name.endswith(":signed")]
    assert [outcomes for outcomes in signed if not outcomes.get("2xx")] == []
    reads = [score.outcomes for name, score in scores.items() if name.startswith("read:")]
    assert [outcomes for outcomes in reads if not outcomes.get("read")] == []


@pytest.mark.parametrize("found", KEPT, ids=[f"{each.target}-{each.digest}" for each in KEPT])
def test_what_once_crashed_does_so_no_more(found: Input) -> None:
    """The inputs that fuzzing kept."""
    every()[found.target].run(found)


def test_a_seed_gives_the_same_inputs() -> None:
    """A crash can be found again from its seed."""
    target = every()["read:mail"]
    first, second = Mutator("7:read:mail"), Mutator("7:read:mail")
    assert [target.make(first) for _ in range(20)] == [target.make(second) for _ in range(20)]


def test_a_crash_is_counted_and_kept(tmp_path: Path) -> None:
    """With its input; and the others go on."""

    def breaks(found: Input) -> str:
        if found.body == b"3":
            raise ZeroDivisionError
        return "read"

    numbers = iter(range(10))
    bad = Target("bad", lambda _: Input("bad", str(next(numbers)).encode()), breaks)
    scores = run({"bad": bad}, 1, 60.0, lambda found, _: keep(found, tmp_path), 10)
    assert (scores["bad"].inputs, scores["bad"].crashes) == (10, 1)
    assert scores["bad"].outcomes == {"read": 9, "crash: ZeroDivisionError": 1}
    assert kept(tmp_path) == [Input("bad", b"3")]
    assert together(scores, scores)["bad"].outcomes == {"read": 18, "crash: ZeroDivisionError": 2}


def test_an_input_that_never_ends_is_a_crash() -> None:
    """It is stopped from outside."""

    def never_ends() -> None:
        with at_most(0.05):
            while True:
                pass

    with pytest.raises(Hang, match="it took more than"):
        never_ends()


def test_every_event_has_a_target() -> None:
    """Found in the schemas, so that a new one is fuzzed."""
    assert f"wire:decode:{Fate.type}.v1" in every()
