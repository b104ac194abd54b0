"""The recipes of docs/operations.md, followed on a real Kafka."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from kafka import KafkaAdminClient, TopicPartition  # type: ignore[import-untyped]  # it ships no types
from kafka.structs import OffsetAndMetadata  # type: ignore[import-untyped]  # as above

from normalizer.cluster import Cluster
from ops.engine.java import free_ports
from sinks._tickets import Tickets
from tests.servers.switchboard import Switchboard

pytestmark = pytest.mark.engine
POSTS = 6


@pytest.fixture
def board(tmp_path: Path, cluster: Cluster) -> Iterator[Switchboard]:
    """A Switchboard whose form was filled in by some people, one of them twice, and which has come to rest."""
    port = free_ports(1)[0]
    with Switchboard(tmp_path, cluster, "[channels.webform.site]\n", http_port=port) as found:
        found.start_each("webform")
        found.wait(lambda: _answers(port))
        for number in range(POSTS):
            form = {"email": f"ann{number % 5}@example.com", "subject": "Bill", "message": f"Number {number}"}
            assert httpx.post(f"http://127.0.0.1:{port}/webform/site", json=form).status_code == 202
        found.wait(lambda: _done(found, "deliver.sqlite") >= POSTS and _settled(found) == POSTS)
        yield found


def test_history_can_be_read_again(board: Switchboard, cluster: Cluster) -> None:
    """The same messages from the same raw records: no duplicate, no second ticket, the same ledger."""
    ledger, tickets = board.json("ledger"), _tickets(board)
    _stop(board, "normalize")
    _rewind(cluster, "normalize", "raw.webform")
    board.start("stage", "normalize")
    board.wait(lambda: _done(board, "deliver.sqlite") >= 2 * POSTS and _done(board, "ledger") >= 2 * POSTS)
    assert board.json("ledger") == ledger
    assert _tickets(board) == tickets


def test_the_ticket_store_can_be_built_anew(board: Switchboard, cluster: Cluster) -> None:
    """From the topic of routed tickets, byte for byte."""
    before = _export(board)
    _stop(board, "deliver.sqlite")
    for suffix in ("", "-wal", "-shm"):
        Path(f"{board.store}{suffix}").unlink(missing_ok=True)
    _rewind(cluster, "deliver.sqlite", "tickets.routed")
    board.start("stage", "deliver.sqlite")
    board.wait(lambda: _done(board, "deliver.sqlite") >= POSTS)
    assert _export(board) == before


def _answers(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/healthz").status_code == 200
    except httpx.TransportError:
        return False


def _done(board: Switchboard, stage: str) -> int:
    """How many records a stage has committed."""
    found = [line["stage"] for line in board.json("status") if "stage" in line]
    return next(int(each["done"]) for each in found if each["name"] == stage)


def _settled(board: Switchboard) -> int:
    """How many records have their fate."""
    return sum(account["accepted"] - account["in_flight"] for account in board.json("ledger", check=False))


def _tickets(board: Switchboard) -> set[tuple[str, int, int]]:
    """Id, revision and number of messages of each ticket."""
    return {(each["id"], each["revision"], each["messages"]) for each in board.json("tickets", "list")}


def _export(board: Switchboard) -> bytes:
    with Tickets(board.store) as tickets:
        return b"".join(tickets.export())


def _stop(board: Switchboard, name: str) -> None:
    board.processes[name].terminate()
    assert board.processes[name].wait(60) == 0


def _rewind(cluster: Cluster, group: str, topic: str) -> None:
    """What ``kafka-consumer-groups.sh --reset-offsets --to-earliest`` does."""
    admin = KafkaAdminClient(bootstrap_servers=cluster.brokers)
    start = OffsetAndMetadata(0, "", -1)
    places = [TopicPartition(cluster.named(topic), number) for number in range(cluster.partitions)]
    admin.alter_group_offsets(cluster.named(group), dict.fromkeys(places, start))
    admin.close()
