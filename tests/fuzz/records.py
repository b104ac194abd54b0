"""Records: what a reader of the topics, a redrive or a replay gives to the decoders and to the stages."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from normalizer.errors import Rejected
from normalizer.events import Event
from normalizer.wire import decode, encode, headers, raw_headers, read_raw, versioned_type
from ops import wiring
from ops.config import BlobSettings, Config
from ops.reference.schemas import events
from streams._record import Record
from streams._stage import Stage
from streams._state import State
from tests.conformance.connector import ConnectorContract
from tests.conformance.test_fleet_connectors import _test_classes
from tests.fuzz.examples import examples
from tests.fuzz.found import Input
from tests.fuzz.mutate import Mutator
from tests.fuzz.target import Target

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def wire() -> Iterator[Target]:
    """The decoders of raw records and of every event."""
    kits = [each for each in _test_classes() if issubclass(each, ConnectorContract)]
    raws = [each for kit in kits for each in kit().samples()]

    def make_raw(mutator: Mutator) -> Input:
        like = mutator.random.choice(raws)
        return Input("wire:read_raw", like.body[:100], headers=_mutated(mutator, raw_headers(like)))

    def run_raw(found: Input) -> str:
        try:
            raw = read_raw(found.body, found.headers, key=found.body[:5])
        except Rejected:
            return "rejected"
        return "read" if raw.received_at else "read without a time"

    yield Target("wire:read_raw", make_raw, run_raw)
    seeds = _records()
    for kind in events():
        if kind in seeds:
            yield _decode(kind, seeds[kind])


def _decode(kind: type[Event], bodies: Sequence[bytes]) -> Target:
    name = f"wire:decode:{versioned_type(kind)}"

    def make(mutator: Mutator) -> Input:
        return Input(name, mutator.body(bodies), headers=_mutated(mutator, _heads(kind)))

    def run(found: Input) -> str:
        try:
            encode(decode(kind, found.body, found.headers))
        except Rejected:
            return "rejected"
        return "read"

    return Target(name, make, run)


def _heads(kind: type[Event]) -> Sequence[tuple[str, bytes]]:
    probe = next(each for each in examples() if isinstance(each, kind))
    return headers(probe, ce_id="1", source="/fuzz", time=NOW)


def _mutated(mutator: Mutator, heads: Sequence[tuple[str, bytes]]) -> tuple[tuple[str, bytes], ...]:
    made = []
    for key, value in heads:
        drawn = mutator.random.random()
        if drawn > 0.03:
            made.append((key, value if drawn > 0.1 else mutator.body([value])))
    return tuple(made)


def _records() -> dict[type[Event], list[bytes]]:
    found: dict[type[Event], list[bytes]] = {}
    for event in examples():
        found.setdefault(type(event), []).append(encode(event))
    return found


def stages() -> Iterator[Target]:
    """What is replayed, redriven or written by somebody else: any record, given to a stage."""
    for stage in wiring.stages(Config(blobs=BlobSettings(url="memory://fuzz"))):
        if isinstance(stage, Stage) and stage.tables:
            yield _stage(stage)


class _Memory:
    """What a stage remembers; begun anew from time to time, so that it stays as small as that of a partition."""

    def __init__(self, stage: Stage) -> None:
        self._stage, self._state, self.count = stage, State(stage.tables), 0

    def next(self) -> State:
        self.count += 1
        if self.count % 2000 == 0:
            self._state = State(self._stage.tables)
        return self._state


def _stage(stage: Stage) -> Target:
    name, memory = f"stage:{stage.name}", _Memory(stage)
    takes = [each for each in examples() if type(each).topic in stage.inputs]

    def make(mutator: Mutator) -> Input:
        like = mutator.random.choice(takes)
        return Input(
            name, mutator.body([encode(like)]), name=type(like).topic, headers=_mutated(mutator, _heads(type(like)))
        )

    def run(found: Input) -> str:
        state = memory.next()
        record = Record(found.name, 0, memory.count, b"k", found.body, found.headers, 0)
        try:
            stage.decide(record, state)
        except (Rejected, OverflowError):  # the runtime sets both aside: streams/_batch.py
            state.undo()
            stage_origin(stage, record)
            return "rejected"
        state.accept()
        return "taken"

    return Target(name, make, run)


def stage_origin(stage: Stage, record: Record) -> None:
    """What the dead letter asks next; `Rejected` is an answer."""
    try:
        stage.origin(record)
    except Rejected:
        return
