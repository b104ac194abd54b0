"""docs/chaos.md and its picture, made from a report. The same report gives the same text."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path

from bench.chaos.report import Chaos, Row, percentile
from bench.report import RESULTS

PAGE = Path(__file__).parents[2] / "docs" / "chaos.md"
PICTURE = RESULTS / "chaos.svg"

WIDTH, LEFT, TOP, STEP, BAR = 860, 270, 62, 20, 12
LONGEST = WIDTH - LEFT - 90
STYLE = (
    "text{font:12px system-ui,sans-serif;fill:#24292f}.head{font-weight:600;font-size:15px}.small{fill:#57606a}"
    ".fault{fill:#d0d7de}.recovery{fill:#2f81f7}.broken{fill:#cf222e}"
    "@media(prefers-color-scheme:dark){text{fill:#e6edf3}.small{fill:#9198a1}.fault{fill:#484f58}}"
)

_HOW = """\
Made by `make chaos` from `bench/results/chaos.json`; do not edit. `bench/chaos/` is the code, [decision 17](decisions/0017-chaos.md) says why
it is done so.

Two Switchboards read the same places: a Dovecot, the stand-ins of the vendors, a folder, posts of forms, chats and shops. One has three
Kafka nodes (replication 3, min. in sync 2) and a process for each connector and stage under a supervisor that starts
again whatever ends, and is hurt; the other runs in two processes on a Kafka of its own, and is left alone. After each fault, when all
is drained, all of this must hold, or the fault counts as not survived and the command ends with status 1:

- `switchboard ledger` of both ends with 0, nothing is in flight, and what is dead-lettered is what was spoiled on purpose.
- Everything that a place holds or that a door has accepted is in the ticket store exactly once; each saying is known by a mark in its words.
- Each ticket's revisions are 1, 2, 3 … on `tickets.routed` and in the store.
- The exports of both ticket stores are equal byte for byte, without these fields, which depend on when and in which order something came:
  times by the clock of whoever received it (`since`, `named_at`, `opened_at`, `updated_at`, `routed_at`, `said_at`, `received_at`, `at`), the
  `revision` (revisions and decisions are compared by their message) with `status`, `priority` and `queue` between two messages, and the
  `origin` of a message (partition and offset). Where a message is both told by a call and found in a list (SMS, WhatsApp by Twilio, Slack), what only one of
  the two knows (`source_id`, `sent_at`, `fields`) depends on which came first; so does the `source_id` of a
  line in a file that still grows, with the file's time when it was read. Calls are not compared, since the caller hears the answers of one
  Switchboard; all else is asked of them too.

