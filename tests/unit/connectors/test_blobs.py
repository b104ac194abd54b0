"""The blob store keeps what it was given, under the name of its content."""

import hashlib
import os
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors._base import Blobs
from connectors._blobs import BlobStore
from normalizer.errors import Misconfigured, Rejected, Retriable

CONTENT = b"a small attachment"
REFERENCE = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture(params=["file", "memory"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> BlobStore:
    """A store of each kind."""
    return BlobStore(f"file://{tmp_path}/blobs" if request.param == "file" else f"memory://{tmp_path.name}")


def files(folder: Path) -> list[str]:
    """The names of all files under a folder."""
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_keeps_the_contract(store: BlobStore) -> None:
    """A store is what connectors ask for."""
    blobs: Blobs = store
    assert blobs.get(blobs.put(CONTENT)) == CONTENT


def test_reference_is_the_sha256_of_the_content(store: BlobStore) -> None:
    """Anybody can compute the name of a blob."""
    assert store.put(CONTENT) == REFERENCE
    assert store.exists(REFERENCE) is True


@given(content=st.binary(max_size=300))
def test_any_bytes_come_back(content: bytes) -> None:
    """Whatever was put is what is got."""
    store = BlobStore("memory://any-bytes")
    assert store.get(store.put(content)) == content


@given(chunks=st.lists(st.binary(max_size=50), max_size=8))
def test_a_stream_is_the_concatenation_of_its_chunks(chunks: list[bytes]) -> None:
    """How content was cut makes no difference to its name."""
    store = BlobStore("memory://streams")
    assert store.put_stream(chunks) == store.put(b"".join(chunks))


def test_opens_a_stream(store: BlobStore) -> None:
    """What is too large for memory can be read piece by piece."""
    with store.open(store.put(CONTENT)) as file:
        assert file.read(7) == CONTENT[:7]
        assert file.read() == CONTENT[7:]


def test_absent_blob_is_a_key_error(store: BlobStore) -> None:
    """Nothing is behind a reference that was never put."""
    assert store.exists(REFERENCE) is False
    with pytest.raises(KeyError):
        store.get(REFERENCE)
    with pytest.raises(KeyError):
        store.open(REFERENCE)


@pytest.mark.parametrize("reference", ["", "../../etc/passwd", REFERENCE.upper(), REFERENCE + "\n", REFERENCE[:-1]])
def test_only_a_hash_names_a_blob(store: BlobStore, reference: str) -> None:
    """A reference from outside cannot leave the store."""
    with pytest.raises(KeyError):
        store.get(reference)
    with pytest.raises(KeyError):
        store.exists(reference)


def test_putting_twice_keeps_one_file(tmp_path: Path) -> None:
    """The same bytes are stored once, in a sharded folder, and nothing temporary is left."""
    store = BlobStore(f"file://{tmp_path}")
    assert [store.put(CONTENT), store.put(CONTENT), store.put_stream([CONTENT])] == [REFERENCE] * 3
    assert files(tmp_path) == [f"{REFERENCE[:2]}/{REFERENCE[2:4]}/{REFERENCE}"]


def test_failing_source_stores_nothing(tmp_path: Path) -> None:
    """A stream that breaks half way leaves no blob and no temporary file."""

    def breaking() -> Iterator[bytes]:
        yield CONTENT
        raise ConnectionResetError("the peer went away")

    with pytest.raises(ConnectionResetError):
        BlobStore(f"file://{tmp_path}").put_stream(breaking())
    assert files(tmp_path) == []


def test_changed_bytes_are_refused(tmp_path: Path) -> None:
    """A blob that the disk has changed is never given out as the original."""
    store = BlobStore(f"file://{tmp_path}")
    store.put(CONTENT)
    _only(tmp_path).write_bytes(b"other")
    with pytest.raises(Rejected, match=rf"blob {REFERENCE} .* restore it from a backup, then redrive") as caught:
        store.get(REFERENCE)
    assert caught.value.reason == "broken-blob"


def _only(folder: Path) -> Path:
    (name,) = files(folder)
    return folder / name


def test_putting_again_heals_a_short_blob(tmp_path: Path) -> None:
    """A blob that was cut by a disk is written again when its content is at hand."""
    store = BlobStore(f"file://{tmp_path}")
    store.put(CONTENT)
    _only(tmp_path).write_bytes(CONTENT[:3])
    store.put(CONTENT)
    assert store.get(REFERENCE) == CONTENT


def test_abandoned_temporary_files_are_removed_after_a_day(tmp_path: Path) -> None:
    """What a killed process left is tidied up; what may still be in use is kept."""
    incoming = tmp_path / "incoming"
    incoming.mkdir()
    for name, age in (("blob-old", 25 * 3600), ("blob-new", 60)):
        (incoming / name).write_bytes(b"half")
        os.utime(incoming / name, (time.time() - age,) * 2)
    BlobStore(f"file://{tmp_path}")
    assert files(incoming) == ["blob-new"]


def _put_many(url: str) -> set[str]:
    store = BlobStore(url)
    return {store.put(b"%d" % number * 5000) for number in range(20)}


@pytest.mark.engine
def test_processes_may_put_the_same_blobs_at_once(tmp_path: Path) -> None:
    """Several writers of one store do not disturb each other."""
    url = f"file://{tmp_path}"
    with ProcessPoolExecutor(3, mp_context=get_context("spawn")) as pool:
        found = list(pool.map(_put_many, [url] * 3))
    store = BlobStore(url)
    assert found[0] == found[1] == found[2]
    assert all(hashlib.sha256(store.get(reference)).hexdigest() == reference for reference in found[0])
    assert len(files(tmp_path)) == 20


def test_unknown_scheme_names_the_remedy() -> None:
    """A url that no driver serves is a matter for a person, and its secrets stay out of the message."""
    with pytest.raises(Misconfigured, match=r"starts with nonsense://.* set a file:// url") as caught:
        BlobStore("nonsense://key:secret@bucket")
    assert "secret" not in str(caught.value)


def test_folder_that_cannot_be_made_names_the_remedy(tmp_path: Path) -> None:
    """A path through a file is a matter for a person."""
    (tmp_path / "file").touch()
    with pytest.raises(Misconfigured, match=r"folder .*/file/blobs cannot be made \(Not a directory\): give the"):
        BlobStore(f"file://{tmp_path}/file/blobs")


def test_trouble_with_the_disk_is_retriable(tmp_path: Path) -> None:
    """A store that is away comes back: nobody acknowledges what it did not take."""
    store = BlobStore(f"file://{tmp_path}/blobs")
    (tmp_path / "blobs" / "incoming").rmdir()
    with pytest.raises(Retriable, match=r"cannot store a blob now .* free some space or repair the store"):
        store.put(CONTENT)
