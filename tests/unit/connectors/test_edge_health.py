"""What an edge reports of its sources: freshness, rate, what is behind, warnings; and that one never harms another."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from functools import partial
from itertools import pairwise
from pathlib import Path

import httpx
import msgspec
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from connectors._base import Accept, Page, Poller, Receiver
from connectors._blobs import BlobStore
from connectors._edge import Edge, receive
from connectors._memory import MemoryKafka
from connectors._persist import Pauses, persist
from connectors._status import Rate, Status
from normalizer.errors import Retriable
from normalizer.events import Health, Message, RawEvent
from tests.servers.topic import wait

pytestmark = pytest.mark.slow

QUICK = Pauses(first=0.01, longest=0.05, patience=0.05)


class NoSettings(msgspec.Struct, frozen=True):
    """None."""


def raw(number: int, account: str) -> RawEvent:
    """A raw event of a channel that there is only here."""
    return RawEvent(
        channel="both", account=account, source_id=str(number), body=b"x", content_type="text/plain",
        received_at=datetime(2026, 1, 1, tzinfo=UTC),
    )  # fmt: skip


Look = Callable[[int], Page]


class Both(Receiver[NoSettings], Poller[NoSettings]):
    """A channel that is called and also asks; each look, counted from 0, does what the test says."""

    channel = "both"
    settings_type = NoSettings

    def __init__(self, account: str, blobs: BlobStore, look: Look, listing: Callable[[], None] = lambda: None) -> None:
        super().__init__(account, NoSettings(), blobs)
        self.look = look
        self.listing = listing
        self.looks = 0
        self.warns: Callable[[], Sequence[str]] = tuple

    def warnings(self) -> Sequence[str]:
        """What the test says."""
        return self.warns()

    def sources(self) -> Sequence[str]:
        """One, once they can be listed."""
        self.listing()
        return ("all",)

    def receive(self, source: str, position: bytes | None, stop: threading.Event) -> Iterator[Page]:
        """A page for each look."""
        del source, position
        while not stop.is_set():
            self.looks += 1
            yield self.look(self.looks - 1)
            stop.wait(0.005)

    def routes(self, accept: Accept) -> Sequence[BaseRoute]:
        """One door."""

        async def take(_: Request) -> Response:
            await accept([raw(0, self.account)])
            return Response(status_code=202)

        return [Route(f"/both/{self.account}", take, methods=["POST"])]

    @staticmethod
    def read(_: RawEvent) -> tuple[Message, ...]:
        """Nothing."""
        return ()


def nothing(_: int) -> Page:
    """A look without news."""
    return Page((), {"at": 0})


@pytest.fixture
def blobs(tmp_path: Path) -> BlobStore:
    """A store of this test's own."""
    return BlobStore(tmp_path.as_uri())


def edge_of(*connectors: Both) -> tuple[Edge, MemoryKafka]:
    """An edge that reports to nobody."""
    kafka = MemoryKafka()
    return Edge(connectors, kafka, kafka, lambda _: None, pauses=QUICK), kafka


def by_name(edge: Edge) -> dict[str, Health]:
    """Its health."""
    return {each.name: each for each in edge.health()}


def test_both_halves_of_a_channel_report(blobs: BlobStore) -> None:
    """The doors under the account's name, each source under its own; neither takes the other's away."""
    edge, _ = edge_of(Both("main", blobs, nothing))
    transport = httpx.ASGITransport(Starlette(routes=edge.routes()))

    async def post() -> int:
        async with httpx.AsyncClient(transport=transport, base_url="http://edge.test") as client:
            return (await client.post("/both/main")).status_code

    edge.start()
    wait(lambda: "both/main/all" in by_name(edge), 5)
    assert asyncio.run(post()) == 202
    found = by_name(edge)
    assert set(found) == {"both/main", "both/main/all"}
    assert (found["both/main"].received, found["both/main/all"].received) == (1, 0)
    assert edge.stop(5)
    assert {each.state for each in edge.health()} == {"stopped"}


def test_doors_are_open_while_sources_cannot_be_listed(blobs: BlobStore) -> None:
    """And that they cannot is seen, under a name of its own."""

    def refuse() -> None:
        raise Retriable("the vendor is away")

    edge, _ = edge_of(Both("main", blobs, nothing, refuse))
    assert len(edge.routes()) == 2  # and /metrics
    edge.start()
    wait(lambda: by_name(edge)["both/main/sources"].state in ("waiting", "failing"), 5)
    assert by_name(edge)["both/main"].state == "running"
    edge.stop(5)


def test_a_look_without_news_is_fresh_and_saves_nothing(blobs: BlobStore) -> None:
    """`looked_at` moves on, `last_received_at` does not; the same position is not written again and again."""
    connector = Both("main", blobs, nothing)
    kafka, status, stop = MemoryKafka(), Status("a"), threading.Event()
    kafka.save("both", "main", "all", {"at": 0})
    kafka.fail_next("save", AssertionError("saved"))
    thread = threading.Thread(target=receive, args=(connector, "all", kafka, kafka, status, stop))
    thread.start()
    wait(lambda: connector.looks > 3, 5)
    first = status.health().looked_at
    wait(lambda: status.health().looked_at != first, 5)
    assert thread.is_alive()
    assert (status.health().state, status.health().last_received_at) == ("running", None)
    stop.set()
    thread.join(5)


