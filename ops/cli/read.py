"""`switchboard read`: what would be made of these files? Pure, and no Kafka."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from normalizer.errors import Rejected
from normalizer.events import Bounce, Contact, Forwarded, Message, RawEvent
from ops.cli._files import Paths, files, raw_file, reader
from ops.cli._show import lines

app = typer.Typer()


@app.command()
def read(
    name: Annotated[str, typer.Argument(metavar="CHANNEL", help="The channel whose reader to use: mail, webform …")],
    paths: Paths,
) -> None:
    """How would these raw items be read? One JSON line for each message, in the order of the files.

    A file that the channel's reader rejects gives a line with the reason, and the next file is read. Exit status 1 when there
    was one.
    """
    read_raw = reader(name)
    rejected: list[Path] = []
    lines(line for path in files(paths) for line in _read(read_raw, name, path, rejected))
    if rejected:
        raise typer.Exit(1)


def _read(
    read_raw: Callable[[RawEvent], Sequence[Message]], name: str, path: Path, rejected: list[Path]
) -> Iterator[dict[str, Any]]:
    try:
        messages = read_raw(raw_file(name, path))
    except Rejected as error:
        rejected.append(path)
        yield {"path": str(path), "rejected": error.reason, "because": str(error)}
        return
    for message in messages:
        bare = tuple(msgspec.structs.replace(attachment, content=None) for attachment in message.attachments)
        yield {
            "path": str(path),
            "kind": message.kind,
            "subject": message.subject,
            "visible_text": message.visible_text,
            "forwarded": _forwarded(message.forwarded),
            "bounce": _bounce(message.bounces),
            "message": msgspec.structs.replace(message, attachments=bare),
        }


def _forwarded(found: Forwarded | None) -> dict[str, Any] | None:
    if found is None:
        return None
    return {
        "from": _contact(found.sender),
        "to": [_contact(contact) for contact in found.to],
        "cc": [_contact(contact) for contact in found.cc],
        "subject": found.subject,
        "date": found.sent,
        "body": found.text,
    }


def _contact(found: Contact | None) -> dict[str, str] | None:
    return None if found is None else {"address": found.address, "name": found.name}


def _bounce(found: tuple[Bounce, ...]) -> dict[str, Any] | None:
    if not found:
        return None
    first = found[0]
    return {
        "addresses": [bounce.address for bounce in found],
        "hard": any(bounce.hard for bounce in found),
        "status": first.status,
        "reason": first.reason,
        "recipients": found,
    }
