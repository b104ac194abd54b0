"""What a mail costs in each part of the pure work and in the store, in CPU time, without Kafka.

    python -m bench.parts --mails 2400 --runs 3

The mails go through all stages in batches, as a worker gives them; reading alone, and the way of an event into a
record and back, are measured beside that. CPU time is that of this thread. The result goes to ``bench/results/`` and
into the table of ``docs/performance.md``.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from bench.line import STAGES, Line, raw_records
from bench.mails import raw_mails
from bench.part import demand_whole
from bench.report import MICRO, RESULTS, Figure, Machine, figure, this_machine
from normalizer.errors import SwitchboardError
from normalizer.events import Message, Threaded
from normalizer.mail.reading import read
from normalizer.wire import decode, encode, header, read_raw, versioned_type
from streams._record import Output, Record

MAILS, RUNS = 2400, 3
BATCH = 500
READING = "of normalize: reading"
DECODING = "of thread: decoding the message"
ENCODING = "of thread: encoding it with its conversation"
ALL = "all"
PAGE = Path(__file__).parent.parent / "docs" / "performance.md"
BEGIN, END = "<!-- parts: made by `python -m bench.parts` -->", "<!-- /parts -->"


class Parts(msgspec.Struct, frozen=True):
    """Microseconds of CPU for a mail in each part, over `items` mails in each of `runs` runs."""

    machine: Machine
    items: int
    runs: int
    microseconds: dict[str, Figure]


class Clock:
    """CPU seconds of this thread by part."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._last = time.thread_time()

    def ended(self, part: str) -> None:
        """Count what went by since the last call for `part`; for nothing when it is ""."""
        now = time.thread_time()
        if part:
            self.seconds[part] = self.seconds.get(part, 0.0) + now - self._last
        self._last = time.thread_time()


def one_run(records: Sequence[Record]) -> dict[str, float]:
    """CPU seconds of each part for all records, once through a new store."""
    clock, outputs = Clock(), []
    with tempfile.TemporaryDirectory() as folder, Line(Path(folder)) as line:
        for start in range(0, len(records), BATCH):
            clock.ended("")
            outputs += line.carry(records[start : start + BATCH], clock.ended)
    found = {part: clock.seconds[part] for part in STAGES}
    found[ALL] = sum(found.values())
    raws = [read_raw(record.value, record.headers, key=record.key) for record in records]
    found[READING] = _timed(lambda: [read(raw) for raw in raws])
    messages, threaded = _of(outputs, Message), _of(outputs, Threaded)
    found[DECODING] = _timed(lambda: [decode(Message, each.value, each.headers) for each in messages])
    events = [decode(Threaded, each.value, each.headers) for each in threaded]
    found[ENCODING] = _timed(lambda: [encode(event) for event in events])
    return found


def _of(outputs: Sequence[Output], cls: type[Message] | type[Threaded]) -> list[Output]:
    kind = versioned_type(cls)
    return [output for output in outputs if header(output.headers, "ce_type") == kind]


def _timed(work: Callable[[], object]) -> float:
    began = time.thread_time()
    work()
    return time.thread_time() - began


def table(found: Parts) -> str:
    """The table of a page, with where and when it was measured."""
    machine = found.machine
    where = f"{machine.cores} cores, {machine.python}, {machine.at[:10]}, load {machine.load:g} before"
    lines = [
        f"{found.items:,} real mails of 1 to 50 KB, the median of {found.runs} runs with the least and the most. {where}.",
        "",
        "| part | µs of CPU per mail |",
        "| --- | --: |",
    ]
    lines += [
        f"| {part} | {f.median:,.0f} ({f.least:,.0f} to {f.most:,.0f}) |" for part, f in found.microseconds.items()
    ]
    return "\n".join(lines)


def written(page: str, found: Parts) -> str:
    """`page` with the table between its marks. Raises `ValueError` when they are not there."""
    head, _, rest = page.partition(BEGIN)
    _, mark, tail = rest.partition(END)
    if not mark:
        raise ValueError(f"there is no place for the table: the page needs {BEGIN} and {END}")
    return f"{head}{BEGIN}\n{table(found)}\n{END}{tail}"


def main() -> None:
    """Measure, and write the JSON and the table."""
    parser = argparse.ArgumentParser(prog="python -m bench.parts", description=__doc__)
    parser.add_argument("--mails", type=int, default=MAILS, help=f"in each run ({MAILS}: the whole set once)")
    parser.add_argument("--runs", type=int, default=RUNS, help=f"({RUNS})")
    parser.add_argument("--results", type=Path, default=RESULTS, help="the folder for the JSON")
    wanted = parser.parse_args()
    demand_whole(parser, wanted.results, whole=wanted.mails >= MAILS and wanted.runs >= RUNS)
    machine = this_machine()
    try:
        records = raw_records(raw_mails(wanted.mails))
    except SwitchboardError as error:
        sys.exit(f"bench: {error}")
    runs = [one_run(records) for _ in range(wanted.runs)]
    parts = {part: figure([run[part] / len(records) * MICRO for run in runs], 1) for part in runs[0]}
    report = Parts(machine, len(records), len(runs), parts)
    print(table(report))
    (wanted.results / "parts.json").write_bytes(msgspec.json.format(msgspec.json.encode(report)) + b"\n")
    if wanted.results.resolve() == RESULTS:
        PAGE.write_text(written(PAGE.read_text("utf-8"), report), "utf-8")


if __name__ == "__main__":
    main()
