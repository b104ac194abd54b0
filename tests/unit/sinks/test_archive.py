"""The archive: files by day, whole or not there, each event once in them whatever comes again."""

from __future__ import annotations

import gzip
import os
import resource
import stat
import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import fsspec  # type: ignore[import-untyped]  # no types
import msgspec
import pyarrow.parquet as parquet  # type: ignore[import-untyped]  # no types
import pytest
from hypothesis import given
from hypothesis import strategies as st

from normalizer.errors import Misconfigured, Retriable
from normalizer.events import Routed
from sinks._archived import JsonLines, Line, Parquet
from sinks._base import Place, Sink
from sinks.archive import Archive
from tests.conformance.sink import SinkContract, routed, unstorable

pytestmark = pytest.mark.slow

START = datetime(2026, 11, 25, 23, 59, 50, tzinfo=UTC)
EVENTS: Sequence[Routed] = [routed(number % 7, number // 7 + 1) for number in range(40)]
PLACES = [Place(3, 100 + number, START + timedelta(seconds=number)) for number in range(40)]


def read(folder: Path) -> list[tuple[str, Line]]:
    """Every line of every file, with the folder of its day."""
    return [
        (path.parent.name, msgspec.json.decode(line, type=Line))
        for path in sorted(folder.rglob("*.jsonl.gz"))
        for line in gzip.decompress(path.read_bytes()).splitlines()
    ]


def opened(folder: Path, **settings: str) -> Archive:
    """An archive in a folder."""
    made = Archive(folder.as_uri(), **settings)  # type: ignore[arg-type]  # only the form
    made.open()
    return made


class TestArchive(SinkContract):
    """Keeps the contract of destinations."""

    def make(self, folder: Path) -> Sink:
        """Files in the folder."""
        return Archive((folder / "archive").absolute().as_uri())

    def contents(self, sink: Sink) -> object:
        """Its events; these come from no topic, so that repeats are told by their names only."""
        assert isinstance(sink, Archive)
        return sorted({(line.id, bytes(line.event)) for _, line in read(Path(sink._root))})


def test_a_batch_is_a_file_of_its_day(tmp_path: Path) -> None:
    """Named by partition and offsets; one batch over midnight is two files; lines are the events as they were."""
    sink = opened(tmp_path)
    assert not sink.write_from(EVENTS, PLACES)
    found = read(tmp_path)
    assert [line.offset for _, line in found] == list(range(100, 140))
    assert [day for day, _ in found] == ["date=2026-11-25"] * 10 + ["date=2026-11-26"] * 30
    assert [msgspec.json.decode(line.event, type=Routed) for _, line in found] == EVENTS
    names = sorted(path.name.rpartition("-")[0] for path in tmp_path.rglob("*.gz"))
    assert names == [f"00003-{first:020}-{last:020}" for first, last in ((100, 109), (110, 139))]


@given(st.lists(st.tuples(st.integers(0, 39), st.integers(1, 40)), max_size=8), st.sampled_from(["jsonl", "parquet"]))
def test_whatever_comes_again_is_there_once(
    tmp_path_factory: pytest.TempPathFactory, again: Sequence[tuple[int, int]], form: str
) -> None:
    """Batches begin anywhere, are cut anywhere and overlap, as after crashes and rebalances; by different processes."""
    folder = tmp_path_factory.mktemp("archive")
    for start, size in [*again, (0, 40)]:
        assert not opened(folder, form=form).write_from(EVENTS[start : start + size], PLACES[start : start + size])
    offsets = (
        [line.offset for _, line in read(folder)]
        if form == "jsonl"
        else [n for path in folder.rglob("*.parquet") for n in parquet.read_table(path)["offset"].to_pylist()]
    )
    assert sorted(offsets) == list(range(100, 140))


def test_a_topic_that_was_made_anew_loses_nothing(tmp_path: Path) -> None:
    """The same offsets with other events are other events."""
    sink = opened(tmp_path)
    sink.write_from(EVENTS[:20], PLACES[:20])
    sink.write_from(EVENTS[20:], PLACES[:20])
    assert len(read(tmp_path)) == 40


def test_partitions_are_told_apart(tmp_path: Path) -> None:
    """The same offsets of another partition are others, too, and go into a file of their own."""
    sink = opened(tmp_path)
    other = [place._replace(partition=4) for place in PLACES[:5]]
    sink.write_from(EVENTS[:5], PLACES[:5])
    sink.write_from([*EVENTS[:5], *EVENTS[:5]], [*PLACES[:5], *other])
    assert [line.partition for _, line in read(tmp_path)] == [3] * 5 + [4] * 5
    assert [path.name[:5] for path in sorted(tmp_path.rglob("*.gz"))] == ["00003", "00004"]


def test_parquet_has_columns_to_ask_for(tmp_path: Path) -> None:
    """Those that one filters by, and the event whole."""
    sink = opened(tmp_path, form="parquet")
    assert not sink.write_from([unstorable(9, 1), *EVENTS[:9]][1:], PLACES[:9])
    (path,) = tmp_path.rglob("*.parquet")
    rows = parquet.read_table(path).to_pylist()
    assert [msgspec.json.decode(row["event"], type=Routed) for row in rows] == EVENTS[:9]
    assert {name: rows[0][name] for name in ("partition", "offset", "revision", "status", "queue", "at")} == {
        "partition": 3, "offset": 100, "revision": 1, "status": "open", "queue": "queue-1", "at": START,
    }  # fmt: skip


def test_the_same_events_are_the_same_bytes() -> None:
    """No clock stands in a file."""
    lines = [Line(1, 2, "2026-11-25T00:00:00.000000+00:00", "x", msgspec.Raw(b"{}"))]
    for form in (JsonLines(), Parquet()):
        assert form.file(lines, [EVENTS[0]]) == form.file(lines, [EVENTS[0]])


def test_a_remote_store_takes_files_whole() -> None:
    """By one put, in whatever fsspec reaches."""
    sink = Archive("memory://archive-test")
    sink.open()
    assert not sink.write_from(EVENTS, PLACES)
    assert not sink.write_from(EVENTS[5:30], PLACES[5:30])
    found = fsspec.filesystem("memory").find("/archive-test")
    assert [name.split("/")[2] for name in found] == ["date=2026-11-25", "date=2026-11-26"]


def test_what_a_killed_process_left_is_no_file_of_the_archive(tmp_path: Path) -> None:
    """It was not renamed yet: nobody reads it."""
    sink = opened(tmp_path)
    day = tmp_path / "date=2026-11-25"
    day.mkdir()
    (day / ".incoming-abc").write_bytes(b"half")
    sink.write_from(EVENTS[:5], PLACES[:5])
    assert len(read(tmp_path)) == 5


def test_what_cannot_be_written_is_named(tmp_path: Path) -> None:
    """A place that is none, a scheme that is unknown; a folder that is gone comes again."""
    (tmp_path / "file").write_text("")
    with pytest.raises(
        Misconfigured, match=r"cannot be written \(.*\): let this user write there, or choose another url"
    ):
        Archive((tmp_path / "file").as_uri()).open()
    with pytest.raises(Misconfigured, match=r"starts with gopher://, which cannot be used here .*: set a file:// url"):
        Archive("gopher://x/y")
    sink = opened(tmp_path / "a")
    (tmp_path / "a").rmdir()
    assert not sink.write_from(EVENTS[:1], PLACES[:1])


def test_a_disk_that_takes_no_more_is_waited_for(tmp_path: Path) -> None:
    """Here a limit of this process on the size of files; nothing of the batch is left behind, and later it goes in."""
    sink = opened(tmp_path)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, limits[1]))
    try:
        with pytest.raises(Retriable, match=r"takes nothing now \(File too large\): make room, or look at it"):
            sink.write_from(EVENTS[:9], PLACES[:9])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
    assert not sink.write_from(EVENTS[:9], PLACES[:9])


def test_parquet_needs_pyarrow() -> None:
    """Where it is not installed, the message says how to get it, and what works without."""
    code = "import sys; sys.modules['pyarrow'] = None; from sinks.archive import Archive; Archive('memory://x', form='parquet')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "needs pyarrow, which is not installed: install switchboard[parquet], or set format" in done.stderr


def test_files_are_not_for_everybody(tmp_path: Path) -> None:
    """They hold what customers wrote."""
    opened(tmp_path).write_from(EVENTS[:1], PLACES[:1])
    (path,) = tmp_path.rglob("*.gz")
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o640  # noqa: PTH116 - the mode of the file itself
