"""The destination in memory."""

from collections.abc import Sequence
from pathlib import Path

from normalizer.events import Message
from sinks._base import Sink
from sinks.memory import Memory
from tests.conformance.sink import HISTORY, StoreContract, routed


class TestMemory(StoreContract):
    """Keeps the contract of destinations."""

    def make(self, folder: Path) -> Sink:  # noqa: ARG002 - it keeps nothing on disk
        """A sink that needs no folder."""
        return Memory()

    def contents(self, sink: Sink) -> object:
        """Revisions in the order of their names, since `events` is in the order of arrival."""
        assert isinstance(sink, Memory)
        return sorted(sink.events, key=lambda event: (event.ticket.id, event.ticket.revision))

    def conversation(self, sink: Sink, ticket_id: str) -> Sequence[Message]:
        """As it says."""
        assert isinstance(sink, Memory)
        return sink.conversation(ticket_id)

    def survivor(self, sink: Sink, ticket_id: str) -> str:
        """As it says."""
        assert isinstance(sink, Memory)
        return sink.survivor(ticket_id)


def test_the_newest_revision_is_the_ticket() -> None:
    """`tickets` shows the newest revision, whatever came last; `messages` every message once."""
    sink = Memory()
    sink.write([routed(1, 2), routed(1, 1), routed(1, 2)])
    assert {routed(1, 1).ticket.id: routed(1, 2).ticket} == sink.tickets
    assert len(sink.messages) == 2
    assert [event.ticket.revision for event in sink.events] == [2, 1]


def test_a_change_of_status_has_no_message() -> None:
    """Revisions without a message count as revisions only."""
    sink = Memory()
    sink.write(HISTORY)
    assert len(HISTORY) == len(sink.events)
    assert len([event for event in HISTORY if event.message]) == len(sink.messages)
