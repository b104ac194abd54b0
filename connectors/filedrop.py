"""Files that other programs drop into a folder: JSON lines, mbox, maildir, single mails.

Nothing is moved, flagged or deleted: other readers of the folder are not disturbed, and clearing it is its owner's business.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

import msgspec
from msgspec import Meta

from connectors._base import Blobs, Page, Poller
from connectors._filedrop.folder import Folder
from connectors._filedrop.framing import unquoted
from connectors._filedrop.growing import GrowingFiles
from connectors._filedrop.records import JSON, MBOX, UNREADABLE, Records
from connectors._filedrop.whole import WholeFiles
from connectors._mapping.reading import Reader
from connectors._mapping.reading import read as read_item
from connectors._mapping.settings import Mapping
from normalizer.errors import Misconfigured, Rejected
from normalizer.events import Message, RawEvent
from normalizer.mail.loops import OWN
from normalizer.mail.reading import read as read_mail
from normalizer.mail.trust import TRUSTED


class FileDropSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One folder.

    `format` says what its files are: ``jsonl`` (a JSON object a line; `mapping` says what is what), ``mbox`` (both grow at their end),
    ``maildir`` (`folder` is one; ``new`` and ``cur`` are read) or ``eml`` (a mail a file). `pattern` is what a path below the folder
    looks like, where ``*`` stands for any text: ``*.jsonl``. Files with a dot in front are left alone: write under such a name and
    rename. What ends without a sign that it is whole (a mail, the last mail of an mbox) is read when nobody has
    written for `quiet_seconds`. An item over `max_bytes` is published as its start, the whole going to the blob store. `page_size`
    items at most are published at once. `trusted_hosts` and `own` are as for mail.
    """

    folder: str
    format: Literal["jsonl", "mbox", "maildir", "eml"]
    pattern: str = "*"
    mapping: Mapping = Mapping()
    poll_seconds: Annotated[float, Meta(gt=0, le=3600)] = 5.0
    quiet_seconds: Annotated[float, Meta(ge=0.05, le=3600)] = 5.0
    max_bytes: Annotated[int, Meta(ge=1024, le=900_000)] = 512 << 10
    page_size: Annotated[int, Meta(ge=1, le=500)] = 200
    trusted_hosts: tuple[Annotated[str, Meta(pattern=r"^\S*$")], ...] = ()
    own: tuple[Annotated[str, Meta(pattern=r"^\S+$")], ...] = ()


class FileDrop(Poller[FileDropSettings]):
    """One folder; its one source is the folder.

    Delivery: at least once. The position is saved after Kafka has what lies before it. It goes by the time at which a file came to its
    place (ctime), so that it stays small however many files there are, and a file that is copied with an old date is not missed. A mail
    that is moved or flagged during a stop is read again and is a duplicate by its Message-ID.
    """

    channel: ClassVar[str] = "filedrop"
    settings_type: ClassVar[type[msgspec.Struct]] = FileDropSettings

    def __init__(self, account: str, settings: FileDropSettings, blobs: Blobs) -> None:
        super().__init__(account, settings, blobs)
        lists = {TRUSTED: settings.trusted_hosts, OWN: settings.own}
        told = {name: " ".join(listed) for name, listed in lists.items() if listed}
        reader = (
            Reader(settings.mapping, f"channels.filedrop.{account}.mapping") if settings.format == "jsonl" else None
        )
        maildir = settings.format == "maildir"
        self._folder = Folder(settings.folder, settings.pattern, ("new", "cur") if maildir else ())
        records = Records(account, blobs, reader, told, settings.max_bytes)
        kind = GrowingFiles if settings.format in ("jsonl", "mbox") else WholeFiles
        self._files: GrowingFiles | WholeFiles = kind(
            self._folder, records, settings.page_size, settings.poll_seconds, settings.quiet_seconds
        )

    def warnings(self) -> Sequence[str]:
        """What lies in the folder and cannot be read."""
        found = list(self._files.warnings())
        if self._folder.strangers:
            found.append(
                f"{self._folder.strangers} entries of {self.settings.folder} are links or may not be read, and are passed over: "
                "put plain files there"
            )
        return found

    def sources(self) -> Sequence[str]:
        """The folder, by its name."""
        return [Path(self.settings.folder).name or "files"]

    def receive(self, source: str, position: bytes | None, stop: threading.Event) -> Iterator[Page]:
        """Pages of items, for ever."""
        kind: Any = self._files.position
        try:
            place = kind() if position is None else msgspec.json.decode(position, type=kind)
        except msgspec.MsgspecError as error:
            raise Misconfigured(
                f"channels.filedrop.{self.account}: the saved place in {source} cannot be read ({error}), as after a change of "
                "`format`: write a tombstone over its cursor to read the folder anew"
            ) from error
        return self._files.pages(place, stop)

    @staticmethod
    def read(raw: RawEvent) -> tuple[Message, ...]:
        """The one message of a mail or a line. Raises `Rejected` for what cannot be read."""
        if why := raw.attributes.get(UNREADABLE):
            raise Rejected("unreadable", f"{raw.source_id} could not be read ({why}): make it readable in its folder")
        if raw.content_type == JSON:
            return read_item(raw)
        if raw.content_type == MBOX:
            raw = msgspec.structs.replace(raw, body=unquoted(raw.body))
        # A header may name any thread; only a mail provider's own interface would vouch for it.
        return tuple(
            msgspec.structs.replace(each, refs=msgspec.structs.replace(each.refs, provider=""))
            for each in read_mail(raw)
        )
