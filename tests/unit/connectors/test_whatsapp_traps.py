"""What goes wrong with WhatsApp elsewhere, and does not here."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from normalizer.events import Contact
from tests.unit.connectors.meta_posts import ANN, OBJECTS, Served, one, read, said, subscribed, whatsapp


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A door that many tests share."""
    with subscribed("whatsapp", tmp_path_factory.mktemp("blobs")) as found:
        yield found


def test_many_messages_and_statuses_mixed_in_one_webhook(served: Served) -> None:
    """Each is a raw event of its own, in order, keyed by its conversation, with its own bytes."""
    meta, door = served.fresh()
    ann, bo = meta.number(), meta.number("15550001111", "999")
    for box, customer in ((ann, "4915112345678"), (bo, "14155550100")):
        box.text(customer, "A", "one")
        box.status(customer, "wamid.0", "read")
        box.text(customer, "A", "two")
    assert meta.deliver() == [200]
    keys = [event.key for event in door.kafka.events]
    assert keys == ["106540352242922:+4915112345678"] * 3 + ["999:+14155550100"] * 3
    assert [message.text for message in door.messages()] == ["one", "", "two"] * 2
    assert len({event.source_id for event in door.kafka.events}) == 6


def test_no_order(served: Served) -> None:
    """Newest first gives the same messages with the same ids and conversation, each with its own time."""
    meta, door = served.fresh()
    number = meta.number()
    sent = [number.text("4915112345678", "Ann", text) for text in ("one", "two", "three")]
    meta.deliver(newest_first=True, per_entry=2)
    found = door.messages()
    assert [message.refs.own for message in found] == sent[::-1]
    assert len({message.refs.provider for message in found}) == 1


def test_wamid_dedupe_when_a_duplicate_app_subscription_sends_every_event_twice(served: Served) -> None:
    """Two subscriptions are two records with one id; so is a post that Meta repeats."""
    meta, door = served.fresh()
    meta.subscribe(OBJECTS["whatsapp"], door.url)
    meta.number().text("4915112345678", "Ann", "hi")
    assert meta.deliver() == [200, 200]
    meta.unsubscribe(door.url)
    first, second = door.messages()
    assert first.id == second.id


def test_the_same_message_twice_in_one_post_is_one() -> None:
    """When a whole post is read at once."""
    assert len(read(json.dumps(whatsapp(messages=[said("text", {"body": "hi"})] * 2)).encode())) == 1


def test_unsupported_types_are_kept() -> None:
    """With a placeholder, what Meta says of it, and a word to count."""
    errors = [{"code": 131051, "title": "Message type unknown", "error_data": {"details": "not supported"}}]
    told = {"from": "4915112345678", "id": "wamid.1", "timestamp": "1767323045", "errors": errors}
    plain = one(whatsapp(messages=[told | {"type": "unsupported"}]))
    poll = one(whatsapp(messages=[told | {"type": "unsupported", "unsupported": {"type": "poll"}}]))
    new = one(whatsapp(messages=[said("hologram", {"depth": 3})]))
    assert (plain.kind, plain.text) == ("message", "[unsupported]")
    assert plain.degradations == ("unsupported:unsupported", "error:131051")
    assert plain.fields["error"] == "131051 not supported"
    assert (poll.text, poll.degradations[0]) == ("[poll]", "unsupported:poll")
    assert (new.text, new.degradations) == ("[hologram]", ("unsupported:hologram",))


def test_ephemeral_messages_are_kept() -> None:
    """What disappears over there is told of here."""
    assert one(whatsapp(messages=[said("ephemeral", {})])).text == "[ephemeral]"


def test_a_new_list_of_things_that_customers_do_is_kept() -> None:
    """Meta adds lists beside ``messages``; what has a sender and an id is somebody's."""
    message = one(whatsapp(polls=[{"id": "wamid.9", "from": "4915112345678", "timestamp": "1767323045"}]))
    assert (message.text, message.degradations) == ("[polls]", ("unsupported:polls",))


def test_referral_from_a_click_to_whatsapp_ad() -> None:
    """Which ad, and the click that pays for it."""
    ad = {"source_url": "https://fb.me/1", "source_id": "7", "source_type": "ad", "headline": "Cups", "ctwa_clid": "c"}
    message = one(whatsapp(messages=[said("text", {"body": "how much?"}, referral=ad)]))
    assert message.text == "how much?"
    assert message.fields.items() >= {"ad_id": "7", "ad_headline": "Cups", "ad_click": "c", "ad_type": "ad"}.items()


@pytest.mark.parametrize(
    ("wa_id", "address"),
    [
        ("551187654321", "+5511987654321"),  # Brazil: the ninth digit
        ("5511987654321", "+5511987654321"),
        ("551133334444", "+551133334444"),  # a landline keeps its eight
        ("5491123456789", "+5491123456789"),  # Argentina: the 9 of mobiles is part of E.164
        ("5215512345678", "+525512345678"),  # Mexico: the 1 is not any more
        ("525512345678", "+525512345678"),
        ("4915112345678@s.whatsapp.net", "+4915112345678"),
    ],
)
def test_brazil_argentina_mexico(wa_id: str, address: str) -> None:
    """One person has one address and one conversation; what answers go to is kept as it stands."""
    message = one(whatsapp(messages=[said("text", {"body": "x"}, **{"from": wa_id})], contacts=[]))
    assert (message.sender, message.fields["wa_id"]) == (Contact("tel", address), wa_id)
    assert message.refs.provider == f"106540352242922:{address}"


