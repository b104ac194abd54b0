"""Merges when every customer's records wait on a partition of their own: the tickets are the same in the end."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Sequence
from random import Random
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from normalizer.default_rules import POLICY
from normalizer.events import Message, Origin, Routed, Threaded, Ticket
from normalizer.tickets import ClosedPolicy
from normalizer.wire import decode
from sinks.memory import Memory
from streams._record import Output, Record
from streams._state import State
from streams.route import Route
from streams.thread import Thread
from tests.unit.streams.samples import arrived, message, record

pytestmark = pytest.mark.slow

C, D, E, US = "cara@c.example", "dan@d.example", "eve@e.example", "support@us.example"


class Partitions:
    """messages.threaded with a partition for each key, each with a route stage's state of its own.

    What the thread stage gives is on its way to each partition for a time of its own.
    """

    def __init__(self) -> None:
        self._thread, self._threads = Thread(), State(Thread.tables)
        self._route = Route(POLICY, ClosedPolicy())
        self._tickets: dict[bytes, State] = defaultdict(lambda: State(Route.tables))
        self._sending: dict[bytes, deque[Output]] = defaultdict(deque)
        self._waiting: dict[bytes, deque[Record]] = defaultdict(deque)
        self.sink = Memory()

    def thread(self, mails: Sequence[Message], *, again: bool = False) -> None:
        """Thread mails in this order; `again` when the stage died after it had sent what came out."""
        outputs: list[Output] = []
        for offset, mail in enumerate(mails):
            outputs += self._thread.decide(record(mail, offset), self._threads)
            self._threads.accept()
        for output in [*outputs, *outputs] if again else outputs:
            if output.topic == Threaded.topic:
                self._sending[output.key].append(output)

    def route(self, order: Random, *, again: bool = False) -> None:
        """Take from the partitions in any order; `again` when each outcome is sent twice."""
        queues: tuple[dict[bytes, deque[Any]], ...] = (self._sending, self._waiting)
        while ready := sorted((number, key) for number in (0, 1) for key, queue in queues[number].items() if queue):
            number, key = order.choice(ready)
            if number == 0:
                self._send([self._sending[key].popleft()])
                continue
            outputs = self._route.decide(self._waiting[key].popleft(), self._tickets[key])
            self._tickets[key].accept()
            for _ in range(2 if again else 1):
                self._send(outputs)

    def _send(self, outputs: Sequence[Output]) -> None:
        for output in outputs:
            if output.topic == Routed.topic:
                self.sink.write([decode(Routed, output.value, output.headers)])
            elif output.topic == Threaded.topic:
                self._waiting[output.key].append(arrived(output, 0))

    def board(self) -> dict[str, Ticket]:
        """The tickets that are left, without what counts arrivals and whose name it is."""
        return {
            name: msgspec.structs.replace(ticket, revision=0, customer=_nameless(ticket), related_to=())
            for name, ticket in self.sink.tickets.items()
            if ticket.status != "merged"
        }


def _nameless(ticket: Ticket) -> object:
    return msgspec.structs.replace(ticket.customer, name="")


def board(mails: Sequence[Message], order: Random, *, again: bool = False) -> dict[str, Ticket]:
    """The tickets in the end; each shows as many messages as it counts."""
    found = Partitions()
    found.thread(mails, again=again)
    found.route(order, again=again)
    tickets = found.board()
    shown = {name: len(found.sink.conversation(name)) for name in tickets}
    assert {name: ticket.messages for name, ticket in tickets.items()} == shown
    assert len(mails) == sum(shown.values())
    return tickets


PEOPLE = st.sampled_from([C, D, E, US])


@st.composite
def boxes(draw: st.DrawFn) -> list[Message]:
    """A mailbox whose mails refer to each other, in circles, too, and to mails that never come."""
    names = [f"m{i}" for i in range(draw(st.integers(2, 8)))]
    return [
        message(
            name,
            draw(PEOPLE),
            parents=[
                p for p in draw(st.lists(st.sampled_from([*names, "ghost"]), max_size=3, unique=True)) if p != name
            ],
            to=draw(st.lists(PEOPLE, min_size=1, max_size=3, unique=True)),
            minutes=offset,
            subject=f"Subject {name}",
            text=draw(st.sampled_from(["urgent", "please help"])),
            kind=draw(st.sampled_from(["message", "message", "auto_reply"])),
            offset=offset,
        )
        for offset, name in enumerate(names)
    ]


@settings(max_examples=100, deadline=None)
@given(boxes(), st.randoms(use_true_random=False), st.booleans())
def test_neither_the_order_of_mails_nor_of_partitions_changes_the_tickets(
    box: list[Message], order: Random, again: bool
) -> None:
    """Any mails, in any order, through partitions that go ahead or lag, everything once or again after a crash."""
    shuffled = list(box)
    order.shuffle(shuffled)
    assert board(box, Random(0)) == board(shuffled, order, again=again)


def test_a_conversation_that_comes_back_starts_anew() -> None:
    """Dan's, then Cara's, then Dan's again when the first mail arrives: nothing is counted twice."""
    mails = [
        message("m2", D, parents=["m1"], to=[US, C], offset=1),
        message("m3", C, parents=["m1"], to=[US, D], offset=2),
        message("m1", D, to=[US, C], offset=3),
    ]
    found = Partitions()
    found.thread(mails)
    found.route(Random(1))
    assert {e.ticket.customer.address for e in found.sink.events if e.ticket.status == "merged"} == {C, D}
    assert [(t.customer.address, t.status, t.messages) for t in found.board().values()] == [(D, "open", 3)]


def test_what_comes_late_for_a_merged_ticket_goes_after_it() -> None:
    """The ticket that it was meant for has gone on: it does not come alive again."""
    mails = [
        message(f"m{i}", person, parents=[f"m{i - 1}"], to=[US], offset=i) for i, person in ((3, E), (2, D), (1, C))
    ]
    mails[1:1] = [message("m2x", D, parents=["m1"], to=[US, E], offset=9)]
    mails = [msgspec.structs.replace(mail, origin=Origin("raw.mail", 0, offset)) for offset, mail in enumerate(mails)]
    assert all(board(mails, Random(seed)) == board(mails, Random(0)) for seed in range(20))
