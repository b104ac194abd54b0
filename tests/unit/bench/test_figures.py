"""The tables of README.md come from the results, and from nothing else."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from bench import bars
from bench.figures import BEGIN, END, README, Score, accuracy, figures, filled, goals, part
from bench.report import (
    RESULTS,
    Column,
    Figure,
    Goal,
    Machine,
    Report,
    Row,
    Table,
    figure,
    load,
    rates,
    save,
    share,
    this_machine,
)
from bench.shown import number, plain, spread
from bench.stopwatch import Run
from normalizer.errors import Misconfigured

MACHINE = Machine(2, 0.5, "CPython 3.11.7", "Linux x86_64", "2026-01-02T03:04+00:00", {"apache-kafka": "4.3.1"})
ROW = Row("whole <pipeline>", (Figure(1234, 1000, 2000), None))
GOALS = (
    Goal("a stage / a loop", Figure(0.955, 0.9, 0.96), 0.6, "%"),
    Goal("p99", Figure(200, 200, 200), 150, "ms", limit=True, note="two cores"),
)
TABLE = Table("3,000 mails.", (Column("mails per second"), Column("p99", "ms")), (ROW,), drawn=0)
REPORT = Report(MACHINE, "Speed", 3, (TABLE,), GOALS)


def test_the_readme_shows_what_the_results_say() -> None:
    """When this fails, run `make figures`."""
    text = README.read_text("utf-8")
    assert filled(text, figures(RESULTS)) == text


def test_a_figure_is_the_median_with_its_spread() -> None:
    """The order of the runs does not matter."""
    assert Figure(2, 1, 9) == figure([9.2, 1.1, 2.4])
    assert Figure(0.25, 0.2, 0.3) == figure([0.2, 0.3], 2)


def test_a_report_is_read_back_as_it_was_saved(tmp_path: Path) -> None:
    """And its folder is made when it is not there."""
    save(REPORT, tmp_path / "new" / "pipeline.json")
    assert load(tmp_path / "new" / "pipeline.json") == REPORT


def test_the_machine_tells_what_was_measured_with() -> None:
    """Cores, and the versions of Kafka and of its clients."""
    found = this_machine()
    assert found.cores >= 1
    assert {"apache-kafka", "aiokafka", "confluent-kafka", "faust-streaming"} <= found.versions.keys()


def test_a_part_is_its_tables_below_its_picture() -> None:
    """Each figure with its spread, and what was not measured left open; the machine in the head."""
    shown = part(REPORT, "x.svg")
    assert "| whole <pipeline> | 1,234 (1,000 to 2,000) |  |" in shown
    assert "![Speed](x.svg)" in shown
    assert "2 cores, CPython 3.11.7, Apache Kafka 4.3.1, 2026-01-02, load 0.5 before" in shown


def test_goals_say_whether_they_are_reached() -> None:
    """A share that should be large, a time that should be short; and why not, where somebody knows."""
    shown = goals([REPORT])
    assert "| a stage / a loop | 95.5 % (90 to 96 %) | ≥ 60 % | reached |" in shown
    assert "| p99 | 200 ms | ≤ 150 ms | **not reached**: two cores |" in shown
    assert goals([]) == ""


def test_a_terminal_sees_the_same() -> None:
    """Aligned, without marks."""
    lines = plain(REPORT).splitlines()
    assert "whole <pipeline>  1,234 (1,000 to 2,000)" in lines
    assert "a stage / a loop  95.5 % (90 to 96 %)  ≥ 60 %    reached" in lines


def test_numbers_are_as_short_as_they_can_be() -> None:
    """Digits that nobody can know are not shown."""
    assert [number(*each) for each in ((1234.6, ""), (12.34, "ms"), (1.234, "MB"), (0.5, "%"), (1.7, "×"))] == [
        "1,235", "12.3 ms", "1.23 MB", "50 %", "1.7 ×",
    ]  # fmt: skip
    assert (spread(Figure(2, 2, 2), "s"), spread(Figure(2, 1, 3), "s")) == ("2 s", "2 s (1 to 3 s)")


def test_rates_and_shares_come_from_runs() -> None:
    """Items by wall time and by CPU time; a share is taken run by run."""
    found = rates("how", "mails", {"ours": [Run(10, 2.0, 0.5), Run(10, 1.0, 0.5)]})
    assert found.rows == (Row("ours", (Figure(8, 5, 10), Figure(20, 20, 20))),)
    assert share([1.0, 3.0], [2.0, 3.0]) == Figure(0.75, 0.5, 1.0)


def test_accuracy_shows_what_is_asked_and_what_peers_reach() -> None:
    """A peer that cannot do it is left out; of false alarms at most so many are allowed."""
    shown = accuracy(
        [
            Score("replies", 0.9667, 0.8, {"peer": 0.31, "other": None}),
            Score("false alarms on ham", 0.0006, 0.001),
            Score("reasons", 1.0),
        ]
    )
    assert "| replies | 96.67 % | ≥ 80 % | peer 31 % |" in shown
    assert "| false alarms on ham | 0.06 % | ≤ 0.1 % |  |" in shown
    assert "| reasons | 100 % |  |  |" in shown


def test_only_what_is_between_the_marks_is_replaced(tmp_path: Path) -> None:
    """Filling twice is the same as once; no results leave an empty place."""
    text = f"above\n{BEGIN}\nold\n{END}\nbelow\n"
    once = filled(text, "new")
    assert f"above\n{BEGIN}\nnew\n{END}\nbelow\n" == once == filled(once, "new")
    assert f"above\n{BEGIN}\n{END}\nbelow\n" == filled(once, figures(tmp_path))


@pytest.mark.parametrize("text", ["", BEGIN, f"{END} {BEGIN}"])
def test_a_readme_without_the_marks_is_refused(text: str) -> None:
    """The message says what to put there."""
    with pytest.raises(Misconfigured, match=r"README\.md has no place for the figures: put <!-- figures"):
        filled(text, "new")


def test_the_picture_has_a_bar_for_each_row() -> None:
    """It is XML whatever a row is called, and the same for the same report."""
    drawn = bars.picture(REPORT)
    assert drawn == bars.picture(REPORT)
    found = ET.fromstring(drawn)  # noqa: S314 - drawn here
    names = [element.tag.rpartition("}")[2] for element in found]
    assert (names.count("rect"), names.count("line")) == (1, 1)
    assert "whole <pipeline>" in {element.text for element in found}