**Recovery** is the time from the end of a fault (a kill ends at once, a pause with SIGCONT, a broker's death when it is started again) until
everything that the places had by then is in the store, while customers go on to write. It includes the 12 s after which a group gives up a
member that died, and the pauses of the vendors before they try again. **Repeats** are raw records with the
same id and outputs that were there before; ids make them harmless.
"""


def write(found: Chaos) -> None:
    """Write both."""
    PICTURE.write_text(picture(found))
    PAGE.write_text(page(found))


def page(found: Chaos) -> str:
    """The page."""
    recoveries = _recoveries(found)
    machine = found.machine
    head = (
        f"**{found.survived} of {len(found.injected)} faults survived**, {len(found.rows) - len(found.injected)} were not injected. "
        f"{found.said:,} sayings on {found.channels} channels within {found.minutes:g} minutes; recovery p50 "
        f"{percentile(recoveries, 0.5):.1f} s, p99 {percentile(recoveries, 0.99):.1f} s, the longest {max(recoveries, default=0):.1f} s. "
        f"Compared at the end: {found.stored_rows:,} rows, SHA-256 `{found.sha256[:16]}…`."
    )
    where = (
        f"Seed {found.seed}, {found.rate:g} times the usual pace, {machine.cores} cores, {machine.system}, {machine.python}, Apache Kafka {machine.versions['apache-kafka']}, "
        f"faust-streaming {machine.versions['faust-streaming']}, aiokafka {machine.versions['aiokafka']}, {machine.at[:10]}, load {machine.load:g} before."
    )
    return "\n\n".join(
        [
            "# Faults",
            head,
            where,
            "![Recovery times of all faults](../bench/results/chaos.svg)",
            _HOW.strip(),
            "## Every fault",
            _table(("fault", "what", "lasted", "waiting", "first after", "all after", "repeats: raw, outputs", ""), map(_row, found.rows)),
            *_problems(found.rows),
            "## Beside stock Faust",
            _peer(found),
        ]
    ) + "\n"  # fmt: skip


def _row(row: Row) -> Sequence[str]:
    if row.skipped:
        return (row.name, row.skipped, "", "", "", "", "", "not injected")
    repeats = row.repeats
    outcome = "survived" if row.survived else "**broken**"
    outputs = f"{repeats.raw}, {repeats.normalized + repeats.threaded + repeats.routed}"
    return (row.name, row.detail, f"{row.seconds:g} s", str(row.waiting), _seconds(row.progress),
            _seconds(row.recovery), outputs, outcome)  # fmt: skip


def _problems(rows: Iterable[Row]) -> Iterable[str]:
    broken = [row for row in rows if row.problems]
    if broken:
        listed = [f"- {row.name}: {problem}" for row in broken for problem in row.problems]
        yield "## What broke\n\n" + "\n".join(listed)


def _peer(found: Chaos) -> str:
    rows = [
        (row.name, f"{row.said:,}", str(row.repeats.threaded), str(row.peer.lost), str(row.peer.repeated))
        for row in found.rows
        if row.peer is not None
    ]
    rows.append(
        ("all rounds", f"{found.said:,}", str(found.ours.repeated), str(found.peer.lost), str(found.peer.repeated))
    )
    told = (
        "The same raw records, at the same time, through a small app of stock Faust: an agent over events with the same readers, a table that "
        "remembers ids, `topic.send` awaited, its process restarted by the same supervisor and killed and paused with our `normalize`; session "
        "timeout 12 s as ours, the rest its defaults. Ours is what `normalize` and `thread` give to `messages.threaded`, after the same kind of "
        f"dedupe: {found.ours.lost} lost in all. What the peer lost is counted in the round in which it was said; the last row has all rounds, also those in which "
        "other parts were hurt."
    )
    return f"{told}\n\n{_table(('round', 'said', 'ours repeated', 'Faust lost', 'Faust repeated'), rows)}"


def picture(found: Chaos) -> str:
    """An SVG that is readable on light and on dark ground: how long each fault lasted, and the recovery from it."""
    rows = found.injected
    longest = max((row.seconds + (row.recovery or 0) for row in rows), default=1)
    scale = LONGEST / longest
    height = TOP + STEP * len(rows) + 12
    recoveries = _recoveries(found)
    note = (
        f"grey: the fault; blue: from its end until all that waited is stored; "
        f"p50 {percentile(recoveries, 0.5):.1f} s, p99 {percentile(recoveries, 0.99):.1f} s"
    )
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" role="img">',
            f"<title>Recovery times</title><style>{STYLE}</style>",
            f'<text class="head" x="20" y="22">{found.survived} of {len(rows)} faults survived</text>',
            f'<text class="small" x="20" y="42">{escape(note)}</text>',
            *(_bar(row, TOP + STEP * number, scale) for number, row in enumerate(rows)),
            "</svg>\n",
        ]
    )


def _bar(row: Row, top: int, scale: float) -> str:
    fault, recovery = row.seconds * scale, (row.recovery or 0) * scale
    kind = "recovery" if row.survived else "broken"
    return (
        f'<text x="20" y="{top + 10}">{escape(row.name)}</text>'
        f'<rect class="fault" x="{LEFT}" y="{top}" width="{fault:.1f}" height="{BAR}"/>'
        f'<rect class="{kind}" x="{LEFT + fault:.1f}" y="{top}" width="{max(recovery, 1):.1f}" height="{BAR}"/>'
        f'<text class="small" x="{LEFT + fault + recovery + 6:.1f}" y="{top + 10}">{_seconds(row.recovery)}</text>'
    )


def _recoveries(found: Chaos) -> list[float]:
    return [row.recovery for row in found.injected if row.recovery is not None]


def _seconds(seconds: float | None) -> str:
    return "never" if seconds is None else f"{seconds:.1f} s"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    rule = ["---"] * len(head)
    return "\n".join(f"| {' | '.join(row)} |" for row in (head, rule, *rows))
