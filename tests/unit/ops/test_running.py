"""Which `switchboard up` runs, and what others find of it: real processes, a real lock."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import msgspec
import psutil
import pytest

from normalizer.cluster import Cluster
from ops.cli._running import Running, alone, running
from ops.config import Config, Http, load
from ops.demo.stage import prepared
from tests.servers.switchboard import BIN, environment

HOLDS = """
import sys
from pathlib import Path
from ops.cli._running import alone
with alone(Path(sys.argv[1])) as place:
    place.tell(Path(sys.argv[2]) if sys.argv[2] else None, sys.argv[3])
    print("here", flush=True)
    sys.stdin.read()
"""

LOOKS = """
import sys
from pathlib import Path
from ops.cli._reach import reach
from ops.cli._session import Session
found = Session(Path(sys.argv[1]) if sys.argv[1] else None, sys.argv[2])
print(*found.config.channel_names or "-", *found.given.channel_names or "-", reach(found).brokers)
"""


@contextmanager
def another(folder: Path, config: str = "", broker: str = "") -> Iterator[subprocess.Popen[str]]:
    """Another process that runs it."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDS, folder, config, broker], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdin
    assert process.stdout
    assert process.stdout.readline() == "here\n"
    try:
        yield process
    finally:
        process.stdin.close()
        process.wait()
        process.stdout.close()


def test_one_at_a_time(tmp_path: Path) -> None:
    """A second one is told who is first, and touches nothing; when the first ends, nothing is left of it."""
    with another(tmp_path) as first:
        with alone(tmp_path) as place:
            assert place is None
        assert (found := running(tmp_path))
        assert found.pid == first.pid
    assert running(tmp_path) is None
    with alone(tmp_path) as place:
        assert place is not None


def test_one_that_was_killed_is_none(tmp_path: Path) -> None:
    """Its record is still there, and stands in nobody's way."""
    with another(tmp_path) as first:
        first.kill()
        first.wait()
        assert (tmp_path / "up.json").exists()
        assert running(tmp_path) is None
        with alone(tmp_path) as place:
            assert place is not None


def test_another_process_of_the_same_id_is_not_it(tmp_path: Path) -> None:
    """Ids are used again."""
    me = psutil.Process()
    record = Running(me.pid, me.create_time() - timedelta(hours=1).total_seconds())
    (tmp_path / "up.json").write_bytes(msgspec.json.encode(record))
    assert running(tmp_path) is None


def test_what_the_demo_keeps_is_its_configuration(tmp_path: Path) -> None:
    """All of it, as `--config` reads it; for its user alone, and gone when it ends."""
    base = Config(kafka=Cluster(brokers="a:1", namespace="n.", password="p"), http=Http(port=1234))
    with prepared(base, ["webform", "filedrop", "webchat"]) as demo, alone(tmp_path) as place:
        assert place is not None
        path = place.keep(demo.config)
        assert load(path) == demo.config
        assert path.stat().st_mode & 0o777 == 0o600
        assert len(demo.config.http.monitor_token) == 32
    assert not path.exists()


def test_a_token_that_is_configured_stays() -> None:
    """The demo brings one only where there is none."""
    with prepared(Config(http=Http(monitor_token="mine" * 8)), ["webform"]) as demo:
        assert demo.config.http.monitor_token == "mine" * 8


@pytest.fixture
def configured(tmp_path: Path) -> Path:
    """A configuration with an account."""
    path = tmp_path / "own.toml"
    path.write_text('[kafka]\nbrokers = "a:1"\n[channels.webform.site]\n')
    return path


def looked(folder: Path, config: str = "", broker: str = "") -> list[str]:
    """What a command finds with these options, in a process with the data folder of this test."""
    done = subprocess.run(
        [sys.executable, "-c", LOOKS, config, broker], env=environment(folder), capture_output=True, text=True, check=False
    )  # fmt: skip
    return done.stdout.split() or [done.stderr.splitlines()[-1]]


def test_commands_find_it(tmp_path: Path, configured: Path) -> None:
    """Without options: its configuration, and the broker that it was told. What is named stays what was named."""
    with another(tmp_path / "data" / "switchboard", str(configured), "b:2"):
        assert looked(tmp_path) == ["webform", "-", "b:2"]
        assert looked(tmp_path, broker="c:3") == ["-", "-", "c:3"]
        assert looked(tmp_path, config=str(configured)) == ["webform", "webform", "a:1"]
    assert looked(tmp_path, broker="c:3") == ["-", "-", "c:3"]
    assert "the local engine does not run" in looked(tmp_path)[0]


def test_what_cannot_be_read_of_it_is_said(tmp_path: Path, configured: Path) -> None:
    """A secret that only its own shell has, for one."""
    configured.write_text('[store]\nurl = "env:NOBODY_SETS_THIS"\n')
    with another(tmp_path / "data" / "switchboard", str(configured)) as first:
        expected = (
            "store.url is read from the environment variable NOBODY_SETS_THIS, which is not set: set it; this is "
            f"{configured}, of the `switchboard up` that runs (process {first.pid}): name another with --config"
        )
        assert looked(tmp_path)[0].endswith(expected)


def up(folder: Path, *options: str) -> tuple[int, str]:
    """Status and words of an `up` that ends by itself."""
    done = subprocess.run(
        [BIN, *options], env=environment(folder), capture_output=True, text=True, check=False, timeout=120
    )  # fmt: skip
    return done.returncode, done.stderr


def test_a_second_demo_refuses_before_it_touches_anything(tmp_path: Path) -> None:
    """Neither the mailbox of the first nor its Kafka is looked at."""
    data = tmp_path / "data" / "switchboard"
    with another(data) as first:
        status, said = up(tmp_path, "up", "--demo")
        expected = (
            f"switchboard: `switchboard up` runs here already (process {first.pid}): stop that one with Ctrl-C before the demo "
            "starts; nothing was touched\n"
        )
        assert (status, said) == (2, expected)
        assert {path.name for path in data.iterdir()} == {"up.lock", "up.json"}


def test_a_port_that_is_taken_is_said_before_anything_starts(tmp_path: Path, configured: Path) -> None:
    """With the setting's name, and nothing else is said, but that another one runs: that is no obstacle."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        configured.write_text(f"{configured.read_text()}[http]\nport = {port}\n")
        words = (
            f"switchboard: port {port} on 127.0.0.1 is taken by another process: stop that process, or set another port "
            "([http] port of the configuration; for `switchboard exporter` its option --port)\n"
        )
        assert up(tmp_path, "--config", str(configured), "up") == (2, words)
        assert up(tmp_path, "--config", str(configured), "up", "--demo") == (2, words)
        with another(tmp_path / "data" / "switchboard") as first:
            status, said = up(tmp_path, "--config", str(configured), "up")
    beside = (
        f"`switchboard up` runs here already (process {first.pid}): unless other ones are named, both share its Kafka, the "
        "stages' work and the ticket store; commands without --config mean that one, and when it ends, so does a Kafka that "
        "it started\n"
    )
    assert (status, said) == (2, beside + words)
