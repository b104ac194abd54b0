"""A transport for Faust that hands over rounds of records, and commits only what was finished.

Faust finds it by the entry point ``batched`` of the group ``faust.transports``: ``batched://host:port``. It is Faust's
own aiokafka driver with three things changed (docs/decisions/0002-batched-faust-transport.md):

- a message tells an agent only that records wait; it takes them in rounds, for each of which Faust's cost counts at most once;
- offsets move when a round was `finished`, never because Faust acknowledged a message: an exception out of an agent, a
  skipped or a stale message would acknowledge what nobody processed;
- at a rebalance the round in hand is finished and committed before its partitions go.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping
from contextlib import suppress
from typing import Any, cast

from faust.transport.drivers import aiokafka as driver
from faust.types import TP
from faust.types.tuples import ConsumerMessage, Message

from streams._consumer import ConsumerThread
from streams._waiting import Round, Waiting

CONFIRM_SECONDS = 4.0
"""A round that is in hand for longer asks whether it is still ours before it writes state: the session could be over. When
nothing at all was done for as long, this process was stopped, and no round begins before it has asked."""
FINISH_SECONDS = 8.0
"""How long a rebalance waits for the round in hand: less than the session timeout, so that nobody is thrown out."""

Process = Callable[[Round], Coroutine[Any, Any, None]]


class GivenAway(Exception):
    """The partitions went to another worker while a round was in hand, which is theirs now; nothing more is written of it.

    The process must stop: its outputs may be there and its state is not, so whatever followed would be counted wrong.
    """


def _now() -> float:
    """Seconds that also pass while the machine sleeps, where the system counts them."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


