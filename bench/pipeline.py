"""The whole pipeline on real Kafka: raw mail in, ticket row out, with one process and with two; and how long it takes.

    python -m bench.pipeline

The stages run as the command that ops run (``run stage all``), have joined their groups, and wait: the clock runs from
the first mail that is put on the raw topic until the last one is in the store. CPU time is that of the workers and of
what supervises them; the broker's is not in it, although it shares the cores. What two processes can gain on this machine at
all is measured, too.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from itertools import cycle
from pathlib import Path

import msgspec

from bench import cores
from bench.inputs import RAW_MAIL, Entry, keep, kept, raw
from bench.latency import Latencies, at_rate
from bench.part import Wanted, broker, elsewhere, main, say
from bench.report import Column, Figure, Goal, Machine, Report, Row, Table, figure, rates, share, this_machine
from bench.shown import number as number_of
from bench.stopwatch import Run
from bench.whole import Whole
from normalizer.cluster import Cluster
from ops.config import Config
from ops.wiring import declare_topics
from tests.servers.postgres import PostgresServer

MAILS = 3600
SQLITE, POSTGRES = "SQLite", "PostgreSQL"
WAYS = ((SQLITE, 1), (SQLITE, 2), (POSTGRES, 1), (POSTGRES, 2))
"""Into which store, with how many processes."""
SHARES = (0.1, 0.5, 0.8)
SECONDS = 10.0
ENOUGH = 1000
"""Of fewer mails the thousandth part is none."""
LIMIT_SECONDS = 300.0
CPU_EACH = "CPU for each mail"
PER_CORE, GAIN, P99 = 2000, 1.7, 150.0
WHOLE = "whole pipeline"
HALF = "half capacity"
"""The tables of the profile that say where the time of it goes."""


Way = tuple[str, int]


def named(way: Way) -> str:
    """How a row is called."""
    store, workers = way
    return f"into {store}, {_process(workers)}"


def _process(number: int) -> str:
    return f"{number} process{'es' if number > 1 else ''}"


def measure(wanted: Wanted) -> Report:
    """Throughput into each store with one process and with two, then latencies at shares of what one can do."""
    machine, number = this_machine(), wanted.items(MAILS, 60)
    found: dict[Way, list[Run]] = {way: [] for way in WAYS}
    reading: dict[int, list[Run]] = {1: [], 2: []}
    with tempfile.TemporaryDirectory() as home:
        file = elsewhere(partial(_prepared, number, Path(home)))
        for turn in range(wanted.runs):
            for processes, runs in reading.items():
                runs.append(cores.read_by(processes, file))
                say(f"run {turn + 1} of {wanted.runs}, {processes} that only read: {runs[-1].per_second:,.0f} mails/s")
        with PostgresServer(Path(home), durable=True) as server, broker() as brokers:
            for turn in range(wanted.runs):
                for way in WAYS:
                    cluster = Cluster(brokers=brokers, namespace=f"whole{turn}.{way[0].lower()}.{way[1]}.")
                    url = server.url(server.database()) if way[0] == POSTGRES else ""
                    run = elsewhere(partial(throughput, cluster, file, way[1], url), LIMIT_SECONDS)
                    found[way].append(run)
                    say(f"run {turn + 1} of {wanted.runs}, {named(way)}: {run.per_second:,.0f} mails/s")
            capacity = figure([run.per_second for run in found[SQLITE, 1]]).median
            cluster = Cluster(brokers=brokers, namespace="latency.")
            seconds = wanted.scale * SECONDS
            task = partial(latencies, cluster, file, capacity, wanted.runs, seconds)
            took, megabytes = elsewhere(task, LIMIT_SECONDS + wanted.runs * len(SHARES) * 2 * seconds)
    return report(machine, wanted.runs, found, took, reading, megabytes)


def throughput(cluster: Cluster, file: Path, workers: int, url: str) -> Run:
    """All mails once through so many processes."""
    declare_all(cluster)
    entries = kept(file)
    with tempfile.TemporaryDirectory() as folder, Whole(cluster, Path(folder), workers, url) as whole:
        return whole.carried(entries)


def latencies(
    cluster: Cluster, file: Path, capacity: float, runs: int, seconds: float
) -> tuple[list[list[Latencies]], float]:
    """Each share of the capacity, `runs` times in turns, in one process of which all that is cold has been warmed; and the
    megabytes that it has in the end.
    """
    declare_all(cluster)
    with tempfile.TemporaryDirectory() as folder, Whole(cluster, Path(folder)) as whole:
        mails = cycle_anew(kept(file))
        at_rate(whole, cluster, mails, capacity * SHARES[0], max(1.0, seconds / 3))
        found: list[list[Latencies]] = [[] for _ in SHARES]
        for turn in range(runs):
            for share, taken in zip(SHARES, found, strict=True):
                taken.append(at_rate(whole, cluster, mails, capacity * share, seconds))
                say(f"run {turn + 1} of {runs}, at {share:.0%} of capacity: p99 {taken[-1].p99:,.0f} ms")
        return found, whole.megabytes()


def cycle_anew(entries: Sequence[Entry]) -> Iterator[Entry]:
    """The mails again and again, each time of another account, where the same ids are other mails."""
    for i, entry in enumerate(cycle(entries)):
        turn = i // len(entries)
        headers = [(name, value + b"-%d" % turn if name == "ce_source" else value) for name, value in entry.headers]
        yield msgspec.structs.replace(entry, headers=headers)


def declare_all(cluster: Cluster) -> None:
    """The topics of all channels and of all stages."""
    declare_topics(Config(), cluster)


def _prepared(number: int, folder: Path) -> Path:
    return keep(list(raw(number)), folder / RAW_MAIL)


def report(
    machine: Machine,
    runs: int,
    found: Mapping[Way, Sequence[Run]],
    took: Sequence[Sequence[Latencies]],
    reading: Mapping[int, Sequence[Run]],
    megabytes: float,
) -> Report:
    """The tables, and what is asked for."""
    one, two = found[SQLITE, 1], found[SQLITE, 2]
    number = one[0].items
    how = f"{number:,} real mails of 1 to 50 KB, all acknowledged, from their raw topic to their rows in the ticket store."
    speed = rates(how, "mails", {named(way): each for way, each in found.items()})
    columns = (
        Column("mails per second"),
        *(Column(name, "ms") for name in ("p50", "p99", "p99.9")),
        Column(CPU_EACH, "µs"),
    )
    rows = tuple(
        Row(
            f"at {share:.0%} of capacity, {each[0].number:,} mails a run",
            (
                figure([one.rate for one in each]),
                figure([one.p50 for one in each], 1),
                figure([one.p99 for one in each], 1),
                figure([one.p999 for one in each], 1) if each[0].number >= ENOUGH else None,
                figure([one.cpu_micros for one in each]),
            ),
        )
        for share, each in zip(SHARES, took, strict=True)
    )
    how = (
        "From accepted (when it should be) to stored, into SQLite, one process, mails at fixed times. In the end the process, which "
        f"holds all stages, has {megabytes:,.0f} MB of memory."
    )
    waits = Table(how, columns, rows)
    alone = "The machine by itself: the same mails are only read, once by each process, with nothing else running."
    machines = rates(alone, "mails", {_process(each): runs for each, runs in reading.items()})
    goals = (
        Goal(
            "whole pipeline into SQLite, mails per CPU-second",
            speed.rows[0].cells[1] or figure([0]),
            PER_CORE,
            profile=WHOLE,
        ),
        Goal(
            "two processes against one, mails per second",
            gain(one, two),
            GAIN,
            "×",
            note=f"{_cores(machine, one, two)}; two that only read mails, with nothing else running, reach "
            f"{number_of(gain(reading[1], reading[2]).median, '×')}",
        ),
        Goal(
            "accepted to stored at half capacity, p99",
            figure([each.p99 for each in took[1]], 1),
            P99,
            "ms",
            limit=True,
            profile=HALF,
        ),
    )
    return Report(machine, "The whole pipeline", runs, (speed, waits, machines), goals)


def gain(one: Sequence[Run], two: Sequence[Run]) -> Figure:
    """How many times as many mails a second two processes do as one, run by run."""
    return share([run.per_second for run in two], [run.per_second for run in one])


def _cores(machine: Machine, one: Sequence[Run], two: Sequence[Run]) -> str:
    """How much of the machine the processes had; the rest is the broker's, which is on it, too."""
    had = [figure([run.cpu_seconds / run.seconds for run in runs], 2).median for runs in (one, two)]
    return f"one had {had[0]:.2f} and two had {had[1]:.2f} of the {machine.cores} cores, which the broker shares"


if __name__ == "__main__":
    main("pipeline", measure)
