"""The edge's loop over a source that is a list: order, retries, isolation, health, an end."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from connectors._base import Accept, Page, Poller, Receiver
from connectors._blobs import BlobStore
from connectors._claim import CLAIM_LIMIT
from connectors._edge import Edge
from connectors._memory import MemoryKafka
from connectors._persist import Pauses
from normalizer.errors import Misconfigured, Retriable
from normalizer.events import Health, Message, RawEvent
from tests.servers.topic import wait

QUICK = Pauses(first=0.01, longest=0.05, patience=0.05)
Script = list[Page | BaseException]


class NoSettings(msgspec.Struct, frozen=True):
    """None."""


def raw(number: int, body: bytes = b"") -> RawEvent:
    """A raw event of a channel that there is only here."""
    return RawEvent(
        channel="list", account="main", source_id=str(number), body=body or str(number).encode(),
        content_type="text/plain", received_at=datetime(2026, 1, 1, tzinfo=UTC),
    )  # fmt: skip


def page(*numbers: int, behind: int | None = None) -> Page:
    """A page whose position is its last number."""
    return Page(tuple(raw(number) for number in numbers), {"at": numbers[-1]}, behind)


class Listed(Poller[NoSettings]):
    """Gives the pages of a list, raises its errors, then waits; each source has a list."""

    channel = "list"
    settings_type = NoSettings

    def __init__(self, blobs: BlobStore, **scripts: Script) -> None:
        super().__init__("main", NoSettings(), blobs)
        self.scripts = scripts
        self.asked: list[tuple[str, bytes | None]] = []

    def sources(self) -> Sequence[str]:
        """The lists."""
        return tuple(self.scripts)

    def receive(self, source: str, position: bytes | None, stop: threading.Event) -> Iterator[Page]:
        """Go on where the last call ended."""
        self.asked.append((source, position))
        while self.scripts[source]:
            found = self.scripts[source].pop(0)
            if isinstance(found, BaseException):
                raise found
            yield found
        stop.wait()

    @staticmethod
    def read(_: RawEvent) -> tuple[Message, ...]:
        """Nothing."""
        return ()


@pytest.fixture
def blobs(tmp_path: Path) -> BlobStore:
    """A store of this test's own."""
    return BlobStore(tmp_path.as_uri())


def run(
    connector: Any, until: Callable[[MemoryKafka, Edge], bool], kafka: MemoryKafka | None = None
) -> tuple[MemoryKafka, Edge]:
    """An edge from its start until something is so, and to its end."""
    kafka = kafka or MemoryKafka()
    edge = Edge([connector], kafka, kafka, lambda _: None, pauses=QUICK)
    edge.start()
    wait(lambda: until(kafka, edge), 10)
    assert edge.stop(10)
    return kafka, edge


def numbers(kafka: MemoryKafka) -> list[str]:
    """What has been published, in its order."""
    return [each.source_id for each in kafka.events]


def test_pages_are_published_in_order_and_the_place_is_kept(blobs: BlobStore) -> None:
    """The next start is told the last position."""
    poller = Listed(blobs, a=[page(1, 2), page(3)])
    kafka, _ = run(poller, lambda kafka, _: kafka.positions.get("list/main/a") == b'{"at":3}')
    assert numbers(kafka) == ["1", "2", "3"]
    run(poller, lambda *_: len(poller.asked) == 2, kafka)
    assert poller.asked == [("a", None), ("a", b'{"at":3}')]


def test_an_empty_page_moves_the_place_only(blobs: BlobStore) -> None:
    """There was nothing for anybody up to here."""
    kafka, _ = run(Listed(blobs, a=[Page((), {"at": 9})]), lambda kafka, _: bool(kafka.positions))
    assert (numbers(kafka), kafka.positions) == ([], {"list/main/a": b'{"at":9}'})


@pytest.mark.parametrize("trouble", [Retriable("away"), Retriable("busy", 0.01), ValueError("a customer's words")])
def test_after_trouble_the_source_is_asked_again_from_its_place(blobs: BlobStore, trouble: Exception) -> None:
    """Whatever it was."""
    poller = Listed(blobs, a=[page(1), trouble, page(2)])
    kafka, _ = run(poller, lambda kafka, _: len(kafka.events) == 2)
    assert numbers(kafka) == ["1", "2"]
    assert poller.asked == [("a", None), ("a", b'{"at":1}')]


@pytest.mark.parametrize("step", ["publish", "half-published", "published", "save", "saved"])
def test_kafka_away_at_any_step_repeats_and_never_skips(blobs: BlobStore, step: Any) -> None:
    """The position is saved only after all of its page is there."""
    kafka = MemoryKafka()
    kafka.fail_next(step, Retriable("the broker is away"))

    class Endless(Listed):
        def receive(self, source: str, position: bytes | None, stop: threading.Event) -> Iterator[Page]:
            self.asked.append((source, position))
            start = 0 if position is None else msgspec.json.decode(position)["at"]
            for first in range(start + 1, 20, 4):
                yield page(*range(first, first + 4))
            stop.wait()

    run(Endless(blobs, a=[]), lambda kafka, _: kafka.positions.get("list/main/a") == b'{"at":20}', kafka)
    assert sorted({int(number) for number in numbers(kafka)}) == list(range(1, 21))


