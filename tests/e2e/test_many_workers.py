"""``run stage all --workers 2``: two processes share the work, one is killed in the middle, and nothing is lost."""

from __future__ import annotations

import re
import signal
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

import pytest

from bench.inputs import RAW_MAIL, put, raw
from normalizer.cluster import Cluster
from tests.servers.switchboard import Switchboard

pytestmark = [pytest.mark.engine, pytest.mark.timeout(420)]
MAILS = 300


def _stored(store: Path) -> int:
    with closing(sqlite3.connect(f"file:{store}?mode=ro", uri=True)) as connection:
        found: int = connection.execute("SELECT count(*) FROM messages").fetchone()[0]
    return found


def test_a_worker_is_killed_under_load(cluster: Cluster, tmp_path: Path) -> None:
    """``kill -9`` of one worker while mail flows: it is started again, every mail is in the store once, and the
    ledger adds up; SIGTERM ends the command and both workers with status 0.
    """
    with Switchboard(tmp_path, cluster, "") as switchboard:
        switchboard.start("stage", "all", "--workers", "2")
        log = tmp_path / "stage.log"
        switchboard.wait(lambda: len(re.findall(r"\| running: ", log.read_text())) == 2)
        put(cluster, RAW_MAIL, raw(MAILS))
        switchboard.wait(lambda: _stored(switchboard.store) > MAILS // 10)
        victim = int(re.findall(r"worker 1 is process (\d+)", log.read_text())[0])
        subprocess.run(["/bin/kill", "-9", str(victim)], check=True)
        switchboard.wait(lambda: "worker 1 ended (killed by signal 9)" in log.read_text())
        switchboard.wait(lambda: _stored(switchboard.store) == MAILS, 200)
        switchboard.wait(lambda: switchboard.json("ledger", check=False)[0]["in_flight"] == 0, 90)
        assert [(each["accepted"], each["missing"]) for each in switchboard.json("ledger")] == [(MAILS, [])]
        process = switchboard.processes["stage"]
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
