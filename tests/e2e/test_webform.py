"""The web form on real Kafka: 202 means that the broker has it, and 503 that the caller must come again."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from kafka import KafkaConsumer, TopicPartition  # type: ignore[import-untyped]  # kafka-python ships no types

from connectors._blobs import BlobStore
from connectors._edge import edge_on
from connectors._http import HttpServer
from connectors.webform import WebForm, WebFormSettings
from normalizer.cluster import Cluster
from normalizer.events import Message, Origin
from normalizer.wire import read_raw
from ops.engine.kafka import Engine
from ops.topics import declare

pytestmark = pytest.mark.engine


@contextmanager
def form_on(cluster: Cluster, folder: Path) -> Iterator[httpx.Client]:
    """A client of a form that publishes to a cluster."""
    declare(cluster, ["webform"])
    settings = WebFormSettings(posts_per_minute=10_000)
    edge, publisher = edge_on(cluster, [WebForm("shop", settings, BlobStore(folder.as_uri()))])
    edge.start()
    try:
        with (
            HttpServer(edge.routes(), problems=edge.problems).in_thread() as server,
            httpx.Client(base_url=f"http://127.0.0.1:{server.port}", timeout=30, trust_env=False) as client,
        ):
            yield client
    finally:
        edge.stop()
        publisher.close()


def on_topic(cluster: Cluster) -> list[Message]:
    """Every message whose record is on the raw topic now."""
    consumer = KafkaConsumer(bootstrap_servers=cluster.brokers, consumer_timeout_ms=10_000)
    topic = cluster.named("raw.webform")
    try:
        partitions = [TopicPartition(topic, number) for number in consumer.partitions_for_topic(topic) or ()]
        consumer.assign(partitions)
        consumer.seek_to_beginning(*partitions)
        missing = sum(consumer.end_offsets(partitions).values())
        found: list[Message] = []
        while missing:
            record = next(consumer)
            missing -= 1
            origin = Origin(record.topic, record.partition, record.offset)
            found += WebForm.read(read_raw(record.value, record.headers, key=record.key, origin=origin))
        return found
    finally:
        consumer.close()


def test_a_post_is_on_the_topic(cluster: Cluster, tmp_path: Path) -> None:
    """What was answered with 202 lies on ``raw.webform``, its files in the blob store."""
    with form_on(cluster, tmp_path) as client:
        answer = client.post(
            "/webform/shop",
            data={"name": "Ann", "email": "ann@example.org", "message": "Grüße\nAnn"},
            files={"attachments": ("photo.jpg", b"\xff\xd8 photo", "image/jpeg")},
        )
        (message,) = on_topic(cluster)
    assert (answer.status_code, answer.json()) == (202, {"id": message.id})
    assert message.text == "Grüße\nAnn"
    assert BlobStore(tmp_path.as_uri()).get(message.attachments[0].sha256) == b"\xff\xd8 photo"


def test_a_second_click_is_two_records_of_one_message(cluster: Cluster, tmp_path: Path) -> None:
    """Both are kept, and dedupe knows them by their id and tells them apart by their origin."""
    with form_on(cluster, tmp_path) as client:
        for _ in range(2):
            headers = {"Idempotency-Key": "7f1e6c1a-2222"}
            client.post("/webform/shop", json={"email": "ann@example.org", "message": "hi"}, headers=headers)
        first, second = on_topic(cluster)
    assert first.id == second.id
    assert first.origin != second.origin


def test_nothing_is_acknowledged_while_the_broker_is_away(tmp_path: Path) -> None:
    """`kill -9` of the broker: 503 with Retry-After; the same post is taken once it is back; nothing is missing."""

    def post(client: httpx.Client, number: int) -> httpx.Response:
        headers = {"Idempotency-Key": f"post-number-{number}"}
        return client.post(
            "/webform/shop", json={"email": "ann@example.org", "message": f"number {number}"}, headers=headers
        )

    with Engine(tmp_path / "kafka", port=0) as engine:
        cluster = Cluster(brokers=engine.brokers, partitions=2)
        with form_on(cluster, tmp_path / "blobs") as client:
            before = post(client, 1)
            engine.kill(1)
            away = post(client, 2)
            engine.restart(1)
            deadline = time.monotonic() + 60
            again = post(client, 2)
            while again.status_code != 202 and time.monotonic() < deadline:
                time.sleep(min(5, int(again.headers["retry-after"])))
                again = post(client, 2)
            found = {message.id for message in on_topic(cluster)}
    assert before.status_code == 202
    assert away.status_code == 503
    assert int(away.headers["retry-after"]) >= 1
    assert "id" not in away.json()
    assert found == {before.json()["id"], again.json()["id"]}
