"""What goes wrong at doors of this kind (web forms and programs that post): each trap has its test."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from connectors.webhook import Webhook
from normalizer.errors import Misconfigured, Rejected
from tests.unit.connectors.webhook_door import Door, standard


def test_a_double_submit_with_an_idempotency_key_is_one_message(tmp_path: Path) -> None:
    """A retry has the same ids; another text under the same key has not, nor has the same text without a key of its own."""
    door = Door(tmp_path, secrets=[], tokens=["t" * 16])
    head = {"content-type": "application/json", "authorization": "Bearer " + "t" * 16}
    keyed = head | {"idempotency-key": '"7f1e"'}
    bodies = [
        (b'{"text":"hi"}', keyed),
        (b'{"text":"hi"}', keyed),
        (b'{"text":"ho"}', keyed),
        *[(b'{"text":"hi"}', head)] * 2,
    ]
    first, again, other, bare, bare_again = (door.send("POST", body, sent).json()["ids"] for body, sent in bodies)
    assert first == again
    assert len({*first, *other, *bare, *bare_again}) == 4


def test_two_equal_items_of_one_batch_are_two_messages(tmp_path: Path) -> None:
    """Somebody said it twice; the whole batch, sent again, is the same two."""
    door = Door(tmp_path)
    ids = [door.post([{"text": "hello?"}, {"text": "hello?"}]).json()["ids"] for _ in range(2)]
    assert ids[0] == ids[1]
    assert len(set(ids[0])) == 2


def test_a_message_that_comes_days_late_keeps_its_own_time(tmp_path: Path) -> None:
    """Providers deliver in any order, for up to a week."""
    door = Door(tmp_path)
    door.post(
        [
            {"id": 2, "text": "b", "sent_at": "2026-01-02T00:00:00Z"},
            {"id": 1, "text": "a", "sent_at": "2026-01-01T00:00:00Z"},
        ]
    )
    assert [(m.text, m.sent_at and m.sent_at.day) for m in door.messages()] == [("b", 2), ("a", 1)]


def test_one_bad_item_does_not_fail_the_batch(tmp_path: Path) -> None:
    """It is kept, and set aside alone; those around it are read."""
    door = Door(tmp_path)
    answer = door.post(b'[{"id":1,"text":"a"}, 7, {"id":2,"text":"b"}]')
    assert (answer.status_code, len(answer.json()["ids"])) == (202, 3)
    first, bad, last = door.records()
    assert [Webhook.read(each)[0].text for each in (first, last)] == ["a", "b"]
    with pytest.raises(Rejected, match="JSON and no object"):
        Webhook.read(bad)


def test_an_item_larger_than_a_record_goes_to_the_blob_store(tmp_path: Path) -> None:
    """Kafka takes a megabyte; the item is whole in the store, and named there."""
    door = Door(tmp_path)
    body = b'{"id":1,"text":"' + b"x" * 1_000_000 + b'"}'
    assert door.post(body).status_code == 202
    (raw,) = door.records()
    assert door.blobs.get(raw.dataref or "") == body
    with pytest.raises(Rejected, match="whole in the blob store"):
        Webhook.read(raw)


def test_a_huge_body_is_refused_before_it_is_read(tmp_path: Path) -> None:
    """By its announced length."""
    answer = Door(tmp_path, max_bytes=1024).send("POST", b"x" * 2000, standard(b"", "d"))
    assert (answer.status_code, answer.json()["reason"]) == (413, "too-large")


def test_a_page_of_another_site_cannot_post(tmp_path: Path) -> None:
    """Server to server: a browser gets no permission (CORS), and has no secret to sign with (CSRF)."""
    door = Door(tmp_path)
    head = {"origin": "https://evil.example", "access-control-request-method": "POST"}
    assert not [name for name in door.send("OPTIONS", headers=head).headers if name.startswith("access-control")]
    assert (
        door.send("POST", b"{}", head | {"content-type": "application/json", "cookie": "session=1"}).status_code == 401
    )


def test_an_unknown_account_is_not_found(tmp_path: Path) -> None:
    """And nothing tells which there are."""
    assert Door(tmp_path).send("POST", b"{}", {}, "x").status_code == 404


def test_a_gateway_that_posts_mail_for_a_customer_speaks_in_the_customers_name(tmp_path: Path) -> None:
    """The address of the gateway itself is nowhere, so that no filter of loops takes the customer for us."""
    door = Door(tmp_path, mapping={"sender": {"email": "reply_to", "name": "reply_name"}})
    door.post({"id": 1, "from": "forms@ourshop.example", "reply_to": "ann@example.com", "text": "hi"})
    (message,) = door.messages()
    assert (message.sender.address, message.kind, "mail-loop" in message.degradations) == (
        "ann@example.com",
        "message",
        False,
    )


def test_a_changed_mapping_reads_old_records_as_they_were(tmp_path: Path) -> None:
    """A hidden new version of a form, a renamed field: each record has the mapping of its day."""
    old, new = (Door(tmp_path, mapping={"text": name}) for name in ("words", "message"))
    old.post({"id": 1, "words": "then"})
    new.post({"id": 2, "message": "now"})
    assert [message.text for message in (*old.messages(), *new.messages())] == ["then", "now"]


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"media_networks": ["10.1.0.0/33"]}, r"media_networks is wrong \(.*\): write 10\.1\.0\.0/16"),
        ({"media_ca_file": "no-such.pem"}, r"media_ca_file no-such\.pem cannot be used \(.*\): give a PEM file"),
    ],
)
def test_where_files_may_be_is_checked_at_the_start(tmp_path: Path, settings: dict[str, Any], said: str) -> None:
    """A network that is none, an authority that is not there."""
    with pytest.raises(Misconfigured, match=said):
        Door(tmp_path, **settings)
