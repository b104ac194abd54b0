"""A round on its way through a stage: what is decided for each record, and what is written for all of them."""

from __future__ import annotations

import asyncio
import logging
import random
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from pathlib import PurePath
from typing import ParamSpec, TypeVar

from normalizer.errors import Misconfigured, Rejected, Retriable
from streams._breaker import Breaker, Letter
from streams._dead_letters import dead_letter
from streams._outbox import MAX_RECORD_BYTES
from streams._record import Output, Record
from streams._stage import Stage, Writer
from streams._state import State

TURN_SECONDS = 0.02
"""How long a round computes before it lets the other stages of the process have their turn."""
LARGE_BYTES = 128 << 10
"""A record of so many bytes is decided on in a thread: heartbeats are sent in this one, and it may take longer than they can wait."""
FIRST_WAIT_SECONDS = 0.5
LONGEST_WAIT_SECONDS = 30.0

Offsets = Mapping[tuple[str, int], tuple[int, int]]
P = ParamSpec("P")
T = TypeVar("T")
log = logging.getLogger(__name__)


class StageFailed(Exception):
    """A stage's own code raised what it must not raise: the process stops and the batch comes again."""


class Progress:
    """What a stage has done since it started. Read it from anywhere; only the stage's worker writes it.

    `offsets` tells of each partition that is this worker's, by topic and number, which record is next and where
    the partition ends.
    """

    def __init__(self, offsets: Callable[[], Offsets] = dict) -> None:
        self.records = 0
        self.outputs = 0
        self.dead_letters = 0
        self.batches = 0
        self.skipped = 0
        self.last_batch_at = 0.0
        self.last_batch_seconds = 0.0
        self.waiting = ""
        self.offsets = offsets

    @property
    def lag(self) -> int:
        """How many records of this worker's partitions are still to come, as far as it has looked."""
        return sum(max(end - following, 0) for following, end in self.offsets().values())


Part = tuple[Sequence[Record], State]
"""Records of one partition, at least one, and what the stage remembers of it."""


async def decide(
    stage: Stage, parts: Sequence[Part], progress: Progress, breaker: Breaker | None = None
) -> list[Output]:
    """What a stage gives for a round; a record that it rejects becomes a dead letter.

    Raises `Tripped` when there are too many of them; then the state is ahead of what may be written.
    """
    outputs: list[Output] = []
    letters: list[Letter] = []
    turn_ends = time.perf_counter() + TURN_SECONDS
    each = ((record, state) for records, state in parts for record in records)
    for at, (record, state) in enumerate(each):
        try:
            if len(record.value) < LARGE_BYTES:
                found = stage.decide(record, state)
            else:
                found = await asyncio.to_thread(stage.decide, record, state)
            for output in found:
                if output.size > MAX_RECORD_BYTES:
                    raise _too_large(output)  # noqa: TRY301 - a call for each record would be paid for by all
        except (Rejected, OverflowError) as error:
            state.undo()
            reason = error if isinstance(error, Rejected) else _too_far(error)
            letters.append((at, reason.reason, str(reason)))
            found = dead_letter(stage, record, reason)
        except Exception as error:
            raise StageFailed(_failure(stage.name, record, error)) from error
        else:
            state.accept()
        outputs.extend(found)
        if time.perf_counter() >= turn_ends:
            await asyncio.sleep(0)
            turn_ends = time.perf_counter() + TURN_SECONDS
    _account(letters, sum(len(records) for records, _ in parts), progress, breaker)
    for records, state in parts:
        try:
            outputs.extend(stage.sum_up(state))
        except Exception as error:
            raise StageFailed(_failure(stage.name, records[-1], error)) from error
    blobs = [blob for output in outputs for blob in output.blobs]
    if blobs:
        await patiently(stage.name, progress, stage.keep, blobs)
    return outputs


async def write(
    stage: Writer, records: Sequence[Record], progress: Progress, breaker: Breaker | None = None
) -> list[Output]:
    """What a writer gives for a batch that it wrote; a record that it refused becomes a dead letter.

    Raises `Tripped` when there are too many of them; the others are written, and will be once more.
    """
    try:
        answers = await patiently(stage.name, progress, stage.write, records)
    except Misconfigured:
        raise
    except Exception as error:
        raise StageFailed(_failure(stage.name, records[0], error)) from error
    if len(answers) != len(records):
        raise StageFailed(f"the stage {stage.name} answered {len(answers)} of {len(records)} records from {records[0]}")
    outputs: list[Output] = []
    letters: list[Letter] = []
    for at, (record, answer) in enumerate(zip(records, answers, strict=True)):
        if isinstance(answer, Rejected):
            letters.append((at, answer.reason, str(answer)))
            outputs.extend(dead_letter(stage, record, answer))
        else:
            outputs.extend(answer)
    _account(letters, len(records), progress, breaker)
    return outputs


def _account(letters: Sequence[Letter], records: int, progress: Progress, breaker: Breaker | None) -> None:
    if breaker is not None:
        breaker.take(records, letters)
    progress.dead_letters += len(letters)


async def patiently(name: str, progress: Progress, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Call in a thread, again and again while it raises `Retriable`, with growing waits in between."""
    wait = FIRST_WAIT_SECONDS
    while True:
        try:
            answer = await asyncio.to_thread(call, *args, **kwargs)
        except Retriable as error:
            progress.waiting = str(error)
            pause = error.retry_after if error.retry_after is not None else wait * random.uniform(0.5, 1.0)  # noqa: S311 - jitter
            log.warning("the stage %s waits %.1f s and tries the same batch again: %s", name, pause, error)
            await asyncio.sleep(pause)
            wait = min(wait * 2, LONGEST_WAIT_SECONDS)
        else:
            progress.waiting = ""
            return answer


def _too_far(error: OverflowError) -> Rejected:
    """JSON has numbers and years without end; what a stage remembers and sends has not. None of ours comes near."""
    return Rejected(
        "out-of-range",
        f"this record holds or leads to a number over 64 bits or an impossible date ({error}): look at what wrote it",
    )


def _too_large(output: Output) -> Rejected:
    return Rejected(
        "output-too-large",
        f"what this record gives for {output.topic} takes {output.size} bytes, and Kafka takes "
        f"{MAX_RECORD_BYTES} at most: move large contents to the blob store",
    )


def _failure(name: str, record: Record, error: Exception) -> str:
    """What failed, where, on which record; not the error's text, which may quote what a customer wrote."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    place = f"{PurePath(frame.filename).name}:{frame.lineno} in {frame.name}"
    return f"the stage {name} failed on {record}: {type(error).__name__} at {place}"
