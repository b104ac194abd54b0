"""Files as raw events, for the commands that read without Kafka."""

from __future__ import annotations

import gc
import mimetypes
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from normalizer.errors import Misconfigured
from normalizer.events import Message, RawEvent
from ops.channels import channel

Paths = Annotated[list[Path], typer.Argument(help="Files, or folders of files.")]


def files(paths: list[Path]) -> Iterator[Path]:
    """The files among `paths`, and those in the folders among them by name. Raises `Misconfigured` for none."""
    for path in paths:
        if path.is_dir():
            yield from sorted(found for found in path.rglob("*") if found.is_file())
        elif path.is_file():
            yield path
        else:
            raise Misconfigured(f"there is no file {path}: name files, or folders of files")


def reader(name: str) -> Callable[[RawEvent], Sequence[Message]]:
    """How the channel of that name reads. Raises `Misconfigured` for a name that is none."""
    read = channel(name).read
    gc.freeze()  # what was imported stays: to look for waste among it is a tenth of the time of reading
    return read


def raw_file(name: str, path: Path) -> RawEvent:
    """What a connector of that channel would have made of the file; received when the file was last written."""
    return RawEvent(
        channel=name,
        account="file",
        source_id=str(path),
        body=path.read_bytes(),
        content_type="message/rfc822" if name == "mail" else mimetypes.guess_type(path)[0] or "application/json",
        received_at=datetime.fromtimestamp(path.stat().st_mtime, UTC),
    )
