"""`switchboard dead-letters`: what could not be processed, why, and sending it again."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from normalizer.errors import Misconfigured
from ops import dead_letters
from ops.cli._reach import reach
from ops.cli._session import session
from ops.cli._show import STDOUT, AsJson, clean, lines, table

app = typer.Typer(help="Records that no stage could process, with their original bytes.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="The id that `dead-letters list` shows.")]
Reason = Annotated[str, typer.Option(help="Only those that were set aside for this reason.")]


@app.command("list")
def list_(context: typer.Context, reason: Reason = "", as_json: AsJson = False) -> None:
    """Those that nobody has sent again, oldest first."""
    found = dead_letters.waiting(reach(session(context)), reason)
    if as_json:
        lines(found)
        return
    rows = [(d.id, d.at, d.stage, d.reason, f"{d.topic}/{d.partition}/{d.offset}", d.size, d.error) for d in found]
    columns = ["id", "when", "stage", "reason", "record", "bytes#", "what to do"]
    STDOUT.print(table("Dead letters", columns, rows, empty="no dead letters"))


@app.command("show")
def show(
    context: typer.Context,
    name: Name,
    raw: Annotated[bool, typer.Option("--raw", help="Write the original bytes to standard output.")] = False,
    as_json: AsJson = False,
) -> None:
    """One dead letter: why it was set aside, its headers and the beginning of its bytes."""
    letter, record = dead_letters.fetch(reach(session(context)), name)
    if raw:
        sys.stdout.buffer.write(record.value)
        return
    if as_json:
        lines([letter])
        return
    STDOUT.print(table(f"Dead letter {letter.id}", ["", " "], [
        ("stage", letter.stage), ("reason", letter.reason), ("error", letter.error), ("when", letter.at),
        ("record", f"{letter.topic}/{letter.partition}/{letter.offset}"), ("bytes", letter.size),
        *((name, value.decode("utf-8", "replace")) for name, value in record.headers),
    ]))  # fmt: skip
    STDOUT.print(clean(record.value[:2000].decode("utf-8", "replace"), lines=True), markup=False, highlight=False)


@app.command("redrive")
def redrive(
    context: typer.Context,
    names: Annotated[list[str] | None, typer.Argument(help="Which; see `dead-letters list`.")] = None,
    every: Annotated[bool, typer.Option("--all", help="All of them, or all of --reason.")] = False,
    reason: Reason = "",
    as_json: AsJson = False,
) -> None:
    """Send dead letters through the current code again: mend the cause first."""
    cluster = reach(session(context))
    if every == bool(names):
        raise Misconfigured("name the dead letters to redrive, or give --all (and --reason to narrow it)")
    chosen = [letter.id for letter in dead_letters.waiting(cluster, reason)] if every else names or []
    sent = dead_letters.redrive(cluster, chosen)
    if as_json:
        lines(sent)
    else:
        rows = [(d.id, d.topic, d.reason) for d in sent]
        STDOUT.print(table("Sent again", ["id", "to", "was set aside for"], rows, empty="there was nothing to send"))
