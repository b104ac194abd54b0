"""What every destination must keep: inherit `SinkContract`, say how to make yours and how to see what it holds."""

from __future__ import annotations

import tempfile
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from normalizer.events import Attachment, Contact, Decision, Kind, Message, Routed, Ticket
from normalizer.ids import event_id
from sinks._base import Sink

_START = datetime(2026, 1, 5, 9, tzinfo=UTC)


def routed(ticket: int, revision: int, *, text: str = "", with_message: bool = True) -> Routed:
    """A revision of a ticket, equal for equal arguments: its message, decisions and every third time a file."""
    at = _START + timedelta(hours=ticket, minutes=revision)
    customer = Contact("email", f"c{ticket % 3}@example.com", f"Customer {revision}" if revision % 2 else "")
    message = Message(
        id=event_id("m", str(ticket), str(revision)),
        channel="mail",
        account="support",
        source_id=f"INBOX;1;{ticket}-{revision}",
        sender=customer,
        received_at=at,
        sent_at=at,
        subject=f"Subject {ticket}",
        text=text or f"Text {revision} of {ticket}",
        visible_text=f"Text {revision}",
        html="<p>Text</p>",
        to=(Contact("email", "support@example.com"),),
        fields={"plan": "gold"},
        attachments=(Attachment(sha256="ab" * 32, size=3, name="a.txt", inline=True),) if revision % 3 == 0 else (),
    )
    return Routed(
        ticket=Ticket(
            id=event_id("t", str(ticket)),
            revision=revision,
            conversation_id=event_id("c", str(ticket)),
            customer_id=event_id("customer", customer.address),
            customer=customer,
            channel="mail",
            account="support",
            subject=f"Subject {ticket}",
            status="open" if with_message else "closed",
            priority="urgent" if revision % 2 else "normal",
            queue=f"queue-{revision}",
            opened_at=_START + timedelta(hours=ticket),
            updated_at=at,
            messages=revision,
        ),
        message=message if with_message else None,
        decisions=(
            Decision("priority", "urgent-words", "urgent", "found 'urgent'"),
            Decision("queue", "default", f"queue-{revision}"),
        ),
        suppressed="auto-reply" if revision == 4 else "",
    )


def merged(ticket: int, revision: int, into: int) -> Routed:
    """The revision that says that a ticket is part of another."""
    event = routed(ticket, revision, with_message=False)
    target = event_id("t", str(into))
    return msgspec.structs.replace(
        event, ticket=msgspec.structs.replace(event.ticket, status="merged", merged_into=target)
    )


def unstorable(ticket: int, revision: int) -> Routed:
    """A revision that no destination can take: half of a surrogate pair is not Unicode text."""
    good = routed(ticket, revision)
    return msgspec.structs.replace(good, ticket=msgspec.structs.replace(good.ticket, subject="\ud800"))


HISTORY: Sequence[Routed] = tuple(
    routed(ticket, revision, with_message=revision != 5) for ticket in range(4) for revision in range(1, 7)
)

# 1 went into 2, and 2 into 3, which absorbed each; 1 got a late message after that; 4 went into 3 and came back.
MERGES: Sequence[Routed] = (
    *(
        routed(1, 1),
        routed(1, 2),
        merged(1, 3, 2),
        msgspec.structs.replace(merged(1, 4, 2), message=routed(1, 4).message),
    ),
    *(routed(2, 1), routed(2, 2, with_message=False), routed(2, 3), merged(2, 4, 3)),
    *(routed(3, 1), routed(3, 2, with_message=False)),
    *(routed(4, 1), merged(4, 2, 3), routed(4, 3)),
)
SURVIVORS = {1: 3, 2: 3, 3: 3, 4: 4}


