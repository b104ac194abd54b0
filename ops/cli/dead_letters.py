"""`switchboard dead-letters`: what could not be processed, why, and sending it again."""

from __future__ import annotations

import mimetypes
import sys
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from normalizer.errors import Misconfigured
from normalizer.wire import header
from ops import dead_letters, wiring
from ops.cli._progress import counting
from ops.cli._reach import reach
from ops.cli._session import session
from ops.cli._show import STDERR, STDOUT, AsJson, clean, lines, table
from ops.cli._when import Since, Until, utc
from ops.dead_letters import Which
from ops.outcomes import Outcome
from ops.redrive import redrive as send_again
from ops.view import View

app = typer.Typer(help="Records that no stage could process, with their original bytes.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="The id that `dead-letters list` shows.")]
Reason = Annotated[str, typer.Option(help="Only those that were set aside for this reason.")]
Stage = Annotated[str, typer.Option(help="Only those of this stage.")]
Topic = Annotated[str, typer.Option(help="Only those that came from this topic.")]
Channel = Annotated[str, typer.Option(help="Only those of this channel.")]
Wait = Annotated[float, typer.Option(min=0, help="Seconds without any news after which the rest is left in flight.")]


@app.command("list")
def list_(
    context: typer.Context,
    reason: Reason = "",
    stage: Stage = "",
    topic: Topic = "",
    channel: Channel = "",
    since: Since = None,
    until: Until = None,
    as_json: AsJson = False,
) -> None:
    """Those that nobody has sent again, oldest first."""
    which = Which(reason=reason, stage=stage, topic=topic, channel=channel, since=utc(since), until=utc(until))
    found = dead_letters.waiting(reach(session(context)), which)
    if as_json:
        lines(found)
        return
    rows = [(d.id, d.at, d.stage, d.reason, str(d.origin), d.size, d.error) for d in found]
    columns = ["id", "when", "stage", "reason", "record", "bytes#", "what to do"]
    STDOUT.print(table("Dead letters", columns, rows, empty="no dead letters"))


@app.command("groups")
def groups(context: typer.Context, as_json: AsJson = False) -> None:
    """By cause, the largest first: how many, since when, an example, what to do."""
    found = dead_letters.grouped(dead_letters.waiting(reach(session(context))))
    if as_json:
        lines(found)
        return
    rows = [(g.stage, g.reason, g.count, g.first, g.last, g.example, g.error) for g in found]
    columns = ["stage", "reason", "count#", "first", "last", "example", "what to do"]
    STDOUT.print(table("Dead letters by cause", columns, rows, empty="no dead letters"))


@app.command("show")
def show(
    context: typer.Context,
    name: Name,
    raw: Annotated[bool, typer.Option("--raw", help="Write the original bytes to standard output.")] = False,
    as_json: AsJson = False,
) -> None:
    """One dead letter: why it was set aside, its headers and the beginning of its bytes."""
    found = session(context)
    letter, record = dead_letters.fetch(reach(found), name)
    if raw:
        sys.stdout.buffer.write(dead_letters.whole(record, wiring.blobs(found.config)))
        return
    if as_json:
        lines([letter])
        return
    STDOUT.print(table(f"Dead letter {letter.id}", ["", " "], [
        ("stage", letter.stage), ("reason", letter.reason), ("error", letter.error), ("when", letter.at),
        ("record", str(letter.origin)), ("bytes", letter.size),
        *((name, value.decode("utf-8", "replace")) for name, value in record.headers),
    ]))  # fmt: skip
    STDOUT.print(clean(record.value[:2000].decode("utf-8", "replace"), lines=True), markup=False, highlight=False)


@app.command("download")
def download(
    context: typer.Context,
    folder: Annotated[Path, typer.Argument(help="Where to; it is made when it is not there.")],
    reason: Reason = "",
    stage: Stage = "",
    topic: Topic = "",
    channel: Channel = "",
    since: Since = None,
    until: Until = None,
) -> None:
    """The original bytes of many, a file each, and beside each what `list` says of it as JSON."""
    found = session(context)
    cluster, blobs = reach(found), wiring.blobs(found.config)
    which = Which(reason=reason, stage=stage, topic=topic, channel=channel, since=utc(since), until=utc(until))
    letters = dead_letters.waiting(cluster, which)
    folder.mkdir(parents=True, exist_ok=True)
    with View(cluster) as view, counting("dead letters") as told:
        for done, (letter, record) in enumerate(dead_letters.originals(view, letters), 1):
            # Named by the letter's id, which is digits: nothing that somebody sent decides where this is written.
            kind = (header(record.headers, "content-type") or "").partition(";")[0]
            (folder / f"{letter.id}{_ending(kind)}").write_bytes(dead_letters.whole(record, blobs))
            (folder / f"{letter.id}.letter.json").write_bytes(msgspec.json.encode(letter))
            told(done, len(letters))
    STDOUT.print(f"{len(letters)} dead letters are in {folder}", highlight=False, soft_wrap=True)


@app.command("redrive")
def redrive(
    context: typer.Context,
    names: Annotated[list[str] | None, typer.Argument(help="Which; see `dead-letters list`.")] = None,
    every: Annotated[bool, typer.Option("--all", help="All of them, or all that the other options choose.")] = False,
    reason: Reason = "",
    stage: Stage = "",
    topic: Topic = "",
    channel: Channel = "",
    since: Since = None,
    until: Until = None,
    wait: Wait = 60.0,
    as_json: AsJson = False,
) -> None:
    """Send dead letters through the current code again, and tell what became of each. Mend the cause first.

    Exit status 1 when one was set aside again, could not be sent, or had no outcome in time.
    """
    cluster = reach(session(context))
    which = Which(reason=reason, stage=stage, topic=topic, channel=channel, since=utc(since), until=utc(until))
    if (every or which != dead_letters.EVERY) == bool(names):
        raise Misconfigured("name the dead letters to redrive, or choose them with --reason, --stage … or --all")
    chosen = [dead_letters.fetch(cluster, name)[0] for name in names or ()] or dead_letters.waiting(cluster, which)
    with counting("outcomes") as told:
        found = sorted(send_again(cluster, chosen, wait, told), key=lambda outcome: outcome.letter)
    if as_json:
        lines(found)
    else:
        rows = [(o.letter, o.was, o.became.replace("_", " "), o.ticket_id, o.reason) for o in found]
        columns = ["id", "was set aside for", "became", "ticket", "reason"]
        STDOUT.print(table("Sent again", columns, rows, empty="there was nothing to send"))
        STDERR.print(_remark(found), style="dim", highlight=False, soft_wrap=True)
    if not all(outcome.well for outcome in found):
        raise typer.Exit(1)


def _remark(found: list[Outcome]) -> str:
    if any(outcome.became == "in_flight" for outcome in found):
        return "what is in flight waits for a stage: see `switchboard status`"
    return "a raw record that is sent again is a new record: the ledger counts it besides the old one"


def _ending(content_type: str) -> str:
    known = {"message/rfc822": ".eml", "application/json": ".json", "text/plain": ".txt"}
    return known.get(content_type) or mimetypes.guess_extension(content_type) or ".bin"
