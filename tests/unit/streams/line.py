"""The thread and route stages one after the other, without Kafka."""

from __future__ import annotations

from collections.abc import Sequence

from normalizer.default_rules import POLICY
from normalizer.events import Fate, Message, Routed, StatusChange
from normalizer.thread_policy import DEFAULT, ThreadPolicy
from normalizer.tickets import ClosedPolicy
from normalizer.wire import decode
from streams._record import Output, Record
from streams._state import State
from streams.route import Route
from streams.thread import Thread
from tests.unit.streams.samples import arrived, record


class Line:
    """Thread and route, each with its state, fed by hand."""

    def __init__(self, closed: ClosedPolicy | None = None, policy: ThreadPolicy = DEFAULT) -> None:
        self.thread, self.route = Thread(policy), Route(POLICY, closed or ClosedPolicy())
        self.threads, self.tickets = State(self.thread.tables), State(self.route.tables)
        self.routed: list[Routed] = []
        self.fates: list[Fate] = []
        self._offset = 0

    def feed(self, *messages: Message) -> list[Routed]:
        """What comes out for these messages."""
        before = len(self.routed)
        for found in messages:
            self._offset += 1
            outputs = self.thread.decide(record(found, self._offset), self.threads)
            self.threads.accept()
            self._take(outputs)
        return self.routed[before:]

    def change(self, event: StatusChange) -> list[Routed]:
        """What comes out when somebody closes or opens a ticket."""
        before = len(self.routed)
        self._decide(record(event))
        return self.routed[before:]

    def _decide(self, found: Record) -> None:
        outputs = self.route.decide(found, self.tickets)
        self.tickets.accept()
        self._take(outputs)

    def _take(self, outputs: Sequence[Output]) -> None:
        for output in outputs:
            self._offset += 1
            found = arrived(output, self._offset)
            if output.topic == Fate.topic:
                self.fates.append(decode(Fate, found.value, found.headers))
            elif output.topic == Routed.topic:
                self.routed.append(decode(Routed, found.value, found.headers))
            else:
                self._decide(found)

    def board(self) -> dict[str, tuple[object, ...]]:
        """The tickets as they are in the end, without what counts arrivals."""
        last = {event.ticket.id: event.ticket for event in self.routed}
        return {
            t.id: (t.status, t.priority, t.queue, t.subject, t.messages, t.opened_at, t.updated_at, t.customer_id)
            for t in last.values()
            if t.status != "merged"
        }
