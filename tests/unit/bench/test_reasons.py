"""A goal that is missed says where the time went, from the profile and from nothing else."""

from __future__ import annotations

import msgspec

from bench.reasons import explained
from bench.report import Column, Figure, Goal, Machine, Report, Row, Table

MACHINE = Machine(2, 0.5, "CPython 3.11.7", "Linux x86_64", "2026-01-02T03:04+00:00", {"apache-kafka": "4.3.1"})


def _one(value: float) -> Figure:
    return Figure(value, value, value)


def _profile(how: str) -> Report:
    rows = tuple(Row(what, (_one(part), _one(part * 16))) for what, part in (("outbox", 0.25), ("fetch", 0.75)))
    return Report(MACHINE, "Profile", 1, (Table(how, (Column("share", "%"), Column("CPU", "µs")), rows),))


def _goals(*goals: Goal) -> Report:
    return Report(MACHINE, "Stages", 1, (), goals)


def test_a_missed_goal_is_explained_by_its_table() -> None:
    """The largest parts first; what was said of it before stays."""
    goal = Goal("copy", _one(0.5), 0.6, "%", note="two cores", profile="copy")
    report, _ = explained([_goals(goal), _profile("copy: 100 records")])
    assert report.goals[0].note == "two cores; of 16 µs each, fetch 75 %, outbox 25 %"


def test_a_profile_of_other_code_is_told_from_one_of_the_same() -> None:
    """Figures are not all of one day."""
    goals = _goals(Goal("copy", _one(0.5), 0.6, profile="copy"))
    later = msgspec.structs.replace(goals, machine=msgspec.structs.replace(MACHINE, commit="abc1234"))
    assert explained([later, _profile("copy: 1")])[0].goals[0].note.endswith("outbox 25 % (a profile of earlier code)")


def test_nothing_is_said_without_a_reason() -> None:
    """A goal that is reached, one that names no table, and one whose table is not there stay as they are."""
    goals = (
        Goal("reached", _one(0.7), 0.6, profile="copy"),
        Goal("of no table", _one(0.5), 0.6),
        Goal("not profiled", _one(0.5), 0.6, profile="remember"),
    )
    assert explained([_goals(*goals), _profile("copy: 100 records")])[0].goals == goals
