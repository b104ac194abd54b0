"""The tables of README.md come from the results, and from nothing else."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from bench import bars
from bench.figures import BEGIN, END, README, Score, accuracy, doors, figures, filled, sink, speed
from bench.report import (
    RESULTS,
    Acceptance,
    Doors,
    Figure,
    Machine,
    Ratio,
    Report,
    Row,
    figure,
    load,
    save,
    this_machine,
)
from normalizer.errors import Misconfigured

MACHINE = Machine(2, 0.5, "CPython 3.11.7", "Linux x86_64", "2026-01-02T03:04+00:00", {"apache-kafka": "4.3.1"})
REPORT = Report(
    MACHINE,
    "mails",
    3000,
    3,
    (Row("whole <pipeline>", Figure(1234, 1000, 2000), Figure(1500, 1400, 1600)),),
    (Ratio("a stage / a loop", Figure(0.955, 0.9, 0.96), 0.6),),
)


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


def test_speed_is_a_table_with_ratios() -> None:
    """Each figure with its spread; each ratio with what is asked for."""
    shown = speed(REPORT, "x.svg")
    assert "| whole <pipeline> | 1,234 (1,000 to 2,000) | 1,500 (1,400 to 1,600) |" in shown
    assert "a stage / a loop, per CPU-second: 95.5 % (90 % to 96 %); at least 60 % is asked for." in shown
    assert "2 cores, CPython 3.11.7, Apache Kafka 4.3.1, 2026-01-02, load 0.5 before" in shown


def test_the_store_is_shown_beside_sqlite_itself() -> None:
    """Two rows of the sink's own benchmark."""
    rate = {"median": 2, "lowest": 1, "highest": 3}
    both = {"per_second": rate, "per_cpu_second": rate}
    shown = sink({"sink": both, "yardstick": both, "events": 4100, "batch": 500, "runs": 5})
    assert "| SQLite sink | 2 (1 to 3) | 2 (1 to 3) |" in shown
    assert "| SQLite itself, given the same rows | 2 (1 to 3) | 2 (1 to 3) |" in shown


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


def test_doors_show_how_long_a_post_takes_and_what_the_bare_one_does() -> None:
    """Acceptances, milliseconds, and the share in CPU time."""
    hundred = figure([90, 100, 120])
    row = Acceptance("SMS", hundred, hundred, figure([1.5], 1), figure([9.0], 1), figure([0.5], 2))
    shown = doors(Doors(this_machine(), 32, 3, 4.0, (row,)))
    assert "over 32 connections" in shown
    assert "| SMS | 100 (90 to 120) | 100 (90 to 120) | 1.5 ms | 9 ms | 50 % |" in shown
