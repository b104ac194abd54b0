"""The client below the transport: it fetches, keeps the membership of the group alive, and knows what is committed.

Faust gives each consumer a thread and an event loop of its own, so that a busy app cannot starve its heartbeats. A stage never
computes for long: it gives way after `_batch.TURN_SECONDS`, and what blocks is done in threads. So ours shares the
loop of its app. In threads, five stages waited for each other's turn at the interpreter lock with every request to Kafka.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from inspect import isawaitable
from typing import Any, cast

from aiokafka import AIOKafkaConsumer  # type: ignore[import-untyped]  # aiokafka ships no types
from aiokafka.coordinator.assignors.range import RangePartitionAssignor  # type: ignore[import-untyped]  # the same
from aiokafka.errors import ConsumerStoppedError  # type: ignore[import-untyped]  # the same
from faust.transport.drivers import aiokafka as driver
from faust.types import TP

from streams._client import POLL_RECORDS, App
from streams._fetched import Found, fetched

FETCH_BYTES = 16 << 20
FETCH_WAIT_MS = 250
RETRY_MS = 300
HOUR_MS = 3600 * 1000


class ConsumerThread(driver.AIOKafkaConsumerThread):
    """Fetches and keeps the membership of the group alive; what Faust calls a thread is a task of the app's own loop."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, thread_loop=asyncio.get_running_loop(), **kwargs)
        self._serving: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Start, and return when it runs. Raises what keeps it from that."""
        self._thread_started.set()
        self._thread_running = asyncio.get_running_loop().create_future()
        self._serving = asyncio.create_task(self._serve())
        await self._thread_running

    async def on_thread_started(self) -> None:
        """Start no queue of calls: they are made at once."""

    async def call_thread(self, fun: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Call, as there is no other thread to do it."""
        answer = fun(*args, **kwargs)
        return await answer if isawaitable(answer) else answer

    async def _gather_remaining_tasks(self) -> None:
        """Leave the tasks of the loop alone: they are the app's, and those of the other stages."""

    def _create_worker_consumer(self, transport: Any) -> Any:
        conf = self.app.conf
        return AIOKafkaConsumer(
            bootstrap_servers=driver.server_list(transport.url, transport.default_port),
            client_id=conf.broker_client_id,
            group_id=conf.id,
            # The same partitions of all inputs go to the same member; Faust would take round robin here.
            partition_assignment_strategy=[RangePartitionAssignor],
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            max_poll_records=conf.broker_max_poll_records,
            # A stage that waits for its destination, or is paused, keeps its partitions: nobody could do better.
            max_poll_interval_ms=24 * HOUR_MS,
            max_partition_fetch_bytes=conf.consumer_max_fetch_size,
            fetch_max_bytes=FETCH_BYTES,
            fetch_max_wait_ms=FETCH_WAIT_MS,
            retry_backoff_ms=RETRY_MS,
            request_timeout_ms=int(conf.broker_request_timeout * 1000),
            session_timeout_ms=int(conf.broker_session_timeout * 1000),
            rebalance_timeout_ms=int(conf.broker_rebalance_timeout * 1000),
            heartbeat_interval_ms=int(conf.broker_heartbeat_interval * 1000),
            **driver.credentials_to_aiokafka_auth(conf.broker_credentials, conf.ssl_context),
        )

    async def _fetch_records(
        self,
        consumer: Any,
        active_partitions: set[TP],
        timeout: float | None = None,  # noqa: ASYNC109 - Faust's signature
        max_records: int | None = None,
    ) -> Found:
        if not self.consumer.flow_active:
            return {}
        if consumer._closed:  # noqa: SLF001 - as Faust does
            raise ConsumerStoppedError
        fetcher, bare = consumer._fetcher, cast("App", self.app).cluster.bare  # noqa: SLF001 - the same
        with fetcher._subscriptions.fetch_context():  # noqa: SLF001 - the same
            return await fetched(fetcher, active_partitions, timeout or 0, max_records or POLL_RECORDS, bare)

    async def seek_to_committed(self) -> Mapping[TP, int]:
        """Go back to what is committed, and to the beginning where nothing is: aiokafka would stay where it is there.

        Does nothing when a rebalance comes in between, which seeks by itself when it is over.
        """
        consumer = self._ensure_consumer()
        generation = consumer._coordinator.generation  # noqa: SLF001 - as Faust does; there is no other way
        committed = {tp: await consumer.committed(tp) for tp in consumer.assignment()}
        fresh = [tp for tp, offset in committed.items() if offset is None]
        beginning = await consumer.beginning_offsets(fresh) if fresh else {}
        if consumer._coordinator.generation != generation:  # noqa: SLF001 - the same
            return {}
        for tp, offset in (committed | beginning).items():
            consumer.seek(tp, offset)
        return committed

    async def is_member(self, generation: int) -> bool:
        """Whether Kafka, asked now, counts this consumer as a member of the group in that generation."""
        coordinator = self._ensure_consumer()._coordinator  # noqa: SLF001 - as Faust does; there is no other way
        while coordinator.generation == generation:
            if await coordinator._do_heartbeat():  # noqa: SLF001 - the same
                return bool(coordinator.generation == generation)
            # The broker that knows is away or another one: that says nothing of us.
            await asyncio.sleep(RETRY_MS / 1000)
        return False
