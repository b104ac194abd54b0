"""The edge on a real Kafka: what is published, which places are kept, what a broker that is away does."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import msgspec
import pytest

from connectors._cursors import Cursors
from connectors._publisher import MAX_RECORD, Publisher
from connectors._status import Status, health_records
from normalizer.cluster import Cluster
from normalizer.errors import Rejected, Retriable
from normalizer.events import Cursor, Health, RawEvent
from normalizer.ids import event_id
from normalizer.wire import decode, header, read_raw
from tests.servers.topic import ends, records

pytestmark = pytest.mark.engine

Topics = Callable[..., list[str]]


def raw(number: int, body: bytes = b"hello", key: str | None = None) -> RawEvent:
    """A raw mail."""
    return RawEvent(
        channel="mail",
        account="main",
        source_id=f"INBOX;1;{number}",
        body=body,
        content_type="message/rfc822",
        received_at=datetime(2026, 11, 21, 9, tzinfo=UTC),
        key=key,
        attributes={"folder": "INBOX"},
    )


@pytest.fixture
def publisher(cluster: Cluster, topics: Topics) -> Iterator[Publisher]:
    """A publisher into declared topics."""
    topics("mail")
    made = Publisher(cluster)
    yield made
    made.close()
    made.close()


def test_what_is_published_reads_back(cluster: Cluster, publisher: Publisher) -> None:
    """Value, key and headers are those of the event, and a trace has been started."""
    publisher.publish([raw(1, key="thread"), raw(2)])
    found = {header(each.headers, "ce_subject"): each for each in records(cluster, "raw.mail")}
    first, second = found["INBOX;1;1"], found["INBOX;1;2"]
    assert (first.key, second.key) == (b"thread", event_id("raw", "mail", "main", "INBOX;1;2").encode())
    back = read_raw(first.value, first.headers, key=first.key)
    trace = back.traceparent or ""
    assert [len(part) for part in trace.split("-")] == [2, 32, 16, 2]
    assert back == msgspec.structs.replace(raw(1, key="thread"), traceparent=trace)


def test_a_trace_that_came_with_the_event_goes_on(cluster: Cluster, publisher: Publisher) -> None:
    """W3C Trace Context is passed on, not replaced."""
    given = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    publisher.publish([msgspec.structs.replace(raw(1), traceparent=given)])
    assert header(records(cluster, "raw.mail")[0].headers, "traceparent") == given


def test_many_doors_publish_at_once(cluster: Cluster, publisher: Publisher) -> None:
    """Hundreds of calls wait for the broker without a thread each."""

    async def scene() -> None:
        await asyncio.gather(*(publisher.accept([raw(number)]) for number in range(500)))

    asyncio.run(scene())
    assert ends(cluster, "raw.mail") == 500


def test_a_record_that_cannot_fit_is_rejected_before_anything_is_sent(cluster: Cluster, publisher: Publisher) -> None:
    """The good events beside it are not sent either: the caller decides what to do."""
    with pytest.raises(Rejected, match=f"{MAX_RECORD} fit: put its body into the blob store"):
        publisher.publish([raw(1), raw(2, b"x" * MAX_RECORD)])
    assert ends(cluster, "raw.mail") == 0


def test_the_largest_record_fits(cluster: Cluster, publisher: Publisher) -> None:
    """What the check lets through, Kafka takes, even when it cannot be compressed."""

    publisher.publish([raw(1, random.Random(1).randbytes(MAX_RECORD - 2000))])
    assert ends(cluster, "raw.mail") == 1


def test_more_in_flight_than_allowed_is_refused_at_a_door(cluster: Cluster, topics: Topics) -> None:
    """A door says 503 rather than filling the memory; a single large delivery still passes."""
    topics("mail")
    small = Publisher(cluster, in_flight=2000)

    async def scene() -> list[BaseException | None]:
        await small.accept([raw(0, b"x" * 100_000)])
        calls = (small.accept([raw(number, b"x" * 1500)]) for number in range(3))
        return await asyncio.gather(*calls, return_exceptions=True)

    outcome = asyncio.run(scene())
    small.close()
    assert outcome[0] is None
    assert [type(each) for each in outcome[1:]] == [Retriable, Retriable]
    assert "in flight: the broker is slow" in str(outcome[1])


def test_a_topic_that_is_not_declared_names_the_remedy(cluster: Cluster) -> None:
    """Topics are declared with their retention, never made by a typing error."""
    lost = Publisher(cluster, delivery_seconds=3)
    with pytest.raises(Retriable, match=r"raw\.mail cannot be reached .* the topic declared"):
        lost.publish([raw(1)])
    lost.close()


def test_no_kafka_at_all_is_retriable() -> None:
    """The broker may come back; the caller keeps the events."""
    lost = Publisher(Cluster(brokers="127.0.0.1:9"), delivery_seconds=3)
    with pytest.raises(Retriable, match=r"127\.0\.0\.1:9 .* check that Kafka is up"):
        lost.publish([raw(1)])
    with pytest.raises(Retriable, match="was not there a moment ago: check that it is up") as failed:
        asyncio.run(lost.accept([raw(1)]))  # at once: it does not try again for every caller
    assert 0 < (failed.value.retry_after or 0) <= 1
    lost.close()


def test_a_saved_place_is_found_by_the_next_process(cluster: Cluster, publisher: Publisher) -> None:
    """The last one saved, of the accounts that this process has."""
    mine = Cursors(cluster, publisher, [("mail", "main")])
    assert mine.load("mail", "main", "INBOX") is None
    for uid in (1, 2, 3):
        mine.save("mail", "main", "INBOX", {"uid": uid})
    mine.save("mail", "main", "Work/2026", {"uid": 9})
    assert mine.load("mail", "main", "INBOX") == b'{"uid":3}'
    later = Cursors(cluster, publisher, [("mail", "main")])
    assert later.load("mail", "main", "INBOX") == b'{"uid":3}'
    assert later.load("mail", "main", "Work/2026") == b'{"uid":9}'
    assert Cursors(cluster, publisher, [("mail", "other")]).load("mail", "main", "INBOX") is None
    last = records(cluster, "cursors")[-1]
    cursor = decode(Cursor, last.value, last.headers)
    assert last.key.decode() == f"mail/main/{cursor.source}"


def test_cursors_without_their_topic_are_retriable(cluster: Cluster, publisher: Publisher) -> None:
    """No place is taken for "start at the beginning" because it could not be read."""
    elsewhere = msgspec.structs.replace(cluster, namespace="nowhere.")
    with pytest.raises(Retriable, match=r"nowhere\.cursors is not declared"):
        Cursors(elsewhere, publisher, [("mail", "main")]).load("mail", "main", "INBOX")


def test_health_is_a_record_for_each_source(cluster: Cluster, publisher: Publisher) -> None:
    """Keyed by its name, so that the compacted topic keeps the last word of each."""
    status = Status("mail/main/INBOX")
    status.stored(3, behind=40)
    publisher.write(health_records([status.health()]))
    (found,) = records(cluster, "health")
    report = decode(Health, found.value, found.headers)
    assert (found.key, report.state, report.received, report.detail) == (b"mail/main/INBOX", "running", 3, "40 to go")
