"""The door of all Meta channels: handshake, signature, secrets, settings."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from connectors._blobs import BlobStore
from connectors._media import MEDIA
from connectors.fakes.meta import encoded
from connectors.whatsapp import WhatsApp, WhatsAppSettings
from normalizer.errors import Misconfigured, Rejected
from tests.unit.connectors.meta_posts import SECRET, Served, raw, said, subscribed, whatsapp

pytestmark = pytest.mark.slow

HELLO = encoded(whatsapp(messages=[said("text", {"body": "https://grüße"})]))


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A door that many tests share."""
    with subscribed("whatsapp", tmp_path_factory.mktemp("blobs"), app_secrets=[SECRET, "the one before it"]) as found:
        yield found


@pytest.mark.parametrize(
    "query",
    [
        {"hub.mode": "subscribe", "hub.verify_token": "a guess", "hub.challenge": "1"},
        {"hub.mode": "unsubscribe", "hub.verify_token": "a text of your choice", "hub.challenge": "1"},
        {"hub.mode": "subscribe", "hub.verify_token": "a text of your choice", "hub.challenge": "<script>"},
        {"hub.mode": "subscribe", "hub.verify_token": "ü"},
        {},
    ],
)
def test_a_handshake_of_somebody_else_is_refused(served: Served, query: dict[str, str]) -> None:
    """And says what to do, not what is right."""
    answer = httpx.get(served.door.url, params=query, trust_env=False)
    assert (answer.status_code, answer.json()["reason"]) == (403, "bad-verify-token")
    assert "a text of your choice" not in answer.text


def test_the_handshake_gives_the_challenge_back(served: Served) -> None:
    """As plain text, and as nothing else."""
    query = {"hub.mode": "subscribe", "hub.verify_token": "a text of your choice", "hub.challenge": "1158201444"}
    answer = httpx.get(served.door.url, params=query, trust_env=False)
    assert (answer.status_code, answer.text) == (200, "1158201444")
    assert answer.headers["content-type"].startswith("text/plain")
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_the_signature_is_over_the_raw_body(served: Served) -> None:
    """Meta escapes slashes and letters; the same JSON written otherwise is another body."""
    meta, door = served.fresh()
    assert b"\\/" in HELLO
    assert b"\\u00fc" in HELLO
    assert door.post(HELLO, **meta.sign(HELLO)).status_code == 200
    assert [event.body for event in door.kafka.events] == [HELLO]
    rewritten = HELLO.replace(b"\\/", b"/")
    assert door.post(rewritten, **meta.sign(HELLO)).json()["reason"] == "bad-signature"


@pytest.mark.parametrize("header", ["", "sha256=", "sha1=" + "0" * 40, "sha256=" + "z" * 64, "sha256=" + "0" * 63])
def test_a_post_without_a_signature_is_refused(served: Served, header: str) -> None:
    """Or with one of another scheme: SHA-1 is not enough."""
    _, door = served.fresh()
    answer = door.post(HELLO, **({"X-Hub-Signature-256": header} if header else {}))
    assert (answer.status_code, answer.json()["reason"], door.kafka.events) == (401, "unsigned", [])


def test_two_secrets_are_valid_while_one_is_rotated(served: Served) -> None:
    """The new one and the one before it, and no third."""
    meta, door = served.fresh()
    statuses = []
    for meta.app_secret in ("the one before it", "a third one, made up", SECRET):
        statuses.append(door.post(HELLO, **meta.sign(HELLO)).status_code)
    assert statuses == [200, 401, 200]


def test_a_replay_is_found_out_by_its_ids(served: Served) -> None:
    """Meta signs no time: what is sent again years later has the id it had."""
    meta, door = served.fresh()
    for _ in range(2):
        door.post(HELLO, **meta.sign(HELLO))
    first, second = door.messages()
    assert first.id == second.id
    assert len({event.source_id for event in door.kafka.events}) == 1


def test_a_body_over_the_limit_is_refused(served: Served) -> None:
    """4 MiB; Meta sends up to 3 MB."""
    _, door = served.fresh()
    assert door.post(b" " * (4 * 1024 * 1024 + 1)).status_code == 413


def test_a_signed_post_that_nobody_can_read_is_kept(served: Served) -> None:
    """Whole: the reader rejects it with a reason, and it lies among the dead letters."""
    meta, door = served.fresh()
    assert door.post(b'{"object": "pag', **meta.sign(b'{"object": "pag')).status_code == 200
    assert [event.body for event in door.kafka.events] == [b'{"object": "pag']


@pytest.mark.parametrize(
    ("account", "settings", "words"),
    [
        ("a/b", {}, "an account is part of a url"),
        ("main", {"app_secrets": []}, "app_secrets is empty: copy the app secret"),
        ("main", {"app_secrets": ["short"]}, "use at least 16 random ones"),
        ("main", {"app_secrets": [SECRET] * 3}, "keep the new one and the one before it"),
        ("main", {"verify_token": ""}, "verify_token is empty: make up a text"),
        ("main", {"graph_url": "http://graph.example"}, "so use https://"),
        ("main", {"graph_url": "graph.example"}, "so use https://"),
    ],
)
def test_settings_that_cannot_work_are_refused(
    account: str, settings: dict[str, Any], words: str, tmp_path: Path
) -> None:
    """With the setting's name and the remedy, and without a secret."""
    usual = {"app_secrets": [SECRET], "verify_token": "x"}
    with pytest.raises(Misconfigured, match=words) as caught:
        WhatsApp(account, msgspec.convert(usual | settings, WhatsAppSettings), BlobStore(tmp_path.as_uri()))
    assert SECRET not in str(caught.value)


def test_one_item_that_is_too_large_for_a_record_is_rejected() -> None:
    """The claim check keeps it whole; its first part is no message."""
    with pytest.raises(Rejected, match="look at blob abc") as caught:
        WhatsApp.read(raw(HELLO[:50], dataref="abc"))
    assert caught.value.reason == "too-large"


def test_files_that_the_hand_noted_wrongly_are_rejected() -> None:
    """An attribute that is no list of files is told of, and nothing is guessed."""
    with pytest.raises(Rejected, match="redrive it from the source") as caught:
        WhatsApp.read(raw(HELLO, attributes={MEDIA: "{"}))
    assert caught.value.reason == "bad-media"
