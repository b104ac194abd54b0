"""tickets.routed → a sink: one group per sink, so that one that is down stops no other.

Delivery: at least once, and once in effect, since sinks are idempotent by message id and revision. What a sink
refuses for good goes to the dead letters; what it cannot take now comes again, in order.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence

from normalizer.errors import Rejected, Retriable
from normalizer.events import Outcome, Routed
from normalizer.wire import decode, header
from sinks._base import Place, Sink
from streams._dead_letters import REDRIVE
from streams._fate import fate
from streams._record import Output, Record
from streams._stage import Source, Writer
from streams.thread import message_source

log = logging.getLogger(__name__)


class Deliver(Writer):
    """Writes batches of routed tickets to one sink. `name` tells apart several sinks of one kind."""

    def __init__(self, sink: Sink, name: str = "") -> None:
        self.name = f"deliver.{name or sink.name}"  # type: ignore[misc]  # one group for each sink, so not of the class
        self.inputs = [Routed.topic]
        self.pace = sink.pace
        self._sink = sink
        self._open = False

    def open(self) -> None:
        """Connect the sink. One that does not answer yet is waited for with the first batch: the others go on."""
        try:
            self._connect()
        except Retriable as error:
            log.warning("the stage %s begins without its destination: %s", self.name, error)

    def _connect(self) -> None:
        if not self._open:
            self._sink.open()
            self._open = True

    def close(self) -> None:
        """Disconnect the sink."""
        self._open = False
        self._sink.close()

    def origin(self, record: Record) -> Source | None:
        """The raw record of the message that came with a revision."""
        message = decode(Routed, record.value, record.headers).message
        return None if message is None else message_source(message)

    def write(self, records: Sequence[Record]) -> Sequence[Sequence[Output] | Rejected]:
        """Write a batch; the answer for a record is nothing, or why it was refused.

        One that was refused once and sent again has a new fate: the last that was told is that it was set aside.
        """
        self._connect()
        read = [_read(record) for record in records]
        events = [(i, event) for i, event in enumerate(read) if isinstance(event, Routed)]
        places = [Place(records[i].partition, records[i].offset, records[i].at) for i, _ in events]
        refused = self._sink.write_from([event for _, event in events], places) if events else {}
        answers: list[Sequence[Output] | Rejected] = [
            event if isinstance(event, Rejected) else self._fates(event, record)
            for event, record in zip(read, records, strict=True)
        ]
        for at, why in refused.items():
            answers[events[at][0]] = why
        return answers

    def _fates(self, event: Routed, record: Record) -> Sequence[Output]:
        message = event.message
        if message is None or message.origin is None or not header(record.headers, REDRIVE):
            return ()
        outcome: Outcome = "suppressed" if event.suppressed else "routed"
        return (fate(message, outcome, self.name, record, reason=event.suppressed, ticket_id=event.ticket.id),)


def _read(record: Record) -> Routed | Rejected:
    try:
        return decode(Routed, record.value, record.headers)
    except Rejected as error:
        return error
