"""The report: its figures, its page and its picture."""

from __future__ import annotations

import tomllib
from datetime import UTC, date, datetime
from pathlib import Path
from xml.etree import ElementTree

import msgspec

from bench.chaos.boards import toml
from bench.chaos.faults import Fault, by_turns, chosen, faults
from bench.chaos.page import page, picture
from bench.chaos.plan import PACE
from bench.chaos.report import Chaos, Losses, Repeats, Row, load, percentile, save
from bench.report import Machine

MACHINE = Machine(2, 0.5, "CPython 3.11.7", "Linux x86_64", "2026-11-25T20:00", dict.fromkeys(("apache-kafka", "faust-streaming", "aiokafka"), "1"))  # fmt: skip
STAGES = ("normalize", "thread", "route", "deliver.sqlite")


def row(name: str, recovery: float | None = 2.0, skipped: str = "", problems: tuple[str, ...] = ()) -> Row:
    """A round."""
    return Row(name=name, kind="kill", detail="kill -9", skipped=skipped, seconds=0.1, progress=0.5, recovery=recovery, waiting=9, said=40,
               repeats=Repeats(1, 2, 3, 4), ended={"thread": [-9]}, peer=Losses(5, 6), problems=list(problems))  # fmt: skip


def report(*rows: Row) -> Chaos:
    """A run of these rounds."""
    return Chaos(machine=MACHINE, seed=1, rate=1.0, channels=13, minutes=12.5, said=1000, stored_rows=5000, sha256="ab" * 32,
                 rows=list(rows), peer=Losses(7, 8), ours=Losses(0, 3))  # fmt: skip


def test_what_was_not_injected_was_not_survived() -> None:
    """Neither was what broke something."""
    found = report(row("kill <a>"), row("full disk", skipped="no root"), row("kill b", problems=("lost: one",)))
    assert (found.survived, len(found.injected)) == (1, 2)
    assert "**1 of 2 faults survived**, 1 were not injected" in page(found)
    assert "- kill b: lost: one" in page(found)
    assert "| full disk | no root |  |  |  |  |  | not injected |" in page(found)


def test_a_fault_that_was_never_recovered_from_is_shown_so() -> None:
    """In the page and in the picture."""
    found = report(row("kill <a>", recovery=None, problems=("9 were not stored",)))
    assert "| never |" in page(found)
    assert "never</text>" in picture(found)


def test_the_picture_is_an_svg() -> None:
    """Also with names that are markup, and with nothing in it."""
    assert ElementTree.fromstring(picture(report(row("kill <a>")))).tag.endswith("svg")  # noqa: S314 - our own
    assert ElementTree.fromstring(picture(report())).tag.endswith("svg")  # noqa: S314 - our own


def test_the_percentile_is_one_of_the_values() -> None:
    """The nearest rank, so that p99 of a few is the longest."""
    assert [percentile([3.0, 1.0, 2.0], share) for share in (0.5, 0.99, 0.01)] == [2.0, 3.0, 1.0]
    assert percentile([], 0.5) == 0.0


def test_a_report_comes_back_as_it_was_saved(tmp_path: Path) -> None:
    """Equal, and so is its page."""
    found = report(row("kill a"), row("kill b", recovery=None))
    save(found, tmp_path / "results" / "chaos.json")
    assert load(tmp_path / "results" / "chaos.json") == found
    assert msgspec.json.decode((tmp_path / "results" / "chaos.json").read_bytes())["seed"] == 1


def test_every_process_and_every_broker_is_killed() -> None:
    """Each connector, each stage and sink, each node; and each stage is paused."""
    names = [fault.name for fault in faults(PACE, STAGES)]
    assert len(names) == len(set(names))
    expected = {f"kill connector {channel}" for channel in PACE} | {f"kill stage {stage}" for stage in STAGES}
    expected |= {f"pause stage {stage}" for stage in STAGES} | {f"kill broker {node}" for node in (1, 2, 3)}
    assert expected - set(names) == set()


def test_faults_of_all_kinds_take_turns() -> None:
    """None is left out, and a kind comes again only after all others have had their turn."""
    every = faults(PACE, STAGES)
    turns = list(by_turns(every))
    assert sorted(fault.name for fault in turns) == sorted(fault.name for fault in every)
    kinds = {fault.kind for fault in every}
    assert {fault.kind for fault in turns[: len(kinds)]} == kinds


def test_faults_are_chosen_by_their_beginnings() -> None:
    """All of them when none is asked for."""
    every = faults(PACE, STAGES)
    assert list(chosen(every, ())) == every
    assert [fault.name for fault in chosen(every, ("kill stage",))] == [f"kill stage {stage}" for stage in STAGES]
    assert list(chosen(every, ("melt",))) == []
    assert isinstance(every[0], Fault)


def test_settings_are_written_as_toml() -> None:
    """As they are read back."""

    values = {
        "text": 'a "quoted" \\ ü',
        "number": 1,
        "float": 2.5,
        "yes": True,
        "list": ["a", "b"],
        "table": {"a b": 1},
        "day": date(2026, 1, 1),
        "time": datetime(2026, 1, 1, 12, tzinfo=UTC),
    }
    assert tomllib.loads(toml(values)) == values
