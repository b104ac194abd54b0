"""`switchboard exporter`: what Prometheus is told of an installation that runs in other processes."""

from __future__ import annotations

import subprocess
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from connectors._publisher import Publisher
from connectors._status import Status, health_records
from normalizer.cluster import Cluster
from normalizer.events import RawEvent
from tests.servers.switchboard import BIN, Switchboard, environment

pytestmark = pytest.mark.engine

TOKEN = "a-token-of-the-operator"
SETTINGS = f'monitor_token = "{TOKEN}"\n[channels.mail.main]\nhost = "127.0.0.1"\nuser = "u"\npassword = "p"\n'


def test_sources_stages_and_the_ledger_are_told_to_whoever_has_the_token(tmp_path: Path, cluster: Cluster) -> None:
    """From reports, consumer groups and offsets alone: no stage and no connector runs here."""
    with Switchboard(tmp_path, cluster, SETTINGS) as board:
        publisher = Publisher(cluster)
        event = RawEvent(
            channel="mail", account="main", source_id="INBOX;1;42", body=b"x", content_type="message/rfc822",
            received_at=datetime.now(UTC),
        )  # fmt: skip
        publisher.publish([event])
        status = Status("mail/main/INBOX", tuple)
        status.stored(1, behind=7)
        publisher.write(health_records([status.health("edge-1:4711")]))
        publisher.close()
        arguments = [str(BIN), "--config", str(board.config), "exporter", "--port", "0"]
        with subprocess.Popen(arguments, stderr=subprocess.PIPE, text=True, env=environment(tmp_path)) as exporter:
            assert exporter.stderr is not None
            url = exporter.stderr.readline().split()[-1]
            refused = httpx.get(url, timeout=60, trust_env=False)
            told = httpx.get(url, timeout=60, trust_env=False, headers={"Authorization": f"Bearer {TOKEN}"})
            exporter.terminate()
            assert exporter.wait(30) == 0
    assert (refused.status_code, told.status_code) == (401, 200)
    lines = set(told.text.splitlines())
    expected = {
        'switchboard_source_state{source="mail/main/INBOX",state="running"} 1.0',
        'switchboard_source_behind{source="mail/main/INBOX"} 7.0',
        'switchboard_stage_lag{stage="normalize"} 1.0',
        'switchboard_ledger_accepted{channel="mail"} 1.0',
        'switchboard_ledger_in_flight{channel="mail"} 1.0',
        'switchboard_ledger_missing{channel="mail"} 0.0',
    }
    assert expected - lines == set()


def test_without_a_token_nobody_could_see_it(tmp_path: Path, cluster: Cluster) -> None:
    """It says so at the start, and what to do."""
    with Switchboard(tmp_path, cluster, "") as board:
        done = board.command("exporter", check=False)
    assert (done.returncode, "set http.monitor_token to 16 random bytes or more" in done.stderr) == (2, True)
