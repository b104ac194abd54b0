"""All stages one after the other in this process, without Kafka: what one gives is what the next one takes.

So the pure work and the store can be timed by themselves, and compared byte for byte with what another version gives.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from connectors._blobs import BlobStore
from normalizer.default_rules import POLICY
from normalizer.events import RAW, RawEvent, Routed
from normalizer.mail.reading import read
from normalizer.tickets import ClosedPolicy
from normalizer.wire import raw_headers
from sinks.sqlite import Sqlite
from streams._record import Output, Record
from streams._stage import Stage
from streams._state import State
from streams.deliver import Deliver
from streams.normalize import Normalize
from streams.route import Route
from streams.thread import Thread

STORE = "deliver.sqlite"
STAGES = (Normalize.name, "blobs", Thread.name, Route.name, STORE)


def raw_records(mails: Iterable[RawEvent]) -> list[Record]:
    """Raw mails as the records of one partition, as the normalize stage gets them."""
    return [
        Record(RAW + raw.channel, 0, offset, raw.key.encode() if raw.key else None, raw.body, list(raw_headers(raw)))
        for offset, raw in enumerate(mails)
    ]


class Line:
    """The stages with their memory, and a store in `folder`. Used as a context, which closes the store."""

    def __init__(self, folder: Path) -> None:
        self.store = folder / "tickets.db"
        self._normalize = Normalize({"mail": read}, BlobStore((folder / "blobs").as_uri()))
        self._thread = Thread()
        self._route = Route(POLICY, ClosedPolicy())
        self._deliver = Deliver(Sqlite(self.store))
        self._states = {stage.name: State(stage.tables) for stage in (self._normalize, self._thread, self._route)}
        self._offsets = itertools.count()

    def __enter__(self) -> Line:
        self._deliver.open()
        return self

    def __exit__(self, *_: object) -> None:
        self._deliver.close()

    def carry(self, batch: Sequence[Record], ended: Callable[[str], None]) -> list[Output]:
        """Take a batch of raw records into the store; gives the outputs of all stages.

        `ended` is told the name of each of `STAGES` when it has ended, and "" when the next one begins.
        """
        normalized = self._decided(self._normalize, batch)
        ended(Normalize.name)
        self._normalize.keep([blob for output in normalized for blob in output.blobs])
        ended("blobs")
        records = self._records(normalized, self._thread.inputs)
        ended("")
        threaded = self._decided(self._thread, records)
        ended(Thread.name)
        records, routed = self._records(threaded, self._route.inputs), []
        ended("")
        while records:
            outputs = self._decided(self._route, records)
            routed += outputs
            records = self._records(outputs, self._route.inputs)  # a merged ticket goes on to the one it is part of
        ended(Route.name)
        records = self._records(routed, (Routed.topic,))
        ended("")
        self._deliver.write(records)
        ended(STORE)
        return [*normalized, *threaded, *routed]

    def _decided(self, stage: Stage, records: Sequence[Record]) -> list[Output]:
        state = self._states[stage.name]
        outputs: list[Output] = []
        for record in records:
            outputs += stage.decide(record, state)
            state.accept()
        return outputs

    def _records(self, outputs: Sequence[Output], topics: Sequence[str]) -> list[Record]:
        return [
            Record(output.topic, 0, next(self._offsets), output.key, output.value, list(output.headers))
            for output in outputs
            if output.topic in topics
        ]
