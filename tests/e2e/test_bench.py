"""The benchmarks measure what they say, on real Kafka, from the first record to the last; how fast is no test's affair."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest

from bench import threads
from bench.inputs import keep, kept, raw
from bench.jobs import INPUTS, Job
from bench.latency import at_rate
from bench.part import elsewhere
from bench.pipeline import cycle_anew, declare_all
from bench.runtimes import ours
from bench.stages import RUNTIMES, carried, fill, prepared
from bench.whole import Whole
from normalizer.cluster import Cluster
from normalizer.events import Routed
from tests.servers.topic import records

pytestmark = [pytest.mark.engine, pytest.mark.timeout(300)]
MAILS = 20


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The input of every stage in a file."""
    return prepared(dict.fromkeys(INPUTS, MAILS), tmp_path_factory.mktemp("inputs"))


@pytest.mark.parametrize("runtime", RUNTIMES.values())
def test_every_runtime_carries_all_records_of_a_stage(
    runtime: str, cluster: Cluster, inputs: dict[str, Path], tmp_path: Path
) -> None:
    """A stage with tables and two outputs for each record, in a process of its own: as many tickets as messages were put
    there, in some time.
    """
    number = fill(cluster, "route", inputs[INPUTS["route"]], MAILS)
    run = elsewhere(partial(carried, runtime, Job("route", number, runtime), cluster, tmp_path))
    assert (number, run.items) == (MAILS, MAILS)
    assert len({record.key + record.value for record in records(cluster, Routed.topic)}) == MAILS
    assert run.cpu_seconds > 0


@pytest.mark.parametrize("stage", ["normalize", "route", "deliver", "copy", "remember"])
def test_every_stage_can_be_measured_alone(
    stage: str, cluster: Cluster, inputs: dict[str, Path], tmp_path: Path
) -> None:
    """Each reads the input that was made for it."""
    number = fill(cluster, stage, inputs[INPUTS[stage]], MAILS)
    assert ours.run(Job(stage, number, stage), cluster, tmp_path).items == number >= MAILS


def test_the_whole_pipeline_is_measured_with_two_workers(cluster: Cluster, tmp_path: Path) -> None:
    """All mails are in the store at the end, and those of a second round, which come at times of their own, too."""
    declare_all(cluster)
    mails = kept(keep(list(raw(MAILS)), tmp_path / "mails"))
    with Whole(cluster, tmp_path, workers=2) as whole:
        assert whole.carried(mails).items == MAILS
        again = cycle_anew(mails)
        for _ in mails:
            next(again)  # the first round is there already
        took = at_rate(whole, cluster, again, rate=40, seconds=0.5)
        assert (took.number, whole.stored()) == (20, MAILS + 20)
        assert 0 < took.p50 <= took.p99 <= took.p999


def test_history_is_measured_from_its_changelog(brokers: str, tmp_path: Path) -> None:
    """The stage starts on what was written for it, carries its messages, and starts again on its disk."""
    file, left = elsewhere(partial(threads.prepared, tmp_path))
    cluster = Cluster(brokers=brokers, namespace=f"history{tmp_path.name}.", partitions=1)
    first, second = threads.grown(cluster, 2 * threads.REMEMBERED, file, left)
    assert min(first.cpu_micros, first.megabytes, second.cpu_micros, second.megabytes) > 0
