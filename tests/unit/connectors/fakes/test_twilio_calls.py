"""Calls at the stand-in of Twilio keep Twilio's own contract, and Twilio's own examples are read."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import jsonschema
import msgspec
import pytest

from connectors._twilio.client import TwilioClient
from connectors.fakes._twilio.phone import Caller
from connectors.fakes.twilio import ACCOUNT_SID, AUTH_TOKEN, FakeTwilio
from tests.servers.corpora import CORPORA, needs_corpora
from tests.unit.connectors.fakes.twilio_openapi import openapi
from tests.unit.connectors.voice_line import ANN, JO, OURS, line, read, stand_in, told

pytestmark = pytest.mark.slow


@pytest.fixture
def twilio() -> Iterator[FakeTwilio]:
    """Without calls."""
    with stand_in() as found:
        yield found


@pytest.fixture
def client(twilio: FakeTwilio) -> TwilioClient:
    """The real client package."""
    return TwilioClient(ACCOUNT_SID, (AUTH_TOKEN,), twilio.url)


@cache
def examples() -> Any:
    """Twilio's examples of answers, as its client package is tested with."""
    return json.loads((CORPORA / "twilio_python" / "responses.json").read_text())


@needs_corpora
@pytest.mark.parametrize("kind", ["call", "recording", "transcription"])
def test_resources_are_as_the_document_says(twilio: FakeTwilio, kind: str) -> None:
    """With each property that it names, and none that it does not."""
    calls = twilio.phone.calls
    call = calls.add(ANN, OURS, "completed", duration=9, ended=datetime.now(UTC))
    recording = calls.record(call, b"hello", 7)
    made = {
        "call": calls.resource(call),
        "recording": calls.recording_resource(recording),
        "transcription": calls.transcription_resource(calls.transcribe(recording, "hello")),
    }[kind]
    schema = openapi()["components"]["schemas"][f"api.v2010.account.{kind}"]
    jsonschema.Draft202012Validator({**schema, "components": openapi()["components"]}).validate(made)
    assert set(made) == set(schema["properties"])


def test_the_client_package_reads_lists_in_pages(twilio: FakeTwilio, client: TwilioClient) -> None:
    """Newest first, from a day on, with its filters."""
    now = datetime.now(UTC)
    added = [twilio.phone.calls.add(ANN, OURS, "busy", created=now - timedelta(days=day)).sid for day in range(5)]
    assert [each.sid for each in client.calls.list(page_size=2)] == added
    assert len(client.calls.list(start_time_after=now - timedelta(days=2))) == 3
    assert client.calls.list(status="completed") == []
    assert client.calls(added[0]).fetch().status == "busy"


def test_the_client_package_reads_recordings_and_transcriptions(twilio: FakeTwilio, client: TwilioClient) -> None:
    """Of one call, and all."""
    call = twilio.phone.calls.add(ANN, OURS, "completed")
    made = twilio.phone.calls.record(call, b"hello", 7)
    twilio.phone.calls.transcribe(made, "hello")
    assert [each.sid for each in client.recordings.list(call_sid=call.sid)] == [made.sid]
    assert client.recordings(made.sid).fetch().duration == "7"
    assert [each.transcription_text for each in client.transcriptions.list()] == ["hello"]


def test_whoever_takes_a_call_first_has_it() -> None:
    """The others stop ringing."""
    other = "+15005550008"
    with line(forward=[JO, other]) as shop:
        shop.twilio.phone.colleagues.update({JO: "completed", other: "completed"})
        shop.twilio.phone.ring(ANN, OURS)
        legs = [each.status for each in shop.twilio.phone.calls.stored if each.parent]
    assert legs == ["completed", "canceled"]


def test_a_door_that_is_shut_fails_the_call() -> None:
    """The caller hears an error, and the call has failed."""
    with line() as shop:
        shop.down = True
        call = shop.twilio.phone.ring(ANN, OURS, Caller(speaks=3))
    assert (call.status, shop.twilio.phone.heard) == ("failed", [])


def listed() -> list[dict[str, Any]]:
    """All calls, recordings among Twilio's examples."""
    found = []
    for each in examples():
        body = each["body"] if isinstance(each["body"], dict) else {}
        items = [body, *body.get("calls", ()), *body.get("recordings", ())]
        found += [item for item in items if str(item.get("sid", ""))[:2] in ("CA", "RE") and "status" in item]
    return found


@needs_corpora
def test_twilios_own_examples_are_read() -> None:
    """Each call and each recording gives one message about it."""
    assert len(listed()) > 10
    for item in listed():
        raw = msgspec.structs.replace(told(), body=msgspec.json.encode(item), content_type="application/json")
        message = read(raw)
        assert message.refs.own == item["sid"] or item["sid"] in message.refs.own
        assert message.kind in ("message", "call", "echo")


@needs_corpora
@pytest.mark.parametrize(
    "status", ["queued", "ringing", "in-progress", "completed", "busy", "failed", "no-answer", "canceled"]
)
def test_every_status_of_the_document_is_known(status: str) -> None:
    """A call that came in and was not taken is missed, whatever Twilio calls it; all else is progress."""
    known = openapi()["components"]["schemas"]["call_enum_status"]["enum"]
    assert status in known
    message = read(told(CallStatus=status, CallDuration="9"))
    assert message.kind == ("message" if status in ("busy", "failed", "no-answer", "canceled") else "call")
    assert "unsupported:event" not in message.degradations


@needs_corpora
def test_our_requests_are_as_the_document_says() -> None:
    """Every path and every name of a parameter that the connector asks with."""
    with line(forward=[JO]) as shop:
        shop.twilio.phone.ring(ANN, OURS, Caller(leaves=True))
        shop.twilio.phone.calls.record(shop.twilio.phone.calls.stored[0], b"hello", 7)
        for source in shop.voice.sources():
            next(iter(shop.voice.receive(source, None, threading.Event())))
        asked = [each for each in shop.twilio.account.asked if each.path.endswith(".json")]
    paths = {each.path.replace(ACCOUNT_SID, "{AccountSid}") for each in asked}
    assert len(paths) >= 2
    for each in asked:
        path = re.sub(r"/(CA|RE)\w{32}\.json", "/{Sid}.json", each.path.replace(ACCOUNT_SID, "{AccountSid}"))
        known = {parameter["name"] for parameter in openapi()["paths"][path]["get"].get("parameters", ())}
        assert {name for name, _ in each.query} <= known