def test_how_much_a_source_still_holds(blobs: BlobStore) -> None:
    """As long as it says so."""
    edge, kafka = edge_of(Both("main", blobs, lambda look: Page((raw(look, "main"),), {"at": look}, behind=40)))
    edge.start()
    wait(lambda: len(kafka.events) > 2, 5)
    found = by_name(edge)["both/main/all"]
    assert (found.behind, found.detail) == (40, "40 to go")
    assert found.rate > 0
    assert ":" in found.edge
    edge.stop(5)


def test_a_warning_of_the_account_is_in_its_health(blobs: BlobStore, caplog: pytest.LogCaptureFixture) -> None:
    """And a bug in one account's warnings does not silence the others."""
    good, bad = Both("good", blobs, nothing), Both("bad", blobs, nothing)
    good.warns = lambda: ("The token ends on Friday: renew it.", "Two keys are left.")

    def broken() -> Sequence[str]:
        raise ValueError("a customer's words")

    bad.warns = broken
    edge, _ = edge_of(good, bad)
    edge.start()
    wait(lambda: set(by_name(edge)) == {"both/good/all", "both/bad/all"}, 5)
    assert by_name(edge)["both/good/all"].warning == "The token ends on Friday: renew it. Two keys are left."
    assert by_name(edge)["both/bad/all"].warning == ""
    assert "the warnings of both/bad/all cannot be had" in caplog.text
    assert "customer's words" not in caplog.text
    edge.stop(5)


def test_an_account_that_hangs_or_fails_never_slows_another(blobs: BlobStore) -> None:
    """Thirty hang, thirty fail, and one goes on as if it were alone."""
    release = threading.Event()

    def hang(_: int) -> Page:
        release.wait()
        raise Retriable("at last")

    def fail(_: int) -> Page:
        raise Retriable("away")

    good = Both("good", blobs, nothing)
    others = [Both(f"{look.__name__}-{number}", blobs, look) for look in (hang, fail) for number in range(30)]
    edge, _ = edge_of(*others, good)
    edge.start()
    wait(lambda: good.looks > 0, 5)
    before, began = good.looks, time.monotonic()
    wait(lambda: good.looks > before + 20, 5)
    assert time.monotonic() - began < 2
    assert not edge.stop(0.1)
    release.set()
    assert edge.stop(5)


def test_the_circuit_opens_after_failures_in_a_row_and_closes_on_success(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """While it is open the source is failing and is probed, at intervals of `patience`; one good look closes it."""
    status, stop, seen = Status("a"), threading.Event(), list[tuple[str, float]]()
    pauses = Pauses(first=0.001, longest=0.002, patience=0.1, open_after=3)

    def work() -> None:
        seen.append((status.health().state, time.monotonic()))
        if len(seen) < 6:
            raise Retriable("away")
        status.stored(1)

    with caplog.at_level(logging.WARNING):
        persist(work, status, stop, pauses)
    assert [state for state, _ in seen] == ["starting", "waiting", "waiting", "failing", "failing", "failing"]
    probes = [at for _, at in seen[2:]]
    assert all(after - before >= pauses.patience / 2 for before, after in pairwise(probes))
    assert status.health().state == "running"
    assert "a fails: away (failed 3 times in a row: asked again about every 0.1 s)" in caplog.text


def test_a_source_that_gives_something_between_failures_never_opens_the_circuit() -> None:
    """It is weak, not dead."""
    status, stop, calls = Status("a"), threading.Event(), list[int]()

    def work() -> None:
        calls.append(1)
        if len(calls) < 8:
            status.stored(1)
            raise Retriable("cut off")

    persist(work, status, stop, Pauses(first=0.001, longest=0.002, patience=60, open_after=2))
    assert len(calls) == 8


def test_a_rate_is_of_the_last_minutes() -> None:
    """It neither jumps at the first message nor remembers yesterday."""
    now = 0.0
    rate = Rate(lambda: now)
    rate.add(6)
    assert rate.per_minute() == 6.0
    now = 120.0
    rate.add(6)
    assert rate.per_minute() == 6.0
    now = 290.0
    assert rate.per_minute() == pytest.approx(12 * 60 / 290)
    now = 1000.0
    assert rate.per_minute() == 0.0


def test_what_may_be_another_processs_is_neither_published_nor_saved(blobs: BlobStore) -> None:
    """Before the first look, before the page is published, and between that and its position."""
    for allowed in range(3):
        answers = iter([True] * allowed + [False])
        kafka, status, stop = MemoryKafka(), Status("a"), threading.Event()
        connector = Both("main", blobs, lambda look: Page((raw(look, "main"),), {"at": look}))
        with pytest.raises(Retriable, match="both/main may belong to another process by now"):
            receive(connector, "all", kafka, kafka, status, stop, partial(next, answers))
        assert (connector.looks, len(kafka.events), kafka.positions) == (min(allowed, 1), max(0, allowed - 1), {})
