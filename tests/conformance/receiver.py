"""The receiver kit: doors that answer for Kafka, behind the real server application."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any, ClassVar

import httpx
import msgspec
import pytest

from connectors._base import Receiver
from connectors._blobs import BlobStore
from connectors._edge import accepting
from connectors._guard import Limits
from connectors._http import application
from connectors._memory import MemoryKafka
from connectors._status import Status
from normalizer.errors import Retriable


class ReceiverContract(ABC):
    """What every `Receiver` keeps: its doors answer for Kafka."""

    connector: ClassVar[type[Receiver[Any]]]

    @abstractmethod
    def settings(self) -> dict[str, Any]:
        """Settings as in a configuration file."""

    @abstractmethod
    def request(self, number: int) -> httpx.Request:
        """A good delivery, different for each number and the same for the same one. The host is not looked at."""

    @abstractmethod
    def forged(self) -> httpx.Request | None:
        """A delivery whose signature is wrong, None when this channel has none."""

    @pytest.fixture
    def kafka(self) -> MemoryKafka:
        """The Kafka behind the doors."""
        return MemoryKafka()

    @pytest.fixture
    def doors(self, kafka: MemoryKafka, tmp_path: Path) -> httpx.ASGITransport:
        """The real server application over the connector's routes."""
        kind = self.connector
        made = kind("main", msgspec.convert(self.settings(), kind.settings_type), BlobStore(tmp_path.as_uri()))
        routes = made.routes(accepting(made, kafka, Status("main")))
        return httpx.ASGITransport(application(routes, Limits(), tuple))

    def test_a_good_delivery_is_taken(self, doors: httpx.ASGITransport, kafka: MemoryKafka) -> None:
        """2xx, and Kafka has it in a form that the eye can read."""
        assert asyncio.run(_send(doors, self.request(1))).is_success
        assert len(kafka.events) == 1
        assert self.connector.read(kafka.events[0]) != ()

    def test_nothing_is_acknowledged_before_kafka_has_it(self, doors: httpx.ASGITransport, kafka: MemoryKafka) -> None:
        """While the broker is slow the caller waits; when it has the record the caller is answered."""

        async def scene() -> tuple[bool, httpx.Response]:
            kafka.hold()
            answer = asyncio.create_task(_send(doors, self.request(1)))
            early, _ = await asyncio.wait({answer}, timeout=0.3)
            kafka.resume()
            return bool(early), await answer

        early, answer = asyncio.run(scene())
        assert not early
        assert answer.is_success

    @pytest.mark.parametrize("wait", [None, 7.0])
    def test_a_failed_publish_answers_503(
        self, doors: httpx.ASGITransport, kafka: MemoryKafka, wait: float | None
    ) -> None:
        """With a Retry-After, so that the caller comes again; and then it is taken."""
        kafka.fail_next("publish", Retriable("the broker is away: this is tried again", wait))
        refused = asyncio.run(_send(doors, self.request(1)))
        assert (refused.status_code, kafka.events) == (503, [])
        assert int(refused.headers["retry-after"]) >= (wait or 1)
        assert asyncio.run(_send(doors, self.request(1))).is_success

    def test_a_redelivery_has_the_same_id(self, doors: httpx.ASGITransport, kafka: MemoryKafka) -> None:
        """A caller who never heard our answer sends again; downstream knows it by its id."""
        for _ in range(2):
            asyncio.run(_send(doors, self.request(1)))
        asyncio.run(_send(doors, self.request(2)))
        first, second, other = (raw.source_id for raw in kafka.events)
        assert first == second != other

    def test_a_bad_signature_leaves_no_trace(self, doors: httpx.ASGITransport, kafka: MemoryKafka) -> None:
        """Refused with 4xx, and nothing is published."""
        forged = self.forged()
        if forged is None:
            return
        assert asyncio.run(_send(doors, forged)).status_code in (400, 401, 403)
        assert kafka.events == []


async def _send(doors: httpx.ASGITransport, request: httpx.Request) -> httpx.Response:
    async with httpx.AsyncClient(transport=doors, base_url="http://edge.test") as client:
        return await client.send(request)
