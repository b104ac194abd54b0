"""A stage that would set nearly everything aside keeps its batch instead, and goes on when the cause is mended."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from normalizer.cluster import Cluster
from normalizer.errors import Rejected
from ops.status import source_health, stage_status
from streams._record import Output, Record
from streams._run import running
from streams._stage import topics_of
from streams._state import State
from tests.e2e.stage_process import Count
from tests.e2e.stage_topics import OUTPUT, Topics, committed, producing, until
from tests.servers.topic import records

pytestmark = pytest.mark.engine
RECORDS = 300


class Broken(Count):
    """Counts, but for a handful; until it is mended it rejects everything that it is given."""

    mended = False

    def decide(self, record: Record, state: State) -> Sequence[Output]:
        """See the class. It has changed its memory by then, of which nothing must stay."""
        found = super().decide(record, state)
        if not self.mended and record.key != b"fine":
            raise Rejected("broken-schema", "the version is unknown here: upgrade this stage")
        return found


def test_a_broken_stage_empties_nothing_into_the_dead_letters(cluster: Cluster, topics: Topics) -> None:
    """No letter, nothing committed, everybody can see why; then the same batch goes through whole, and once."""
    stage = Broken()
    topics(extra=topics_of(stage))
    with producing(cluster) as send:
        send(*[(b"k", b"bad" if number % 60 == 7 else b"%d" % number) for number in range(RECORDS)])

    async def go() -> str:
        async with running([stage], cluster) as workers:
            worker = workers[stage.name]
            await until(lambda: worker.progress.waiting, worker)
            why = worker.progress.waiting
            (shown,) = await asyncio.to_thread(stage_status, cluster, [stage])
            assert (shown.paused, shown.done, shown.lag) == (why, 0, RECORDS)
            assert await asyncio.to_thread(source_health, cluster) == []
            assert await asyncio.to_thread(records, cluster, "dead.letters") == []
            stage.mended = True
            await until(lambda: worker.progress.records == RECORDS, worker)
            assert (worker.progress.waiting, worker.progress.dead_letters) == ("", 5)
        return why

    why = asyncio.run(go())
    assert why.startswith("the stage count pauses: more than 100 of its last 500 records would be set aside for")
    good = [number for number in range(RECORDS) if number % 60 != 7]
    assert [record.value for record in records(cluster, OUTPUT)] == [
        b"k %d %d" % (number, turn) for turn, number in enumerate(good, 1)
    ]
    assert len(records(cluster, "dead.letters")) == 5
    assert committed(cluster, stage.name) == RECORDS
    (shown,) = stage_status(cluster, [stage])
    assert (shown.paused, shown.lag) == ("", 0)


def test_the_other_partitions_go_through(cluster: Cluster, topics: Topics) -> None:
    """What is taken together with the batch that trips the breaker is written without it, and once."""
    stage = Broken()
    topics(extra=topics_of(stage))
    with producing(cluster) as send:
        for number in range(50):
            send((b"fine", b"%d" % number), partition=number % 2 * 2)
        send(*[(b"k", b"%d" % number) for number in range(RECORDS)], partition=1)

    async def go() -> None:
        async with running([stage], cluster) as workers:
            worker = workers[stage.name]
            await until(lambda: worker.progress.waiting, worker)
            await until(lambda: sum(done for done, _ in worker.progress.offsets().values()) == 50, worker)
            assert len(await asyncio.to_thread(records, cluster, OUTPUT)) == 50
            assert worker.progress.waiting
            stage.mended = True
            await until(lambda: worker.progress.records == 50 + RECORDS, worker)

    asyncio.run(go())
    assert len(records(cluster, OUTPUT)) == 50 + RECORDS
    assert records(cluster, "dead.letters") == []
