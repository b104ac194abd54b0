"""This process as a member of a Kafka consumer group that shares out the partitions of a topic without records.

Kafka's cooperative protocol (KIP-429) takes from a member only what moves to another, and gives it to the other in a
second round, which begins when the first member says that it is done. `Holder.revoked` has as long as that takes.
"""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Callable, Set
from contextlib import suppress
from typing import Any, ClassVar, Protocol

from kafka import KafkaConsumer, TopicPartition  # type: ignore[import-untyped]  # it ships no types
from kafka.consumer.subscription_state import (  # type: ignore[import-untyped]  # as above
    AsyncConsumerRebalanceListener,
)
from kafka.coordinator.assignors.cooperative_sticky import (  # type: ignore[import-untyped]  # as above
    CooperativeStickyAssignor,
)
from kafka.errors import (  # type: ignore[import-untyped]  # as above
    CommitFailedError,
    IllegalGenerationError,
    KafkaError,
    UnknownMemberIdError,
)
from kafka.future import Future  # type: ignore[import-untyped]  # as above
from kafka.structs import OffsetAndMetadata  # type: ignore[import-untyped]  # as above

from connectors._kafka import client_options
from normalizer.cluster import Cluster

_log = logging.getLogger(__name__)

SESSION = 12.0
"""Seconds after which Kafka gives away what a member had that is not heard of: as long as in the stages."""
REBALANCE = 60.0
"""Seconds after which Kafka does so with a member that is heard of and does not finish what it was asked to give up."""
_HEARTBEAT = 1.0
_POLL_MS = 250
_CONFIRM_MS = 3_000
_AGAIN = 3.0  # seconds, after a failure
_NO_MEMBER = (CommitFailedError, IllegalGenerationError, UnknownMemberIdError)


class Holder(Protocol):
    """Who is told of what this member has. Called from the client's own thread: must return at once."""

    def granted(self, partitions: Set[int]) -> None:
        """These are ours now."""
        ...

    def revoked(self, partitions: Set[int], done: Callable[[], None]) -> None:
        """These are to be given up; call `done` when nothing of them runs any more."""
        ...

    def lost(self) -> None:
        """All are somebody else's by now."""
        ...


class Membership:
    """A membership that is kept up by a thread of its own until `close`; a Kafka that is away is waited for."""

    unheard_seconds: ClassVar[float] = REBALANCE + SESSION
    """After so long without a sign that Kafka counts us as a member, the client is thrown away for a new one. kafka-python (3.0.12) can
    wait for ever for an answer that a broken connection has swallowed, with no heartbeat sent meanwhile."""

    _holder: Holder

    def __init__(self, cluster: Cluster, group: str, topic: str) -> None:
        self._cluster = cluster
        self._group = cluster.named(group)
        self._topic = cluster.named(topic)
        self._stop = threading.Event()
        self._using = threading.Lock()
        self._consumer: KafkaConsumer | None = None
        self._thread = threading.Thread(target=self._run, name=f"member of {self._group}", daemon=True)
        self._heard_at = 0.0
        self.partitions = 0
        self.problem = ""

    def start(self, holder: Holder) -> None:
        """Join the group, soon; `holder` is told what that gives."""
        self._holder = holder
        self._thread.start()

    def close(self, seconds: float) -> None:
        """Give up everything and leave the group, so that others need not wait until the session ends."""
        self._stop.set()
        self._thread.join(seconds)

    def confirmed(self, partition: int) -> bool | None:
        """Whether Kafka still counts us as the member that we were; None when it cannot tell now.

        An offset is committed, which it takes only from a member of its present generation. It says nothing of records.
        """
        with self._using:
            if self._consumer is None:
                return None
            offset = {TopicPartition(self._topic, partition): OffsetAndMetadata(0, "", -1)}
            try:
                self._consumer.commit(offset, timeout_ms=_CONFIRM_MS)
            except _NO_MEMBER:
                return False
            except KafkaError:
                return None
            self._hear()
            return True

    def _hear(self) -> None:
        self._heard_at = time.monotonic()

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                self._take_part()
            except Exception as error:  # noqa: BLE001 - whatever the client raises, without a member nothing is read
                self.problem = (
                    f"the accounts of {self._group} cannot be shared out: {self._topic} at {self._cluster.brokers} "
                    f"does not answer ({type(error).__name__}): check that Kafka is up; this is tried again"
                )
                _log.warning(self.problem)
            self._stop.wait(_AGAIN * (1 + random.random()) / 2)  # noqa: S311 - jitter, not a secret

    def _take_part(self) -> None:
        assignor = CooperativeStickyAssignor()
        consumer = KafkaConsumer(**client_options(self._cluster), **self._options(assignor))
        try:
            numbers = consumer.partitions_for_topic(self._topic)
            if not numbers:
                self.problem = f"the topic {self._topic} is not declared: run `switchboard topics declare`"
                _log.warning(self.problem)
                return
            self.partitions, self.problem = len(numbers), ""
            consumer.subscribe([self._topic], listener=_Listener(self._holder, assignor, self._hear))
            self._hear()
            with self._using:
                self._consumer = consumer
            while not self._stop.is_set():
                consumer.poll(timeout_ms=_POLL_MS)
                consumer.pause(*consumer.assignment())  # there are no records: nothing need be fetched
                if time.monotonic() - self._heard_at > self.unheard_seconds and not self.confirmed(0):
                    raise TimeoutError
        finally:
            with self._using:
                self._consumer = None
            with suppress(KafkaError):
                consumer.close(autocommit=False, timeout_ms=_CONFIRM_MS)
            self._holder.lost()

    def _options(self, assignor: CooperativeStickyAssignor) -> dict[str, Any]:
        return {
            "group_id": self._group,
            "partition_assignment_strategy": [assignor],
            "session_timeout_ms": int(SESSION * 1000),
            "max_poll_interval_ms": int(REBALANCE * 1000),
            "heartbeat_interval_ms": int(_HEARTBEAT * 1000),
            "enable_auto_commit": False,
            "metrics_enabled": False,
            "bootstrap_timeout_ms": 5_000,
        }


class _Listener(AsyncConsumerRebalanceListener):  # type: ignore[misc]  # of an untyped package
    """Passes on what the client hears; heartbeats go on while it waits."""

    def __init__(self, holder: Holder, assignor: CooperativeStickyAssignor, hear: Callable[[], None]) -> None:
        self._holder = holder
        self._assignor = assignor
        self._hear = hear

    async def on_partitions_assigned(self, assigned: Set[Any]) -> None:
        self._hear()
        self._holder.granted({each.partition for each in assigned})

    async def on_partitions_revoked(self, revoked: Set[Any]) -> None:
        done = Future()
        self._holder.revoked({each.partition for each in revoked}, lambda: done.success(None))
        await done

    async def on_partitions_lost(self, lost: Set[Any]) -> None:
        del lost  # all of them, always
        # kafka-python 3.0 would still claim them when it joins anew, and take them from who has them now.
        self._assignor.member_assignment = None
        self._holder.lost()
