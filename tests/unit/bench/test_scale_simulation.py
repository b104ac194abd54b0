"""The model behind docs/scale.md: the same load gives the same numbers, and they are what can be reckoned by hand."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from bench.figures import filled
from bench.report import RESULTS
from bench.scale_cost import Cost, measured
from bench.scale_simulation import (
    PAGE,
    Load,
    busiest,
    catch_up_seconds,
    imbalance,
    moved,
    spread,
    tables,
    weights,
    workers_needed,
)
from normalizer.errors import Misconfigured

COST = Cost(
    0.002,
    5000,
    0.0002,
    ticket_seconds=0.0005,
    store_seconds=0.0003,
    connector_seconds=0.0004,
    half_seconds=0.003,
    half_p99=90,
)


def test_the_page_shows_what_the_model_says() -> None:
    """When this fails, run `make figures`."""
    text = PAGE.read_text("utf-8")
    assert filled(text, tables(measured(RESULTS))) == text


def test_weights_follow_zipf() -> None:
    """The second key has half of the first, and all together are everything."""
    found = weights(1000, 1.0)
    assert found[1] == pytest.approx(found[0] / 2)
    assert sum(found) == pytest.approx(1)


def test_keys_fall_where_they_fell_before() -> None:
    """The same seed, the same shares; nothing is lost on the way, and another seed is another town."""
    shares = weights(500, 1.0)
    once = spread(shares, "customer", 12, 7)
    assert once == spread(shares, "customer", 12, 7)
    assert once != spread(shares, "customer", 12, 8)
    assert sum(once) == pytest.approx(1)
    assert imbalance([0.25] * 4) == 1
    assert imbalance([0.5, 0.5, 0, 0]) == 2


def test_workers_are_enough_for_the_busiest_minute() -> None:
    """A million a day is 34.7 a second at most: at 2 ms and 50 % that is 0.14 cores, ten times as much 1.39."""
    assert [workers_needed(Load(messages=count), 0.002) for count in (1_000_000, 10_000_000)] == [1, 2]


def test_one_hot_customer_is_on_one_worker() -> None:
    """Its whole share of what is keyed by customer is there, however many workers there are, and of the rest a worker's share."""
    load = Load(messages=10_000_000)
    a_second = load.messages / 86_400 * 3
    alone = a_second * (0.05 * 0.0005 + 0.0015 / 48)
    assert alone <= busiest(load, COST, 48, 48, hot=0.05) < alone + a_second * 0.0005 * 3 / 48
    assert busiest(load, COST, 48, 1) == pytest.approx(load.messages / 86_400 * 3 * COST.cpu_seconds)


def test_what_waited_is_worked_off() -> None:
    """At half of what it can, a stop takes as long again; a pipeline that is too small never catches up."""
    half = Load(messages=86_400 * 250)
    assert catch_up_seconds(half, COST, 600, 1) == pytest.approx(600)
    assert catch_up_seconds(Load(messages=86_400 * 600), COST, 600, 1) == math.inf


def test_half_of_the_keys_move_when_partitions_double() -> None:
    """A hash modulo twice the number is the same or that number more; by any other factor more of them move."""
    assert moved(20_000, 4, 8, 1) == pytest.approx(0.5, abs=0.02)
    assert moved(20_000, 12, 16, 1) > 0.7


def test_without_results_it_says_what_to_run(tmp_path: Path) -> None:
    """No number is made up."""
    with pytest.raises(Misconfigured, match=r"there is no .*pipeline\.json: run `python -m bench\.pipeline` first"):
        measured(tmp_path)
