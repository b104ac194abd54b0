"""A file drop keeps what every connector and every poller keeps; lines of JSON."""

from __future__ import annotations

import gzip
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar

import msgspec
import pytest

from connectors._blobs import BlobStore
from connectors.filedrop import FileDrop, FileDropSettings
from normalizer.errors import Misconfigured, Rejected, Retriable
from normalizer.events import RawEvent
from tests.conformance.connector import ConnectorContract
from tests.conformance.poller import PollerContract, Source
from tests.unit.connectors.filedrop_folder import Drop, mail

pytestmark = pytest.mark.slow


def line(name: str, text: str = "hello") -> bytes:
    """A line of JSON."""
    return msgspec.json.encode({"id": name, "email": "ann@example.com", "text": text}) + b"\n"


class Lines(Drop):
    """Two files of lines, written to in turns."""

    def __init__(self, root: Path, **settings: Any) -> None:
        super().__init__(root, format="jsonl", **settings)

    def append(self, content: bytes, name: str = "a.jsonl") -> Path:
        """Write at a file's end."""
        with (self.folder / name).open("ab") as file:
            file.write(content)
        return self.folder / name

    def put_files(self, numbers: range) -> None:
        """A file of one line for each number."""
        for number in numbers:
            self.append(line(f"{number}"), f"{number}.jsonl")

    def put(self, number: int) -> list[str]:
        """Good lines."""
        names = [f"visitor-{next(self.numbers)}" for _ in range(number)]
        for index, name in enumerate(names):
            self.append(line(name), "ab"[index % 2] + ".jsonl")
        return names

    def put_bad(self) -> None:
        """No JSON."""
        self.append(b'\xff{"id"\n')

    def told(self, raw: RawEvent) -> str:
        """The id in a line."""
        try:
            return str(msgspec.json.decode(raw.body)["id"])
        except msgspec.MsgspecError:
            return ""


class TestFileDropReads(ConnectorContract):
    """The eye."""

    connector: ClassVar[type[FileDrop]] = FileDrop
    secret: ClassVar[str] = ""

    def settings(self) -> dict[str, Any]:
        """As in a configuration file."""
        return {"folder": "drop", "format": "jsonl"}

    def samples(self) -> Sequence[RawEvent]:
        """A line, a mail, a mail of an mbox."""
        now = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
        made = RawEvent(
            channel="filedrop",
            account="main",
            source_id="a.jsonl;1;0",
            body=line("7"),
            content_type="application/json",
            received_at=now,
            attributes={"mapping": '{"text":"text"}', "file": "a.jsonl"},
        )
        mbox = b"From ann@example.com Fri Jan  2 03:04:05 2026\n" + mail("1", ">From here on\n")
        return [
            made,
            msgspec.structs.replace(made, body=mail("1"), content_type="message/rfc822", attributes={}),
            msgspec.structs.replace(made, body=mbox, content_type="application/mbox", attributes={}),
        ]


class TestFileDropReceives(PollerContract):
    """The hand, over lines."""

    connector: ClassVar[type[FileDrop]] = FileDrop

    @pytest.fixture
    def source(self, tmp_path: Path) -> Source:
        """A folder of this test's own."""
        return Lines(tmp_path)


@pytest.fixture
def drop(tmp_path: Path) -> Lines:
    """A folder of lines."""
    return Lines(tmp_path)


def test_half_a_line_is_never_read(drop: Lines) -> None:
    """It waits for its end, and the account says so; when the end comes it is one message."""
    drop.append(line("1") + b'{"id": "2", "text": "half')
    poller = drop.poller()
    assert len(drop.idle(poller)) == 1
    assert poller.warnings() == (
        ["a.jsonl ends in the middle of a line, 25 bytes wait for its end: complete it, or remove the file"]
    )
    drop.append(b' and half"}\n')
    drop.until(2)
    assert [message.text for message in drop.messages()] == ["hello", "half and half"]


def test_a_last_line_without_an_end_is_read_when_it_is_whole(drop: Lines) -> None:
    """Many programs write one object into a file and no line end."""
    drop.append(line("1").strip())
    drop.until(1)
    drop.append(b"\n" + line("2"))
    assert [raw.body for raw in drop.until(2)] == [line("1").strip(), line("2").strip()]


def test_a_rotated_file_is_read_on(drop: Lines) -> None:
    """Under another name it is the same file, and a new one of the old name is another."""
    old = drop.append(line("1"))
    drop.until(1)
    drop.append(line("2"))
    old.rename(drop.folder / "a.jsonl.1")
    drop.append(line("3"))
    drop.until(3)
    assert sorted(drop.told(raw) for raw in drop.idle()) == ["1", "2", "3"]


def test_a_truncated_file_is_read_anew(drop: Lines) -> None:
    """Whether it is shorter then, or already longer than what was read."""
    path = drop.append(line("1") + line("2"))
    drop.until(2)
    path.write_bytes(line("3"))
    drop.until(3)
    path.write_bytes(line("4") + line("5") + line("6"))
    drop.until(6)
    assert [drop.told(raw) for raw in drop.records()] == ["1", "2", "3", "4", "5", "6"]
    assert len({raw.source_id for raw in drop.records()}) == 6


def test_a_file_that_vanishes_is_forgotten(drop: Lines) -> None:
    """Its place goes with it; another file with its inode is another file."""
    for number in range(6):
        path = drop.append(line(f"{number}"))
        drop.until(number + 1)
        path.unlink()
    assert len(drop.idle()) == 6
    (drop.folder / "b.jsonl").write_bytes(line("last"))
    drop.until(7)
    assert len(msgspec.json.decode(drop.kafka.positions["filedrop/main/drop"])["tails"]) == 1


