"""A stage in Switchboard's own runtime: Faust with the batched transport, one outbox for each batch, its tables on disk."""

from __future__ import annotations

import asyncio
from pathlib import Path

from bench.jobs import Job, made, steps, watched
from bench.stopwatch import Run, Stopwatch
from normalizer.cluster import Cluster
from streams._run import running
from streams._stage import Processor


def run(job: Job, cluster: Cluster, folder: Path) -> Run:
    """Carry the records of a job, until the outputs and the changes of the last one are acknowledged."""
    watch = Stopwatch(job.what, job.number)
    stage = watched(made(job.stage, folder), watch)
    return asyncio.run(_run(stage, cluster, folder / "state", job.number, watch))


async def _run(stage: Processor, cluster: Cluster, state: Path, number: int, watch: Stopwatch) -> Run:
    async with running([stage], cluster, state) as workers:
        async for _ in steps(workers[stage.name], number, watch):
            pass
        return watch.stop()
