"""`switchboard read` and `switchboard thread`: what would be made of these files? Pure, and no Kafka."""

from __future__ import annotations

import mimetypes
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from normalizer.errors import Misconfigured, Rejected
from normalizer.events import Bounce, Contact, Forwarded, RawEvent
from normalizer.threads import facts, place
from ops.channels import channel
from ops.cli._show import lines

Paths = Annotated[list[Path], typer.Argument(help="Files, or folders of files.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("read")(read)
    app.command("thread")(thread)


def read(
    name: Annotated[str, typer.Argument(metavar="CHANNEL", help="The channel whose reader to use: mail, webform …")],
    paths: Paths,
) -> None:
    """How would these raw items be read? One JSON line for each message, in the order of the files.

    A file that the channel's reader rejects gives a line with the reason, and the next file is read.
    """
    lines(line for path in _files(paths) for line in _read(name, path))


def thread(paths: Paths) -> None:
    """Which conversation would each mail be in, and why? One JSON line for each file.

    The conversations are those after all files are known, so the order of the files does not matter.
    """
    state = _Memory()
    read_mail = channel("mail").read
    messages = ((path, message) for path in _files(paths) for message in read_mail(_raw("mail", path)))
    found = [(path, facts(message), place(facts(message), state)) for path, message in messages]
    lines(
        {
            "path": str(path),
            "thread": place(message, state).conversation_id,
            "rule": first.rule,
            "because": first.because,
            "message_id": message.own,
            "related_to": first.related_to,
        }
        for path, message, first in found
    )


class _Memory(dict[bytes, bytes]):
    """The memory of a `thread` that ends with the command."""

    def set(self, key: bytes, value: bytes) -> None:
        self[key] = value


def _files(paths: list[Path]) -> Iterator[Path]:
    for path in paths:
        if path.is_dir():
            yield from sorted(found for found in path.rglob("*") if found.is_file())
        elif path.is_file():
            yield path
        else:
            raise Misconfigured(f"there is no file {path}: name files, or folders of files")


def _raw(name: str, path: Path) -> RawEvent:
    guessed = mimetypes.guess_type(path)[0] or "application/json"
    return RawEvent(
        channel=name,
        account="file",
        source_id=str(path),
        body=path.read_bytes(),
        content_type="message/rfc822" if name == "mail" else guessed,
        received_at=datetime.fromtimestamp(path.stat().st_mtime, UTC),
    )


def _read(name: str, path: Path) -> Iterator[dict[str, Any]]:
    try:
        messages = channel(name).read(_raw(name, path))
    except Rejected as error:
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