class SinkContract(ABC):
    """The suite. `make` gives a new sink, not open, that keeps what it has in `folder`."""

    @abstractmethod
    def make(self, folder: Path) -> Sink:
        """A sink; two made for one folder are one destination, unless it keeps nothing beyond the process."""

    @abstractmethod
    def contents(self, sink: Sink) -> object:
        """All that an open sink holds, in a form that compares equal when it is the same."""

    @contextmanager
    def opened(self) -> Iterator[Sink]:
        """A sink with an empty folder of its own."""
        with tempfile.TemporaryDirectory() as folder:
            sink = self.make(Path(folder))
            sink.open()
            try:
                yield sink
            finally:
                sink.close()

    def in_order(self, history: Sequence[Routed] = HISTORY) -> object:
        """What a sink holds when every event came once, in order, in one batch."""
        with self.opened() as sink:
            assert not sink.write(history)
            return self.contents(sink)

    def test_it_states_its_delivery_guarantee(self, tmp_path: Path) -> None:
        """The docstring has a line that starts with ``Delivery:``; the name is the module's."""
        cls = type(self.make(tmp_path))
        assert any(line.strip().startswith("Delivery:") for line in (cls.__doc__ or "").splitlines())
        assert cls.name == cls.__module__.rpartition(".")[2]

    def test_opening_and_closing_twice_is_harmless(self, tmp_path: Path) -> None:
        """A supervisor may do either once too often; what was written stays writable and readable."""
        sink = self.make(tmp_path)
        sink.close()
        sink.open()
        sink.write(HISTORY[:1])
        sink.open()
        sink.write(HISTORY[1:])
        expected = self.in_order()
        assert expected == self.contents(sink)
        sink.close()
        sink.close()

    def test_an_empty_batch_is_nothing(self) -> None:
        """Nothing to write is nothing refused."""
        with self.opened() as sink:
            assert dict(sink.write([])) == {}

    def test_applied_twice_is_applied_once(self) -> None:
        """A batch that comes again, as after a crash, changes nothing; nor does one event twice in a batch."""
        expected = self.in_order()
        with self.opened() as sink:
            assert not sink.write(HISTORY)
            assert not sink.write(HISTORY)
            assert not sink.write([*HISTORY, *HISTORY])
            assert expected == self.contents(sink)

    def test_a_batch_half_written_can_be_written_again(self) -> None:
        """The first half arrived, then the process died: the whole batch comes again."""
        expected = self.in_order()
        with self.opened() as sink:
            sink.write(HISTORY[: len(HISTORY) // 2])
            sink.write(HISTORY)
            assert expected == self.contents(sink)

    @pytest.mark.parametrize("history", [HISTORY, MERGES], ids=["history", "merges"])
    def test_any_order_and_any_repetition_is_the_same_as_once(self, history: Sequence[Routed]) -> None:
        """Batches cut anywhere, shuffled across tickets and revisions and repeated, end in the same state."""
        expected = self.in_order(history)

        @settings(max_examples=25, deadline=None)
        @given(
            st.lists(st.sampled_from(history), max_size=12).flatmap(lambda more: st.permutations([*history, *more])),
            st.integers(1, len(history)),
        )
        def arrive(events: Sequence[Routed], size: int) -> None:
            with self.opened() as sink:
                for start in range(0, len(events), size):
                    assert not sink.write(events[start : start + size])
                assert expected == self.contents(sink)

        arrive()

    def test_a_refused_item_does_not_stop_the_good_ones(self) -> None:
        """What cannot be stored is given back by its index with a reason; all others are there."""
        expected = self.in_order()
        with self.opened() as sink:
            refused = sink.write([unstorable(9, 1), *HISTORY, unstorable(9, 2)])
            assert [0, len(HISTORY) + 1] == sorted(refused)
            assert {"not-storable"} == {rejected.reason for rejected in refused.values()}
            assert all(event_id("t", "9") in str(rejected) for rejected in refused.values())
            assert expected == self.contents(sink)


class StoreContract(SinkContract):
    """The suite of a destination that can be asked what it holds: conversations that were merged are found together."""

    @abstractmethod
    def conversation(self, sink: Sink, ticket_id: str) -> Sequence[Message]:
        """The messages that an open sink shows with a ticket, in its order."""

    @abstractmethod
    def survivor(self, sink: Sink, ticket_id: str) -> str:
        """The id of the ticket that an open sink says a ticket is part of."""

    def test_the_messages_of_merged_tickets_are_found_with_the_one_that_is_left(self) -> None:
        """Whatever the order of arrival: each message is told of once, in the order in which they were said."""

        @settings(max_examples=25, deadline=None)
        @given(st.permutations(MERGES))
        def arrive(events: Sequence[Routed]) -> None:
            with self.opened() as sink:
                for event in events:
                    assert not sink.write([event])
                for ticket, survivor in SURVIVORS.items():
                    assert event_id("t", str(survivor)) == self.survivor(sink, event_id("t", str(ticket)))
                for ticket, tickets in {1: [1], 2: [1, 2], 3: [1, 2, 3], 4: [4]}.items():
                    assert _said(MERGES, tickets) == self._ids(sink, ticket)

        arrive()

    def test_any_merges_are_followed_to_their_end(self) -> None:
        """Chains, several into one, into tickets that have not come yet, and circles, which later revisions resolve."""

        @settings(max_examples=50, deadline=None)
        @given(st.lists(st.integers(0, 5), min_size=5, max_size=5), st.randoms(use_true_random=False))
        def arrive(targets: Sequence[int], order: Random) -> None:
            events = [routed(ticket, 1) for ticket in range(5)]
            events += [merged(ticket, 2, into) for ticket, into in enumerate(targets) if ticket != into]
            order.shuffle(events)
            with self.opened() as sink:
                assert not sink.write(events)
                for ticket in range(5):
                    family = [other for other in range(5) if ticket in _path(other, targets)]
                    assert _said(events, family) == self._ids(sink, ticket)
                    assert self.survivor(sink, event_id("t", str(ticket))) in {
                        event_id("t", str(other)) for other in _path(ticket, targets)
                    }

        arrive()

    def test_the_words_that_were_taken_back_are_not_kept(self) -> None:
        """Neither those of the message nor of its edit, whatever came first; that there was a message stays."""
        said = routed(7, 3, text="secret one")
        about = said.message.id if said.message else ""
        edit, deletion, other = (_about(routed(7, n, text=f"secret {n}"), about, kind) for n, kind in _LATER)

        @settings(max_examples=24, deadline=None)
        @given(st.permutations([said, edit, deletion, other]))
        def arrive(events: Sequence[Routed]) -> None:
            with self.opened() as sink:
                for event in events:
                    assert not sink.write([event])
                shown = self.conversation(sink, said.ticket.id)
                assert len(shown) == 4
                told = [each for each in shown if each.kind != "message" or each.id == about]
                assert {(m.text, m.visible_text, m.html, m.attachments) for m in told if m.kind != "deletion"} == {
                    ("", "", "", ())
                }
                assert [each.text for each in shown if each not in told] == ["secret 6"]

        arrive()

    def _ids(self, sink: Sink, ticket: int) -> list[str]:
        return [message.id for message in self.conversation(sink, event_id("t", str(ticket)))]


_LATER: tuple[tuple[int, Kind], ...] = ((4, "edit"), (5, "deletion"), (6, "message"))


def _about(event: Routed, about: str, kind: Kind) -> Routed:
    """An event of a message that is about another."""
    target = about if kind != "message" else ""
    assert event.message
    return msgspec.structs.replace(event, message=msgspec.structs.replace(event.message, kind=kind, about=target))


def _path(ticket: int, targets: Sequence[int]) -> list[int]:
    """The tickets that a ticket was merged through, itself first; number 5 never arrives."""
    path = [ticket]
    while path[-1] < len(targets) and targets[path[-1]] not in path:
        path.append(targets[path[-1]])
    return path


def _said(events: Sequence[Routed], tickets: Sequence[int]) -> list[str]:
    """The messages of some tickets in the order in which they were said."""
    names = {event_id("t", str(ticket)) for ticket in tickets}
    told = {(e.message.received_at, e.message.id) for e in events if e.message and e.ticket.id in names}
    return [message_id for _, message_id in sorted(told)]