def test_the_position_stays_small_however_many_files(tmp_path: Path) -> None:
    """Files that were read long ago are not in it, and are not read again; a flood of new ones holds up nothing."""
    drop = Lines(tmp_path, quiet_seconds=0.2)
    drop.put_files(range(100))
    time.sleep(0.25)
    drop.put_files(range(100, 400))
    drop.until(400)
    drop.append(line("one more"), "5.jsonl")
    drop.append(line("another"), "new.jsonl")
    drop.idle(seconds=0.5)
    assert {drop.told(raw) for raw in drop.records()} == {*map(str, range(400)), "one more", "another"}
    assert len(drop.kafka.positions["filedrop/main/drop"]) < 50_000


def test_a_line_of_a_megabyte_is_in_the_blob_store(drop: Lines) -> None:
    """It is counted and set aside, and the next line arrives."""
    long = line("1", "x" * 1_000_000)
    drop.append(long + line("2"))
    first, second = drop.until(2)
    assert drop.blobs.get(first.dataref or "") == long
    with pytest.raises(Rejected, match="whole in the blob store"):
        FileDrop.read(first)
    assert drop.told(second) == "2"


def test_garbage_is_published_and_set_aside(drop: Lines) -> None:
    """Bytes of anything, and compressed files too; empty files and lines hold nothing."""
    drop.append(b"\n\n" + bytes(range(256)) + b"\n[1]\n7\n")
    drop.append(gzip.compress(line("1")) + b"\n", "b.jsonl.gz")
    drop.append(b"", "c.jsonl")
    reasons = []
    for raw in drop.until(4):
        with pytest.raises(Rejected) as rejected:
            FileDrop.read(raw)
        reasons.append(rejected.value.reason)
    assert set(reasons) == {"not-json", "not-an-object"}


def test_only_files_below_the_folder_are_read(drop: Lines) -> None:
    """Links lead elsewhere, pipes would hold us up; they are passed over, and the account says so."""
    secret = drop.root / "secret.jsonl"
    secret.write_bytes(line("secret"))
    (drop.root / "private").mkdir()
    (drop.root / "private" / "x.jsonl").write_bytes(line("secret"))
    (drop.folder / "link.jsonl").symlink_to(secret)
    (drop.folder / "links").symlink_to(drop.root / "private")
    (drop.folder / ".hidden.jsonl").write_bytes(line("hidden"))
    (drop.folder / "below").mkdir()
    (drop.folder / "below" / "a\udcff.jsonl").write_bytes(line("good"))
    poller = drop.poller()
    assert [drop.told(raw) for raw in drop.idle(poller)] == ["good"]
    assert drop.records()[0].attributes["file"] == "below/a\\xff.jsonl"
    assert "links or may not be read" in poller.warnings()[0]


def test_a_link_that_takes_a_files_place_is_not_followed(drop: Lines) -> None:
    """Between listing and opening somebody may exchange them."""
    secret = drop.root / "secret"
    secret.write_bytes(line("secret"))
    folder = drop.poller()._folder
    path = drop.append(line("1"))
    (found,) = folder.files()
    path.unlink()
    path.symlink_to(secret)
    with pytest.raises(OSError, match="symbolic links"):
        folder.open(found.path)


def test_a_pattern_chooses_files(tmp_path: Path) -> None:
    """By their path below the folder."""
    drop = Lines(tmp_path, pattern="*.jsonl")
    drop.append(line("1"))
    drop.append(line("2"), "a.txt")
    assert [drop.told(raw) for raw in drop.idle()] == ["1"]


def test_a_line_may_hold_a_batch(tmp_path: Path) -> None:
    """Each item is a record of its own."""
    drop = Lines(tmp_path, mapping={"items": "events", "fields": {"shop": "_beside.shop"}})
    drop.append(b'{"shop": "main", "events": [{"text": "a"}, {"text": "b"}, 3]}\n{"text": "c"}\n')
    *good, bad, last = drop.until(4)
    assert [(m.text, m.fields) for raw in good for m in FileDrop.read(raw)] == [
        ("a", {"shop": "main"}),
        ("b", {"shop": "main"}),
    ]
    with pytest.raises(Rejected, match="is JSON and no object"):
        FileDrop.read(bad)
    assert FileDrop.read(last)[0].degradations == ("no-id", "no-items", "no-sender")
    assert len({raw.source_id for raw in drop.records()}) == 4


def test_a_folder_that_is_away_is_asked_again(tmp_path: Path) -> None:
    """And a mapping or a place that cannot work is for a person."""
    settings = FileDropSettings(folder=str(tmp_path / "none"), format="jsonl")
    poller = FileDrop("main", settings, BlobStore(tmp_path.as_uri()))
    with pytest.raises(Retriable, match=r"none cannot be read .*: make it"):
        poller._folder.files()
    with pytest.raises(Misconfigured, match="write a tombstone over its cursor"):
        poller.receive("none", b'{"at": 1, "name": "new/x"}', None)  # type: ignore[arg-type]  # it does not come so far
    with pytest.raises(Misconfigured, match=r"channels\.filedrop\.main\.mapping\.text"):
        FileDrop(
            "main",
            msgspec.convert({"folder": "x", "format": "jsonl", "mapping": {"text": "["}}, FileDropSettings),
            poller.blobs,
        )
