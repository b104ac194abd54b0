"""``switchboard up``: everything by one command, in one process or with workers, until Ctrl-C."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from normalizer.cluster import Cluster
from ops.engine.java import free_ports
from tests.servers.switchboard import BIN, Switchboard, environment

pytestmark = [pytest.mark.engine, pytest.mark.timeout(300)]


@pytest.fixture
def channels() -> Iterator[str]:
    """A form, and a mailbox on a server that says nothing: its connector takes a while to stop."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        place = f'host = "127.0.0.1"\nport = {silent.getsockname()[1]}\ntls = "none"\n'
        login = 'user = "us@example.com"\npassword = "secret"\n'
        yield f"[channels.webform.site]\n[channels.mail.silent]\n{place}{login}"


@pytest.mark.parametrize("workers", [1, 2])
def test_everything_runs_until_it_is_interrupted(cluster: Cluster, tmp_path: Path, channels: str, workers: int) -> None:
    """What a form is given becomes a ticket; Ctrl-C, which a terminal sends to all processes, ends them with status 0.

    No worker is started again for having heard it as well.
    """
    port, log = free_ports(1)[0], tmp_path / "up.log"
    form = {"email": "ann@example.com", "subject": "Bill", "message": "It is too high."}
    with Switchboard(tmp_path, cluster, channels, http_port=port) as board:
        with log.open("wb") as out:
            process = board.processes["up"] = subprocess.Popen(
                [BIN, "--config", board.config, "up", "--workers", str(workers)],
                stdin=subprocess.DEVNULL, stdout=out, stderr=out, env=environment(tmp_path), start_new_session=True,
            )  # fmt: skip
        board.wait(lambda: _accepted(port, form))
        board.wait(lambda: "Bill" in board.command("tickets", "list", check=False).stdout)
        os.killpg(process.pid, signal.SIGINT)
        assert process.wait(60) == 0, log.read_text()
        assert "started again" not in log.read_text()
        assert log.read_text().splitlines()[-1] == "stopped"


def _accepted(port: int, form: dict[str, str]) -> bool:
    try:
        return httpx.post(f"http://127.0.0.1:{port}/webform/site", json=form).status_code == 202
    except httpx.TransportError:
        return False
