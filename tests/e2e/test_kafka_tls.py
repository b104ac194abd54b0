"""A Kafka that speaks TLS and asks who we are: every client of ours talks to it, and says what is wrong when it cannot."""

from __future__ import annotations

import asyncio
import tempfile
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import msgspec
import pytest
import trustme

from connectors._blobs import BlobStore
from connectors._kafkalook import look
from connectors._publisher import Publisher
from connectors.webform import WebForm
from normalizer.cluster import Cluster
from normalizer.errors import Misconfigured, Retriable, SwitchboardError
from normalizer.events import RawEvent
from ops.engine.java import free_ports
from ops.topics import declare, drift
from ops.view import View
from streams._run import running
from streams.normalize import Normalize
from tests.e2e.test_pipeline import _answers
from tests.servers.securekafka import PASSWORD, SecureKafka
from tests.servers.switchboard import Switchboard
from tests.servers.topic import wait

pytestmark = [pytest.mark.engine, pytest.mark.timeout(400)]


@pytest.fixture(scope="module")
def kafka() -> Iterator[SecureKafka]:
    """One for all."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder, SecureKafka(Path(folder)) as found:
        yield found


def raw(number: int) -> RawEvent:
    """A post of a web form."""
    body = msgspec.json.encode({"email": "ann@example.org", "message": f"number {number}"})
    return RawEvent(
        channel="webform", account="site", source_id=str(number), body=body, content_type="application/json",
        received_at=datetime.now(UTC),
    )  # fmt: skip


def namespace() -> str:
    """That of one test."""
    return f"t{uuid.uuid4().hex[:8]}."


def test_the_whole_way_over_tls_and_scram(kafka: SecureKafka, tmp_path: Path) -> None:
    """Connector, all stages, and the commands that declare, write and look; no secret is in any log or record."""
    cluster, port = kafka.logged_in("SCRAM-SHA-512", namespace=namespace()), free_ports(1)[0]
    channels = "[channels.webform.site]\n"
    with Switchboard(tmp_path, cluster, channels, http_port=port) as board:
        board.start_all()
        board.wait(lambda: _answers(port))
        form = {"name": "Noor", "email": "noor@delta.example", "subject": "Bill", "message": "My invoice is wrong."}
        assert httpx.post(f"http://127.0.0.1:{port}/webform/site", json=form).status_code == 202
        board.wait(lambda: len(board.json("tickets", "list", check=False)) == 1)
        (ticket,) = board.json("tickets", "list")
        board.command("tickets", "close", ticket["id"])
        board.wait(lambda: board.json("tickets", "list")[0]["status"] == "closed")
        assert board.json("ledger")[0]["routed"] == 1
        assert board.json("topics", "drift") == []
        board.command("doctor")
        said = board.logs()
    assert PASSWORD not in said
    assert "noor@delta.example" not in said
    with View(cluster) as view:
        for topic in view.topics():
            for record in view.records(topic):
                assert PASSWORD.encode() not in b"".join([record.value or b"", *(value for _, value in record.headers)])


@pytest.mark.parametrize("way", ["plain", "certificate"])
def test_other_ways_to_log_in(kafka: SecureKafka, way: str) -> None:
    """A password in the clear within TLS, and a certificate of the client's own: publisher, admin, view and a stage."""
    name = namespace()
    cluster = kafka.logged_in("PLAIN", namespace=name) if way == "plain" else kafka.certified(namespace=name)
    declare(cluster, ["webform"])
    assert drift(cluster, ["webform"]) == []
    publisher = Publisher(cluster)
    publisher.publish([raw(number) for number in range(3)])
    publisher.close()

    async def read() -> None:
        async with running([Normalize({"webform": WebForm.read}, BlobStore("memory://tls"))], cluster) as workers:
            await asyncio.to_thread(wait, lambda: workers["normalize"].progress.records == 3)

    asyncio.run(read())
    with View(cluster) as view:
        assert len(list(view.records("messages.normalized"))) == 3


Broken = Callable[[SecureKafka], Cluster]


def _stranger(kafka: SecureKafka) -> Cluster:
    path = kafka.folder / "stranger.pem"
    trustme.CA().cert_pem.write_to_path(path)
    return kafka.logged_in("SCRAM-SHA-512", ca=path)


LOGIN = "it lets us connect, so look at kafka.username, kafka.password and kafka.sasl_mechanism"
BROKEN: dict[str, tuple[Broken, type[SwitchboardError], str]] = {
    "an authority that did not certify it": (
        _stranger,
        Misconfigured,
        r"shows a certificate that is not accepted \(.*\): set kafka\.ssl_cafile to the authority",
    ),
    "a certificate of another host": (
        lambda kafka: kafka.under_another_name(),
        Misconfigured,
        r"certificate that is not accepted \(IP address mismatch.*\): .* and kafka\.brokers to the names",
    ),
    "no certificate": (
        lambda kafka: msgspec.structs.replace(kafka.certified(), ssl_certfile="", ssl_keyfile=""),
        Misconfigured,
        r"refuses the TLS connection \(.*CERTIFICATE_REQUIRED\): set kafka\.ssl_certfile and kafka\.ssl_keyfile",
    ),
    "no authority's file": (
        lambda kafka: msgspec.structs.replace(kafka.certified(), ssl_cafile="no-such.pem"),
        Misconfigured,
        r"the TLS files of the Kafka connection cannot be read \(.*\): look at (kafka\.)?ssl_cafile",
    ),
    "no certificate's file": (
        lambda kafka: msgspec.structs.replace(kafka.certified(), ssl_certfile="no-such.pem"),
        Misconfigured,
        r"the TLS files of the Kafka connection cannot be read \(.*\): look at (kafka\.)?ssl_cafile",
    ),
    "a wrong password": (lambda kafka: kafka.logged_in("SCRAM-SHA-512", password="wrong"), Retriable, LOGIN),
}


@pytest.mark.parametrize("what", BROKEN)
def test_what_is_wrong_is_said(kafka: SecureKafka, what: str) -> None:
    """By the publisher, the admin and a stage; none lets it pass, and each names the settings."""
    broken, kind, said = BROKEN[what]
    cluster = broken(kafka)

    async def start() -> None:
        async with running([Normalize({}, BlobStore("memory://tls"))], cluster):
            raise AssertionError("it started")

    for attempt in (
        lambda: declare(cluster, ["webform"]),
        lambda: Publisher(cluster, delivery_seconds=6).publish([raw(1)]),
        lambda: asyncio.run(start()),
    ):
        with pytest.raises(kind, match=said):
            attempt()


def test_what_only_looks_says_the_same(kafka: SecureKafka) -> None:
    """The commands that report."""
    with pytest.raises(Retriable, match=LOGIN):
        View(kafka.logged_in("SCRAM-SHA-512", password="wrong"))


def test_a_broker_that_is_not_there_is_no_matter_of_settings() -> None:
    """Nothing is said of logins and certificates where nobody listens."""
    away = Cluster(brokers=f"127.0.0.1:{free_ports(1)[0]}", security_protocol="SASL_SSL", username="u", password="p")
    assert look(away) == ""
