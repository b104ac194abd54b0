"""Each stage alone, in our runtime and in others, all doing the same pure work on the same records of real Kafka.

    python -m bench.stages

Everybody writes with acks=all, commits after its outputs are acknowledged, and runs in a process of its own, whose CPU
time is counted from its first record. The yardstick is a bare loop over librdkafka, which takes as many records at once as suit it
best; the others take as many as ours. Runs take turns, and the order of a turn is another each time.
"""

from __future__ import annotations

import importlib
import tempfile
from collections.abc import Mapping, Sequence
from functools import partial
from itertools import islice
from pathlib import Path

from bench import shown
from bench.inputs import Entry, along_the_way, keep, kept, plain, put
from bench.jobs import COPIED, INPUTS, PLAIN, Job, Remember
from bench.part import Wanted, again, broker, elsewhere, main, say
from bench.report import Column, Goal, Report, Row, Table, figure, share, this_machine
from bench.runtimes.work import CHANGES
from bench.stopwatch import Run
from normalizer.cluster import Cluster
from ops.config import Config
from ops.topics import declare
from ops.wiring import stage_topics, stages
from streams._stage import topics_of

OURS, BARE, FAUST, QUIX, FASTSTREAM = (
    "Switchboard", "bare confluent-kafka loop", "stock Faust", "Quix Streams", "FastStream (confluent-kafka)",
)  # fmt: skip
RUNTIMES = {OURS: "ours", BARE: "bare", FAUST: "faust_stock", QUIX: "quix", FASTSTREAM: "faststream_confluent"}
"""Each runtime and its module: no process has the libraries of another one in it."""
USUAL = {"normalize": 2400, "thread": 12_000, "route": 12_000, "deliver": 12_000, "copy": 120_000, "remember": 120_000}
ALSO_FEWER = {FAUST: {"copy": 0.08, "remember": 0.08}, QUIX: {"copy": 0.5, "remember": 0.25}}
"""A runtime that is much slower gets fewer of the records, so that nobody waits minutes for it: its rate is the same."""
PREPARE_SECONDS = 300.0
ASKED = {BARE: 0.6, FAUST: 5.0, QUIX: 1.5}
STATEFUL_PER_CPU_SECOND = 75_000
HOW = {
    "normalize": "real mails of 1 to 50 KB become messages, attachments go to files",
    "thread": "messages into their conversations; two tables",
    "route": "priority, queue, ticket; three tables",
    "deliver": "tickets into SQLite in transactions",
    "copy": "records of 600 bytes onto another topic",
    "remember": "records of 600 bytes: a get, a set with its changelog, an output",
}

Found = Mapping[str, Mapping[str, Sequence[Run]]]


def measure(wanted: Wanted) -> Report:
    """All stages in all runtimes."""
    machine = this_machine()
    numbers = {stage: wanted.items(usual, 40) for stage, usual in USUAL.items()}
    with tempfile.TemporaryDirectory() as folder, broker() as brokers:
        files = elsewhere(partial(prepared, numbers, Path(folder)), PREPARE_SECONDS)
        found = measured(brokers, files, numbers, wanted.runs)
    tables = tuple(_table(stage, runs, numbers[stage]) for stage, runs in found.items())
    return Report(machine, "Each stage alone, beside other runtimes", wanted.runs, tables, _goals(found))


def prepared(numbers: Mapping[str, int], folder: Path) -> dict[str, Path]:
    """The input of each stage in a file. Tickets and messages are as many as the mails that they come from."""
    say("making the input of every stage")
    most = max(number for stage, number in numbers.items() if INPUTS[stage] != PLAIN.name)
    made = along_the_way(most)
    made[PLAIN.name] = list(plain(max(number for stage, number in numbers.items() if INPUTS[stage] == PLAIN.name)))
    return {topic: keep(entries, folder / topic) for topic, entries in made.items()}


def measured(brokers: str, files: Mapping[str, Path], numbers: Mapping[str, int], runs: int) -> Found:
    """Every stage `runs` times in every runtime."""
    found: dict[str, dict[str, list[Run]]] = {stage: {name: [] for name in RUNTIMES} for stage in numbers}
    for turn in range(runs):
        for stage, number in numbers.items():
            cluster = Cluster(brokers=brokers, namespace=f"{stage}{turn}.")
            there = elsewhere(partial(fill, cluster, stage, files[INPUTS[stage]], number))
            for name in _order(turn):
                fewer = max(1, round(there * ALSO_FEWER.get(name, {}).get(stage, 1)))
                job = Job(stage, fewer, f"run {turn + 1} of {runs}, {stage} in {name}")
                with tempfile.TemporaryDirectory() as folder:
                    run = again(partial(carried, RUNTIMES[name], job, cluster, Path(folder)))
                found[stage][name].append(run)
                say(f"{job.what}: {run.per_second:,.0f}/s, {run.per_cpu_second:,.0f} per CPU-second")
    return found


def fill(cluster: Cluster, stage: str, file: Path, number: int) -> int:
    """Declare the topics and put up to `number` records on the input of a stage; returns how many there are."""
    declare(cluster, ["mail"], [*stage_topics(stages(Config())), *topics_of(Remember()), PLAIN, COPIED, CHANGES])
    entries: list[Entry] = kept(file)
    return put(cluster, INPUTS[stage], islice(entries, number))


def carried(runtime: str, job: Job, cluster: Cluster, folder: Path) -> Run:
    """A job in the runtime of that module."""
    found: Run = importlib.import_module(f"bench.runtimes.{runtime}").run(job, cluster, folder)
    return found


def _order(turn: int) -> list[str]:
    names = list(RUNTIMES)
    return names[turn % len(names) :] + names[: turn % len(names)]


def _rates(runs: Sequence[Run]) -> list[float]:
    return [run.per_cpu_second for run in runs]


def _table(stage: str, found: Mapping[str, Sequence[Run]], number: int) -> Table:
    columns = (
        Column(f"{stage}: per second"),
        Column(f"{stage}: per CPU-second of the process"),
        Column("of the bare loop", "%"),
        Column("ours is", "×"),
    )
    bare_runs, our_runs = _rates(found[BARE]), _rates(found[OURS])
    rows = tuple(
        Row(
            name if runs[0].items == number else f"{name}, {runs[0].items:,} of them",
            (
                figure([run.per_second for run in runs]),
                figure(_rates(runs)),
                share(_rates(runs), bare_runs),
                None if name == OURS else share(our_runs, _rates(runs)),
            ),
        )
        for name, runs in found.items()
    )
    return Table(f"**{stage}**, {number:,} records: {HOW[stage]}.", columns, rows, drawn=1)


def _goals(found: Found) -> tuple[Goal, ...]:
    goals = []
    for stage, runs in found.items():
        for name, asked in ASKED.items():
            unit = "%" if name == BARE else "×"
            ratio = share(_rates(runs[OURS]), _rates(runs[name]))
            limit = share(_rates(runs[BARE]), _rates(runs[name])).median
            note = f"the bare loop itself reaches {shown.number(limit, '×')}" if name != BARE and limit < asked else ""
            what = f"{stage} per CPU-second, against {name}"
            goals.append(Goal(what, ratio, asked, unit, note=note, profile=stage))
    stateful, asked = figure(_rates(found["remember"][OURS])), STATEFUL_PER_CPU_SECOND
    return (*goals, Goal("get, set, changelog and output per CPU-second", stateful, asked, profile="remember"))


if __name__ == "__main__":
    main("stages", measure)