def test_misconfigured_stops_one_source_and_no_other(blobs: BlobStore) -> None:
    """It says what a person must do; the others never notice."""
    poller = Listed(blobs, bad=[Misconfigured("set the key")] * 1000, good=[page(1), page(2)])
    _, edge = run(poller, lambda kafka, edge: len(kafka.events) == 2 and bool(edge.problems()))
    assert edge.health()[0].errors >= 1


def test_the_health_of_each_source(blobs: BlobStore) -> None:
    """State, counts and how many are left, by name."""
    seen: list[Health] = []
    poller = Listed(blobs, a=[page(1, 2, behind=40)], b=[Retriable("away for lunch")] * 1000)
    kafka = MemoryKafka()
    edge = Edge([poller], kafka, kafka, seen.extend, report_seconds=0.01, pauses=QUICK)
    edge.start()
    wait(lambda: {each.detail for each in seen} >= {"40 to go", "away for lunch"}, 10)
    edge.stop()
    first = next(each for each in seen if each.detail == "40 to go")
    assert (first.name, first.state, first.received, first.errors) == ("list/main/a", "running", 2, 0)
    assert first.last_received_at is not None
    assert next(each for each in seen if each.detail == "away for lunch").state == "waiting"
    assert {each.state for each in seen[-2:]} == {"stopped"}


def test_health_that_cannot_be_reported_stops_nothing(blobs: BlobStore, caplog: pytest.LogCaptureFixture) -> None:
    """It is a report, not a lease."""

    def refuse(_: Sequence[Health]) -> None:
        raise Retriable("no health today")

    kafka = MemoryKafka()
    edge = Edge([Listed(blobs, a=[page(1)])], kafka, kafka, refuse, report_seconds=0.01, pauses=QUICK)
    edge.start()
    wait(lambda: "no health today" in caplog.text and len(kafka.events) == 1, 10)
    assert edge.stop()


def test_a_bug_is_logged_without_a_customers_words(blobs: BlobStore, caplog: pytest.LogCaptureFixture) -> None:
    """Where it is, and of what type."""
    with caplog.at_level(logging.DEBUG):
        run(Listed(blobs, a=[ValueError("my card is 4111")]), lambda *_: "is a bug" in caplog.text)
    assert "ValueError in receive (test_edge.py:" in caplog.text
    assert "4111" not in caplog.text


def test_sources_that_cannot_be_listed_yet_are_asked_for_again(blobs: BlobStore) -> None:
    """An account may have to be asked for its sources."""
    answers: list[Any] = [Retriable("away"), ("a",)]

    class Shy(Listed):
        def sources(self) -> Sequence[str]:
            answer = answers.pop(0)
            if isinstance(answer, Exception):
                raise answer
            return tuple(answer)

    _, edge = run(Shy(blobs, a=[page(1)]), lambda kafka, _: len(kafka.events) == 1)
    assert [each.name for each in edge.health()] == ["list/main/a"]


def test_a_large_body_is_claimed(blobs: BlobStore) -> None:
    """What would not fit a record goes to the blob store, whoever's connector it is."""
    large = b"x" * (CLAIM_LIMIT + 1)
    kafka, _ = run(Listed(blobs, a=[Page((raw(1, large),), {})]), lambda kafka, _: bool(kafka.events))
    (event,) = kafka.events
    assert event.body == large[:CLAIM_LIMIT]
    assert blobs.get(event.dataref or "") == large


class Door(Receiver[NoSettings]):
    """Takes any body."""

    channel = "list"
    settings_type = NoSettings

    def routes(self, accept: Accept) -> Sequence[BaseRoute]:
        """One door."""

        async def take(request: Request) -> Response:
            try:
                await accept([raw(1, await request.body())])
            except Retriable:
                return Response(status_code=503)
            return Response(status_code=202)

        return [Route("/", take, methods=["POST"])]

    @staticmethod
    def read(_: RawEvent) -> tuple[Message, ...]:
        """Nothing."""
        return ()


def test_doors_publish_and_are_counted(blobs: BlobStore) -> None:
    """Large bodies are claimed there too, and a broker that is away shows in the health."""
    kafka = MemoryKafka()
    edge = Edge([Door("main", NoSettings(), blobs)], kafka, kafka, lambda _: None, pauses=QUICK)
    transport = httpx.ASGITransport(Starlette(routes=edge.routes()))

    async def post(body: bytes) -> int:
        async with httpx.AsyncClient(transport=transport, base_url="http://edge.test") as client:
            return (await client.post("/", content=body)).status_code

    assert asyncio.run(post(b"hello")) == 202
    kafka.fail_next("publish", Retriable("the broker is away"))
    assert asyncio.run(post(b"again")) == 503
    assert (edge.health()[0].state, edge.health()[0].received, edge.health()[0].errors) == ("waiting", 1, 1)
    assert asyncio.run(post(b"y" * (CLAIM_LIMIT + 1))) == 202
    assert [event.dataref is None for event in kafka.events] == [True, False]
    assert (edge.health()[0].state, edge.health()[0].received) == ("running", 2)
