"""Jars are fetched once, are the locked ones, and say what is wrong when they are not."""

from __future__ import annotations

import functools
import hashlib
import http.server
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from normalizer.errors import Misconfigured, Retriable
from ops import engine
from ops.engine.jars import Jar, Lock, install, verify

pytestmark = pytest.mark.slow

CONTENT = {"one": b"the first jar", "two": b"the second jar" * 1000}


def locked(**contents: bytes) -> Lock:
    """A lock of jars with these contents."""
    return Lock(
        tuple(
            Jar(f"org.example:{name}:1.0", len(content), hashlib.sha256(content).hexdigest())
            for name, content in contents.items()
        )
    )


@pytest.fixture
def mirror(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """A Maven repository on this machine, named as a user names one; the value is what it was asked for."""
    for name, content in CONTENT.items():
        folder = tmp_path / "mirror" / "org" / "example" / name / "1.0"
        folder.mkdir(parents=True)
        (folder / f"{name}-1.0.jar").write_bytes(content)
    asked: list[str] = []

    class Handler(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *arguments: object) -> None:
            asked.append(str(arguments[1]))

    handler = functools.partial(Handler, directory=str(tmp_path / "mirror"))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        use_mirror(f"http://127.0.0.1:{server.server_port}", tmp_path, monkeypatch)
        yield asked
        server.shutdown()


def use_mirror(url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Name `url` as the mirror in jgo's configuration file."""
    (tmp_path / "jgo.conf").write_text(f"[repositories]\ncentral = {url}\n")
    monkeypatch.setenv("JGO_CONFIG_FILE", str(tmp_path / "jgo.conf"))


def test_jars_are_fetched_once(mirror: list[str], tmp_path: Path) -> None:
    """The second call finds everything and asks nobody."""
    lock, folder = locked(**CONTENT), tmp_path / "jars"
    paths = install(lock, folder)
    asked = len(mirror)
    assert paths == install(lock, folder)
    assert asked == len(mirror)
    assert list(CONTENT.values()) == [path.read_bytes() for path in paths]


@pytest.mark.usefixtures("mirror")
def test_progress_ends_at_all_bytes(tmp_path: Path) -> None:
    """The last report says that everything has been fetched."""
    reports: list[tuple[int, int]] = []
    install(locked(**CONTENT), tmp_path / "jars", lambda done, total: reports.append((done, total)))
    total = sum(map(len, CONTENT.values()))
    assert (total, total) == reports[-1]


@pytest.mark.usefixtures("mirror")
def test_nothing_is_reported_when_nothing_is_fetched(tmp_path: Path) -> None:
    """No bar flashes by at each start."""
    reports: list[tuple[int, int]] = []
    install(locked(**CONTENT), tmp_path / "jars")
    install(locked(**CONTENT), tmp_path / "jars", lambda done, total: reports.append((done, total)))
    assert reports == []


@pytest.mark.usefixtures("mirror")
def test_what_an_interrupted_run_left_does_no_harm(tmp_path: Path) -> None:
    """A half-fetched jar is never taken for a whole one."""
    half = tmp_path / "jars" / ".staging" / "org" / "example" / "one" / "1.0" / "one-1.0.jar"
    half.parent.mkdir(parents=True)
    half.write_bytes(b"the fir")
    assert list(CONTENT.values()) == [path.read_bytes() for path in install(locked(**CONTENT), tmp_path / "jars")]
    assert not (tmp_path / "jars" / ".staging").exists()


def test_many_at_once_fetch_each_jar_once(mirror: list[str], tmp_path: Path) -> None:
    """One fetches, the others wait for it."""
    lock, folder = locked(**CONTENT), tmp_path / "jars"
    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(lambda _: install(lock, folder), range(8)))
    assert [results[0]] * 8 == results
    assert len(CONTENT) == sum(".jar HTTP" in request for request in mirror)


@pytest.mark.usefixtures("mirror")
def test_a_jar_that_the_mirror_changed_is_refused(tmp_path: Path) -> None:
    """Bytes that are not the locked ones never get the name of a jar."""
    lock, folder = locked(one=b"what we expected"), tmp_path / "jars"
    with pytest.raises(Misconfigured, match=r"org\.example:one:1\.0, fetched .* SHA-256 .* nothing of it was run"):
        install(lock, folder)
    assert list(folder.glob("*.jar")) == []


def test_an_unreachable_mirror_is_worth_a_retry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The message names the jar, and where to name another mirror."""
    use_mirror("http://127.0.0.1:9", tmp_path, monkeypatch)
    with pytest.raises(Retriable, match=r"org\.example:one:1\.0 could not be fetched .* \[repositories\]"):
        install(locked(one=b"x"), tmp_path / "jars")


@pytest.mark.usefixtures("mirror")
def test_a_jar_that_the_mirror_lacks_is_told(tmp_path: Path) -> None:
    """As is one that is not there."""
    with pytest.raises(Retriable, match=r"org\.example:three:1\.0 could not be fetched"):
        install(locked(three=b"x"), tmp_path / "jars")


@pytest.mark.usefixtures("mirror")
def test_a_truncated_jar_is_found_at_the_next_start(tmp_path: Path) -> None:
    """Each start compares the sizes, and names the file and the remedy."""
    lock, folder = locked(**CONTENT), tmp_path / "jars"
    (path, _) = install(lock, folder)
    path.write_bytes(b"the fir")
    with pytest.raises(Misconfigured, match=r"one-1\.0\.jar .* 7 bytes, not 13.* Delete it"):
        install(lock, folder)


@pytest.mark.usefixtures("mirror")
def test_a_changed_jar_of_the_same_size_is_found_by_verify(tmp_path: Path) -> None:
    """`verify` reads every byte."""
    lock, folder = locked(**CONTENT), tmp_path / "jars"
    (path, _) = install(lock, folder)
    verify(lock, folder)
    path.write_bytes(b"the f1rst jar")
    with pytest.raises(Misconfigured, match=r"one-1\.0\.jar .* SHA-256"):
        verify(lock, folder)


def test_verify_names_a_missing_jar(tmp_path: Path) -> None:
    """And the command that fetches it."""
    with pytest.raises(Misconfigured, match=r"one-1\.0\.jar is missing: run `switchboard engine up`"):
        verify(locked(one=b"x"), tmp_path)


@pytest.mark.parametrize("name", ["kafka", "greenmail"])
def test_the_committed_locks_name_no_host(name: str) -> None:
    """They hold coordinates, sizes and hashes, each jar once; where to fetch is the user's business."""
    lock = Lock.load(name)
    assert len(lock.jars) == len({jar.filename for jar in lock.jars})
    assert all(len(jar.sha256) == 64 and jar.size > 0 for jar in lock.jars)
    assert "://" not in Path(engine.__file__).with_name(f"{name}.lock.toml").read_text()
