"""What a stage does with a batch, for the runtimes that are not ours: its pure functions, its tables, its blobs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from normalizer.cluster import TopicSpec
from normalizer.errors import Rejected
from streams._record import Output, Record
from streams._stage import Stage, Writer
from streams._state import State
from streams._waiting import ROUND_RECORDS

BATCH = ROUND_RECORDS
"""How many records the other runtimes take at once: as many as ours. With 500, Quix Streams and writers to a store do less."""
CHANGES = TopicSpec("bench.changes", compacted=True)
"""The changelog of runtimes that have no tables of their own."""


class Work:
    """A stage that is open, and its state: dictionaries, one set of tables for each partition."""

    def __init__(self, stage: Stage | Writer) -> None:
        self._stage = stage
        self._states: dict[int, State] = defaultdict(lambda: State(stage.tables))
        stage.open()

    def done(self, records: Sequence[Record]) -> list[Output]:
        """What follows from a batch; its blobs are stored. Raises `Rejected`: the mails here give no dead letters."""
        if isinstance(self._stage, Writer):
            return _answered(self._stage.write(records))
        outputs: list[Output] = []
        for record in records:
            state = self._states[record.partition]
            outputs.extend(self._stage.decide(record, state))
            state.accept()
        if blobs := [blob for output in outputs for blob in output.blobs]:
            self._stage.keep(blobs)
        return outputs

    def changes(self) -> list[tuple[bytes, bytes | None]]:
        """What changed in the tables since the last call."""
        found = [change for state in self._states.values() for change in state.changes.items()]
        for state in self._states.values():
            state.keep()
        return found

    def close(self) -> None:
        """Close the stage."""
        self._stage.close()


def _answered(answers: Sequence[Sequence[Output] | Rejected]) -> list[Output]:
    outputs: list[Output] = []
    for answer in answers:
        if isinstance(answer, Rejected):
            raise answer
        outputs.extend(answer)
    return outputs
