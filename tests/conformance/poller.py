"""The poller kit: the receive loop over a real source, killed between any two of its steps."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, ClassVar

import pytest

from connectors._base import Poller
from connectors._edge import receive
from connectors._memory import Crash, MemoryKafka, Step
from connectors._status import Status
from normalizer.events import RawEvent


class Source(ABC):
    """The other side of a poller: something real that items can be put into."""

    name: str

    @abstractmethod
    def put(self, number: int) -> list[str]:
        """Put so many good items in and return their names, as `told` will find them."""

    @abstractmethod
    def put_bad(self) -> None:
        """Put in an item that is as bad as the source allows."""

    @abstractmethod
    def told(self, raw: RawEvent) -> str:
        """The name of the item that a raw event is about, "" for a bad one."""

    @abstractmethod
    def poller(self) -> Poller[Any]:
        """A new poller of this source, as after a restart; with pages smaller than ten items."""


class PollerContract(ABC):
    """What every `Poller` keeps, against a real source."""

    connector: ClassVar[type[Poller[Any]]]

    @pytest.fixture
    @abstractmethod
    def source(self) -> Source:
        """A source of this test's own."""

    @pytest.mark.parametrize("step", ["publish", "half-published", "published", "save", "saved"])
    def test_a_crash_between_any_two_steps_loses_nothing(self, source: Source, step: Step) -> None:
        """Whenever the process dies, the next one goes on from a place where nothing is skipped."""
        kafka, expected = MemoryKafka(), source.put(10)
        run(source, kafka, until=lambda: _names(source, kafka) >= set(expected))
        expected += source.put(15)
        kafka.fail_next(step, Crash())
        with pytest.raises(Crash):
            run(source, kafka, until=lambda: False)
        run(source, kafka, until=lambda: _names(source, kafka) >= set(expected))
        assert _names(source, kafka) == set(expected)

    def test_a_crash_with_a_page_in_hand_loses_nothing(self, source: Source) -> None:
        """A page that was received and never published is received again."""
        expected = set(source.put(25))
        stop = threading.Event()
        pages = source.poller().receive(source.name, None, stop)
        next(pages)
        pages.close()  # type: ignore[attr-defined]  # pollers are written as generators
        kafka = MemoryKafka()
        run(source, kafka, until=lambda: _names(source, kafka) >= expected)
        assert _names(source, kafka) == expected

    def test_a_redelivery_has_the_same_id(self, source: Source) -> None:
        """After a crash that repeats a page, its items have the names and the source ids that they had."""
        kafka, expected = MemoryKafka(), source.put(7)
        kafka.fail_next("save", Crash())
        with pytest.raises(Crash):
            run(source, kafka, until=lambda: False)
        run(source, kafka, until=lambda: _names(source, kafka) >= set(expected))
        assert len({raw.source_id for raw in kafka.events}) == len(expected) < len(kafka.events)

    def test_without_a_crash_nothing_comes_twice(self, source: Source) -> None:
        """A restart goes on after what was saved."""
        kafka, expected = MemoryKafka(), source.put(12)
        run(source, kafka, until=lambda: len(kafka.positions) == 1 and _names(source, kafka) >= set(expected))
        expected += source.put(12)
        run(source, kafka, until=lambda: _names(source, kafka) >= set(expected))
        assert sorted(source.told(raw) for raw in kafka.events) == sorted(expected)

    def test_a_bad_item_stops_no_good_one(self, source: Source) -> None:
        """Items before and after a bad one arrive, and so does the bad one, to be set aside later."""
        kafka, expected = MemoryKafka(), source.put(5)
        source.put_bad()
        expected += source.put(5)
        run(source, kafka, until=lambda: _names(source, kafka) >= set(expected))
        assert _names(source, kafka) - {""} == set(expected)

    def test_what_is_received_can_be_read(self, source: Source) -> None:
        """Hand and eye agree on the raw event."""
        kafka, expected = MemoryKafka(), source.put(3)
        run(source, kafka, until=lambda: _names(source, kafka) >= set(expected))
        assert [len(self.connector.read(raw)) for raw in kafka.events] == [1] * 3

    def test_it_stops_soon(self, source: Source) -> None:
        """A poller that waits for news notices `stop` within a few seconds."""
        kafka = MemoryKafka()
        source.put(1)
        stop = threading.Event()
        thread = threading.Thread(target=lambda: _receive(source, kafka, stop), daemon=True)
        thread.start()
        _wait(lambda: bool(kafka.positions), thread)
        stop.set()
        thread.join(10)
        assert not thread.is_alive()


def run(source: Source, kafka: MemoryKafka, until: Callable[[], bool]) -> None:
    """One life of the receive loop, until a condition holds after a page or a wait, or it crashes."""
    stop = threading.Event()
    died: list[BaseException] = []

    def live() -> None:
        try:
            _receive(source, kafka, stop)
        except BaseException as error:  # noqa: BLE001 - handed over to the test
            died.append(error)

    thread = threading.Thread(target=live, daemon=True)
    thread.start()
    _wait(lambda: bool(died) or until(), thread)
    stop.set()
    thread.join(30)
    if died:
        raise died[0]


def _receive(source: Source, kafka: MemoryKafka, stop: threading.Event) -> None:
    receive(source.poller(), source.name, kafka, kafka, Status(source.name), stop)


def _wait(condition: Callable[[], bool], thread: threading.Thread) -> None:
    for _ in range(6000):
        if condition():
            return
        if not thread.is_alive():
            return
        thread.join(0.01)
    pytest.fail("the receive loop did not get there in a minute")


def _names(source: Source, kafka: MemoryKafka) -> set[str]:
    return {source.told(raw) for raw in list(kafka.events)}