class Consumer(driver.Consumer):
    """Hands out rounds and knows which of them are finished. Everything here runs in the app's event loop."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._waiting = Waiting()
        self._announced = False
        self._room, self._enough = asyncio.Event(), asyncio.Event()
        self._room.set()
        self._finished: dict[TP, int] = {}
        self._in_hand: asyncio.Task[None] | None = None
        self._idle = asyncio.Event()
        self._idle.set()
        self._begun, self._begun_in = 0.0, -1
        self._awake, self._unsure = _now(), False
        self._generation = -1
        self._owned_since: dict[TP, int] = {}
        self._rewind = False

    def _new_consumer_thread(self) -> ConsumerThread:
        return ConsumerThread(self, loop=self.loop, beacon=self.beacon)

    async def getmany(self, timeout: float) -> AsyncIterator[tuple[TP, Message]]:  # noqa: ASYNC109 - Faust's signature
        """Fetch records, let them wait, and yield one message to say so unless the agent knows."""
        self._look_at_the_clock()
        if not self._room.is_set():  # waiting costs two tasks
            await self.wait(cast("Any", self._room))
        if not self.flow_active:
            await self.wait(cast("Any", self.can_resume_flow))
        if self._rewind:
            # Records were fetched and dropped in a rebalance, and the fetcher is past them.
            self._rewind = False
            await self.perform_seek()
        records, active = await self._wait_next_records(timeout)
        if records is None or self.should_stop:
            return
        if not self.flow_active:
            self._rewind = True
            return
        for tp, batch in records.items():
            if active is None or tp in active:
                self._waiting.put(tp, batch)
        self._gauge()
        if records and not self._announced:
            self._announced = True
            yield tp, self._message(tp)

    def _message(self, tp: TP) -> Message:
        """To an agent, that records wait. It has the offset that Faust knows of: it would drop what is below."""
        offset = self._read_offset[tp] or 0
        generation = self.app.consumer_generation_id
        return ConsumerMessage(
            tp.topic, tp.partition, offset, 0.0, 0, [], None, b"", None, 0, 0, tp, generation_id=generation
        )

    def _gauge(self) -> None:
        """Tell the fetcher and the agent whether a round's worth waits."""
        on, off = (self._enough, self._room) if self._waiting.is_enough else (self._room, self._enough)
        on.set()
        off.clear()

    async def gather(self, seconds: float) -> None:
        """Return when nothing or a round's worth waits, or so many seconds have passed."""
        if self._waiting.count and seconds > 0:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._enough.wait(), seconds)

    async def work(self, process: Process) -> bool:
        """Process the next round; False when nothing waits that is ours, and then a message comes when it does.

        Raises what `process` raises.
        """
        self._look_at_the_clock()
        if self._unsure and self.flow_active:
            self._unsure = not await self._is_member(self.app.consumer_generation_id)
        taken = self._waiting.take() if self.flow_active and not self._unsure else {}
        self._gauge()
        if not taken:
            self._announced = False
            return False
        self._begun, self._begun_in = _now(), self.app.consumer_generation_id
        task = self._in_hand = asyncio.create_task(process(taken))
        self._idle.clear()
        try:
            await asyncio.wait({task})
            if not task.cancelled():
                task.result()
        finally:
            task.cancel()
            self._in_hand = None
            self._idle.set()
        return True

    def finished(self, part: Round) -> None:
        """What was written of the round in hand: it may be committed."""
        for tp, batch in part.items():
            self._finished[tp] = max(batch[-1].offset + 1, self._finished.get(tp, 0))

    async def confirm(self, after: float = CONFIRM_SECONDS) -> None:
        """Make sure that the round in hand is still ours: a process that was paused does not know that it was given up.

        Costs nothing while rounds are short, and a question to Kafka for one that took long. Raises `GivenAway`.
        """
        if _now() - self._begun >= after and not await self._is_member(self._begun_in):
            raise GivenAway("its partitions were given away while a round was in hand: was this process paused?")

    async def _is_member(self, generation: int) -> bool:
        return await cast("ConsumerThread", self._thread).is_member(generation)

    def _look_at_the_clock(self) -> None:
        """Something happens here every second, so a longer gap says that this process stood still."""
        now = _now()
        self._unsure |= now - self._awake > CONFIRM_SECONDS
        self._awake = now

    async def finish(self, within: float = FINISH_SECONDS) -> None:
        """Hand out nothing more, wait for the round in hand (or give it up after `within` seconds), and commit."""
        self.stop_flow()
        self.app.flow_control.suspend()
        self.app.flow_control.clear()
        try:
            await asyncio.wait_for(self._idle.wait(), within)
        except TimeoutError:
            self.log.warning("A round was not finished in %.0f s and is given back: it comes again", within)
            if self._in_hand is not None:
                self._in_hand.cancel()
            await self._idle.wait()
        if not await self.commit():
            await self.commit()  # the first call may only have waited for a commit that had begun before

    async def on_partitions_revoked(self, revoked: set[TP]) -> None:
        """Finish and commit before the partitions go: Faust forgets here what was not yet committed."""
        if revoked:
            await self.finish()
        self._finished.clear()
        self._waiting.clear()
        self._announced = False
        self._gauge()
        await super().on_partitions_revoked(revoked)

    async def on_partitions_assigned(self, assigned: set[TP], generation_id: int = 0) -> None:
        """Note since when each partition is ours without a break: what is known of it is good for as long."""
        unbroken = self._owned_since if generation_id == self._generation + 1 else {}
        self._owned_since = {tp: unbroken.get(tp, generation_id) for tp in assigned}
        self._generation = generation_id
        await super().on_partitions_assigned(assigned, generation_id)

    def owned_since(self, tp: TP) -> int | None:
        """The generation of the group since which nobody else had a partition; None when it is not ours."""
        return self._owned_since.get(tp)

    def offsets(self) -> dict[TP, tuple[int, int]]:
        """Of each partition that is ours: the offset of the next record, and the end as far as it is known."""
        found = {}
        for tp in self.assignment():
            following = self._finished.get(tp) or self.committed(tp)
            with suppress(AssertionError):  # aiokafka's, when the partition went away just now
                found[tp] = (following, self.highwater(tp) or following)
        return found

    def committed(self, tp: TP) -> int:
        """The offset that this consumer knows to be committed; 0 when nothing was."""
        return self._committed_offset.get(tp) or 0

    def _filter_tps_with_pending_acks(self, topics: Any = None) -> Iterator[TP]:
        return (tp for tp in list(self._finished) if topics is None or tp in topics or tp.topic in topics)

    def _new_offset(self, tp: TP) -> int | None:
        return self._finished.get(tp)

    def on_buffer_full(self, tp: TP) -> None:
        """Do nothing: at most one message is in the queue, and `getmany` waits by itself when a round's worth waits."""

    def on_buffer_drop(self, tp: TP) -> None:
        """Do nothing, as nothing was done when the buffer was full."""

    def verify_event_path(self, now: float, tp: TP) -> None:
        """Do nothing: Faust's stall detector compares unlike clocks and raises false alarms (its issue #166)."""


class Producer(driver.Producer):
    """Faust's producer, idempotent, and acknowledged by all replicas in sync."""

    def _settings_extra(self) -> Mapping[str, Any]:
        return {"acks": "all", "enable_idempotence": True}


class Transport(driver.Transport):
    """What Faust builds from a URL that starts with ``batched://``."""

    Consumer = Consumer
    Producer = Producer
