"""The Java archives of the local engines: named by a committed lock file, fetched once per user, checked.

A lock file lists every jar with its Maven coordinate, size and SHA-256, so no dependency is resolved at
run time and nothing but those very bytes is ever run.
"""

from __future__ import annotations

import hashlib
import shutil
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import msgspec
import platformdirs
import truststore
from filelock import FileLock
from jgo.config import GlobalSettings
from jgo.constants import MAVEN_CENTRAL_URL
from jgo.maven import MavenContext, PythonResolver

from normalizer.errors import Misconfigured, Retriable

Progress = Callable[[int, int], None]
"""Told how many bytes have been fetched, and how many there are in all; by one thread at a time."""

DOWNLOADS = 4  # at once; more gains nothing and is impolite


class Jar(msgspec.Struct, frozen=True):
    """One archive: `coordinate` is ``group:artifact:version``, `size` is in bytes, `sha256` in hex."""

    coordinate: str
    size: int
    sha256: str

    @property
    def filename(self) -> str:
        """The name of the file in Maven and in our cache."""
        _, artifact, version = self.coordinate.split(":")
        return f"{artifact}-{version}.jar"


class Lock(msgspec.Struct, frozen=True):
    """All the jars that one program needs."""

    jars: tuple[Jar, ...]

    @classmethod
    def load(cls, name: str) -> Lock:
        """The committed lock of `name`: the file ``<name>.lock.toml`` beside this module."""
        return msgspec.toml.decode((Path(__file__).parent / f"{name}.lock.toml").read_bytes(), type=cls)


def cache_folder() -> Path:
    """Where the jars of this user are kept."""
    return Path(platformdirs.user_cache_dir("switchboard")) / "jars"


def install(lock: Lock, folder: Path, progress: Progress | None = None) -> list[Path]:
    """Make sure that every jar of `lock` is in `folder`, and return their paths.

    A jar that is already there is checked by its size only, which costs nothing at each start; a fetched one
    by its SHA-256 before it gets its name. Several processes may install at once: one fetches, the rest wait.
    Raises `Misconfigured` for a jar that is not the locked one, `Retriable` when one cannot be fetched.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if _missing(lock, folder):
        with FileLock(folder / ".lock"):
            _fetch(_missing(lock, folder), folder, progress or (lambda _done, _total: None))
    return [folder / jar.filename for jar in lock.jars]


def verify(lock: Lock, folder: Path) -> None:
    """Read every installed jar of `lock` and compare its SHA-256; raises `Misconfigured` for one that differs."""
    for jar in lock.jars:
        path = folder / jar.filename
        if not path.exists():
            raise Misconfigured(f"{path} is missing: run `switchboard engine up` once to fetch it.")
        if actual := _other_hash(path, jar):
            raise _different(path, f"its SHA-256 is {actual}, not {jar.sha256}")


def _missing(lock: Lock, folder: Path) -> list[Jar]:
    missing = []
    for jar in lock.jars:
        path = folder / jar.filename
        if not path.exists():
            missing.append(jar)
        elif path.stat().st_size != jar.size:
            raise _different(path, f"it has {path.stat().st_size} bytes, not {jar.size}")
    return missing


def _fetch(jars: list[Jar], folder: Path, progress: Progress) -> None:
    if not jars:
        return
    # A half-fetched file never has its final name: it is fetched elsewhere, checked, and then moved.
    staging = folder / ".staging"
    shutil.rmtree(staging, ignore_errors=True)  # what an interrupted run has left
    maven = _maven(staging, sum(jar.size for jar in jars), progress)
    # The machine's own certificates, as pip has it: behind a company proxy the client's bundled ones would not do.
    truststore.inject_into_ssl()
    with ThreadPoolExecutor(DOWNLOADS) as pool:
        for jar, path in zip(jars, pool.map(lambda jar: _download(maven, jar), jars), strict=True):
            if actual := _other_hash(path, jar):
                raise Misconfigured(
                    f"{jar.coordinate}, fetched from Maven, is not the file that Switchboard was tested with: its "
                    f"SHA-256 is {actual}, not {jar.sha256}. It was not kept and nothing of it was run. Try again; "
                    f"if it differs again, the mirror that serves it cannot be trusted."
                )
            path.replace(folder / jar.filename)
    shutil.rmtree(staging, ignore_errors=True)


def _download(maven: MavenContext, jar: Jar) -> Path:
    group, artifact, version = jar.coordinate.split(":")
    try:
        return maven.project(group, artifact).at_version(version).artifact().resolve()
    except (OSError, RuntimeError) as error:
        raise Retriable(
            f"{jar.coordinate} could not be fetched from Maven: {error}. Check the network, or name a mirror "
            f"as `central` under [repositories] in jgo's configuration file, and try again."
        ) from error


def _maven(staging: Path, total: int, progress: Progress) -> MavenContext:
    done = 0
    counting = threading.Lock()

    @contextmanager
    def count(_filename: str, _size: int) -> Iterator[Callable[[int], None]]:
        def add(size: int) -> None:
            nonlocal done
            with counting:
                done += size
                progress(done, total)

        yield add

    mirrors = {"central": MAVEN_CENTRAL_URL} | GlobalSettings.load().repositories
    return MavenContext(PythonResolver(progress_callback=count), staging, remote_repos=mirrors, local_repos=[])


def _other_hash(path: Path, jar: Jar) -> str | None:
    """The SHA-256 of the file when it is not the locked one."""
    with path.open("rb") as file:
        actual = hashlib.file_digest(file, "sha256").hexdigest()
    return actual if actual != jar.sha256 else None


def _different(path: Path, how: str) -> Misconfigured:
    return Misconfigured(
        f"{path} is not the file that Switchboard was tested with: {how}. Nothing of it was run. Delete it and "
        f"start again to fetch it anew."
    )
