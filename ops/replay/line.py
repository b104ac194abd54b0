"""The stages one after the other in this process: the same code, without groups, and without touching the live ones."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from types import TracebackType
from typing import cast

from normalizer.events import Message, StatusChange, Threaded
from ops import wiring
from ops.config import Config
from ops.replay.disk import Disk
from streams._batch import Progress, decide
from streams._record import Output, Record
from streams._stage import Stage
from streams._state import State


class Line:
    """Normalize, thread and route as a configuration has them, with memories of their own on disk.

    The origins are those of the records, so everything has the ids that it has in the live pipeline.
    """

    def __init__(self, config: Config, disk: Disk) -> None:
        names = ("normalize", "thread", "route")
        self._normalize, self._thread, self._route = (cast("Stage", wiring.stage(config, name)) for name in names)
        # One memory for all partitions: its keys are of an account or a customer, and so are the partitions.
        self._states = {
            stage.name: State(stage.tables, disk.entries(stage.name))
            for stage in (self._normalize, self._thread, self._route)
        }
        self._progress = Progress()
        self._arrived = 0
        self._runner = asyncio.Runner()

    def __enter__(self) -> Line:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._runner.close()

    def feed(self, records: Sequence[Record]) -> list[Output]:
        """Everything that follows from some raw records and changes of tickets, in their order.

        Raises `StageFailed` when a stage has a bug.
        """
        found: list[Output] = []
        run: list[Record] = []
        for record in records:
            if record.topic == StatusChange.topic:  # a change stands between the messages before and after it
                found += self._messages(run)
                run = []
                found += self._routed([record])
            else:
                run.append(record)
        return found + self._messages(run)

    def _messages(self, records: Sequence[Record]) -> list[Output]:
        normalized = self._decided(self._normalize, records)
        threaded = self._decided(self._thread, self._onward(normalized, Message.topic))
        return [*normalized, *threaded, *self._routed(self._onward(threaded, Threaded.topic))]

    def _routed(self, records: Sequence[Record]) -> list[Output]:
        """What route gives, and what it gives for what it tells itself."""
        found: list[Output] = []
        while records:
            outputs = self._decided(self._route, records)
            found += outputs
            records = self._onward(outputs, Threaded.topic)
        return found

    def _decided(self, stage: Stage, records: Sequence[Record]) -> list[Output]:
        if not records:
            return []
        state = self._states[stage.name]
        outputs = self._runner.run(decide(stage, [(records, state)], self._progress))
        state.keep()  # there is no changelog to write it to first
        return outputs

    def _onward(self, outputs: Sequence[Output], topic: str) -> list[Record]:
        """Outputs as the next stage gets them; their offsets grow, as those of a partition do."""
        found = []
        for output in outputs:
            if output.topic == topic:
                self._arrived += 1
                found.append(Record(topic, 0, self._arrived, output.key, output.value, output.headers))
        return found