def test_lid_and_bsuid_instead_of_phone() -> None:
    """Who shows no number is known by Meta's id; who shows both is known by the number, and the id is kept."""
    name = {"profile": {"name": "Ann", "username": "ann.b"}, "user_id": "US.1349"}
    hidden = said("text", {"body": "x"}, from_user_id="US.1349")
    del hidden["from"]
    message = one(whatsapp(messages=[hidden], contacts=[name]))
    assert message.sender == Contact("meta", "US.1349", "Ann")
    assert message.fields.items() >= {"user_id": "US.1349", "username": "ann.b"}.items()
    assert one(whatsapp(messages=[said("text", {"body": "x"}, **{"from": "123456@lid"})])).sender.scheme == "meta"
    assert one(whatsapp(messages=[said("text", {"body": "x"})])).fields["user_id"] == ANN["user_id"]


def test_a_changed_profile_name_changes_no_conversation() -> None:
    """A name is what is shown, never who it is."""
    before, after = (
        one(whatsapp(messages=[said("text", {"body": "x"})], contacts=[ANN | {"profile": {"name": name}}]))
        for name in ("Ann", "Ann ☀")
    )
    assert before.refs == after.refs
    assert (before.sender.name, after.sender.name) == ("Ann", "Ann ☀")


def test_a_3_mb_payload_is_taken_apart(served: Served) -> None:
    """No record of it is large, none goes to the claim check, and each has the person who wrote it along."""
    people = [{"profile": {"name": f"P{number}"}, "wa_id": f"4915{number:08}"} for number in range(250)]
    messages = [
        said("text", {"body": "é" * 6000}, id=f"wamid.{number}", **{"from": person["wa_id"]})
        for number, person in enumerate(people)
    ]
    meta, door = served.fresh()
    body = json.dumps(whatsapp(messages=messages, contacts=people), ensure_ascii=False).encode()
    assert len(body) > 2_900_000
    assert door.post(body, **meta.sign(body)).status_code == 200
    events = door.kafka.events
    assert len(events) == 250
    assert max(len(event.body) for event in events) < 15_000
    assert {event.dataref for event in events} == {None}
    assert [message.sender.name for message in door.messages()] == [f"P{number}" for number in range(250)]


def test_test_payloads_from_the_console_are_marked() -> None:
    """They are messages, which somebody sees arrive."""
    post = whatsapp(messages=[said("text", {"body": "this is a text message"})])
    post["entry"][0]["id"] = "0"
    assert one(post).fields["test"] == "true"


def test_a_rejected_template_is_nothing_to_customers() -> None:
    """See the warnings of the account."""
    value = {"event": "REJECTED", "message_template_name": "cart", "reason": "INVALID_FORMAT"}
    entry = {"id": "1", "changes": [{"field": "message_template_status_update", "value": value}]}
    assert read(json.dumps({"object": OBJECTS["whatsapp"], "entry": [entry]}).encode()) == ()


def test_the_24_h_window_that_closed_is_a_failed_status() -> None:
    """What we sent too late, and why."""
    errors = [{"code": 131047, "title": "Re-engagement message"}]
    told = {"id": "wamid.0", "status": "failed", "recipient_id": "4915112345678", "errors": errors}
    message = one(whatsapp(statuses=[told]))
    assert (message.kind, message.fields["error"]) == ("status", "131047 Re-engagement message")


def test_fields_that_change_their_type_with_an_api_version_cost_no_message() -> None:
    """What nobody reads may be anything; what is read and is something else is empty."""
    odd = said("text", {"body": "hi"}, context=[1], referral="x", errors={"code": 1}, timestamp=1767323045)
    message = one(whatsapp(messages=[odd], contacts={"wa_id": 1}, metadata="x"))
    assert (message.text, message.sender.address, message.degradations) == ("hi", "+4915112345678", ())


def test_the_older_form_of_resellers_is_read() -> None:
    """A value without an entry around it."""
    value = whatsapp(messages=[said("text", {"body": "hi"})])["entry"][0]["changes"][0]["value"]
    del value["metadata"], value["messaging_product"]
    assert one(value).text == "hi"


def test_a_group_is_a_conversation_of_its_own() -> None:
    """What somebody says among others is not mixed with what he says to us alone."""
    message = one(whatsapp(messages=[said("text", {"body": "hi"}, group_id="G1")]))
    assert message.refs.provider == "106540352242922:G1:+4915112345678"
    assert message.fields["group"] == "G1"


def test_an_item_without_an_id_is_named_by_its_own_bytes() -> None:
    """And never by the post around it, which is another one when Meta sends it again."""
    bare = said("reaction", {"emoji": "👍"})
    del bare["id"]
    alone = one(whatsapp(messages=[bare]))
    among = read(json.dumps(whatsapp(messages=[said("text", {"body": "x"}), bare])).encode())[1]
    assert alone.id == among.id
    assert alone.about == ""
