"""The harness does to processes, connections and disks what it says."""

from __future__ import annotations

import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import psutil
import pytest

from bench.chaos.disk import MEGABYTES, disk
from bench.chaos.links import Link, Links
from bench.chaos.load import Load
from bench.chaos.plan import Saying
from bench.chaos.processes import Supervisor
from tests.servers.topic import wait

pytestmark = pytest.mark.slow


def script(text: str) -> list[str]:
    """A process."""
    return [sys.executable, "-c", text]


def test_what_ends_is_started_again_but_for_status_2(tmp_path: Path) -> None:
    """Also what ended well and what was killed; 2 says that a person must act."""
    with Supervisor(tmp_path) as supervisor:
        supervisor.start("well", script("pass"))
        supervisor.start("failed", script("raise SystemExit(1)"))
        supervisor.start("wrong", script("raise SystemExit(2)"))
        supervisor.start("killed", script("import time; time.sleep(60)"))
        before = supervisor.pid("killed")
        supervisor.kill("killed")
        statuses = {name: process.statuses for name, process in supervisor.processes.items()}
        wait(lambda: len(statuses["well"]) > 1 and len(statuses["failed"]) > 1 and supervisor.pid("killed") != before)
        assert (statuses["well"][0], statuses["failed"][0], statuses["wrong"], statuses["killed"]) == (0, 1, [2], [-9])


def test_all_processes_end_with_the_context(tmp_path: Path) -> None:
    """Also one that is paused, and one that was added and removed before."""
    with Supervisor(tmp_path) as supervisor:
        for name in ("one", "two", "three"):
            supervisor.start(name, script("import time; time.sleep(60)"))
        pids = [supervisor.pid(name) for name in supervisor.processes]
        assert supervisor.remove("three") == -15
        supervisor.pause("two")
    assert [pid for pid in pids if psutil.pid_exists(pid)] == []


def test_a_process_is_started_again_with_another_environment(tmp_path: Path) -> None:
    """After it was asked to stop."""
    with Supervisor(tmp_path) as supervisor:
        supervisor.start("it", script("import os, time; print(os.environ.get('MORE'), flush=True); time.sleep(60)"))
        wait(lambda: (tmp_path / "it.log").read_text() == "None\n")
        supervisor.change("it", {"MORE": "more"})
        wait(lambda: (tmp_path / "it.log").read_text() == "None\nmore\n")


def test_starts_are_counted_by_what_a_process_says(tmp_path: Path) -> None:
    """One that was launched and does not say yet that it runs has not started."""
    with Supervisor(tmp_path) as supervisor:
        supervisor.start("silent", script("import time; time.sleep(60)"))
        supervisor.start("it", script("import time; print('running: it', flush=True); time.sleep(60)"))
        wait(lambda: supervisor.starts("it") == 1)
        supervisor.kill("it")
        wait(lambda: supervisor.starts("it") == 2)
        assert supervisor.starts("silent") == 0


@pytest.fixture
def link() -> Iterator[Link]:
    """A link to a server that gives everything back."""
    with Links() as links, closing(socket.create_server(("127.0.0.1", 0))) as server:
        threading.Thread(target=_echo, args=(server,), daemon=True).start()
        yield links.link(server.getsockname()[1])


def _echo(server: socket.socket) -> None:
    with suppress(OSError):
        while True:
            connection, _ = server.accept()
            threading.Thread(target=_back, args=(connection,), daemon=True).start()


def _back(connection: socket.socket) -> None:
    with suppress(OSError), connection:
        while data := connection.recv(100):
            connection.sendall(data)


def _open(link: Link) -> socket.socket:
    return socket.create_connection(("127.0.0.1", link.port), timeout=10)


def test_a_link_is_cut_and_works_again(link: Link) -> None:
    """Connections that were open end, new ones work."""
    with _open(link) as connection:
        connection.sendall(b"hello")
        assert connection.recv(100) == b"hello"
        link.cut()
        with suppress(ConnectionResetError):
            assert connection.recv(100) == b""
    assert link.cuts == 1
    with _open(link) as connection:
        connection.sendall(b"again")
        assert connection.recv(100) == b"again"


def test_a_link_delays_and_refuses(link: Link) -> None:
    """What is delayed comes, and not at once; a refused connection ends without a byte, as when nobody is there."""
    link.delay = 1.0
    with _open(link) as connection:
        connection.sendall(b"hello")
        connection.settimeout(0.1)
        with pytest.raises(TimeoutError):
            connection.recv(100)
        connection.settimeout(30)
        assert connection.recv(100) == b"hello"
    link.refuses = True
    with _open(link) as connection, suppress(ConnectionResetError):
        assert connection.recv(100) == b""


def test_a_full_disk_takes_no_byte_until_it_is_free(tmp_path: Path) -> None:
    """Where a disk may be mounted; elsewhere it is a limit on processes, which the report says."""
    with disk(tmp_path / "disk") as made:
        if not made.mounted:
            assert made.how == "no mount allowed: RLIMIT_FSIZE of 0 instead"
            return
        assert made.how == f"a tmpfs of {MEGABYTES} MB, filled"
        made.fill([])
        with pytest.raises(OSError, match="No space left"):
            (made.folder / "more").write_bytes(b"x" * 4096)
        made.free([])
        assert (made.folder / "more").write_bytes(b"x" * 4096) == 4096
    assert list((tmp_path / "disk").iterdir()) == []


def test_customers_speak_until_they_are_held() -> None:
    """Nobody begins while they are held; what was begun is said to its end, and then all is quiet."""
    said: list[Saying] = []
    load = Load({"mail": said.append, "sms": said.append}, seed=7, rate=20.0)
    assert load.quiet
    load.go_on()
    wait(lambda: len(said) > 20)
    load.hold()
    wait(lambda: load.quiet)
    count = len(said)
    assert set(load.said) == {each.mark for each in said}
    load.close()
    assert len(said) == count
    assert load.failed == []


def test_a_voice_that_fails_is_told() -> None:
    """It is no silent loss of load."""

    def broken(saying: Saying) -> None:
        raise ConnectionError(saying.channel)

    load = Load({"mail": broken}, seed=7, rate=20.0)
    load.go_on()
    wait(lambda: bool(load.failed))
    load.close()
    assert load.failed[0] == "mark-mail-000000: ConnectionError('mail')"
    assert load.said == {}
