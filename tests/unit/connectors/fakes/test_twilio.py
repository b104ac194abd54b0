"""The stand-in of Twilio keeps Twilio's own contract: its OpenAPI documents, its client package, its webhooks."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import httpx
import jsonschema
import pytest
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from twilio.request_validator import RequestValidator  # type: ignore[import-untyped]  # it ships no types

from connectors._blobs import BlobStore
from connectors._http import HttpServer
from connectors._twilio.client import TwilioClient
from connectors._twilio.settings import MessagingSettings
from connectors.fakes.twilio import ACCOUNT_SID, AUTH_TOKEN, FakeTwilio
from connectors.sms import Sms
from normalizer.errors import Misconfigured
from tests.servers.corpora import needs_corpora
from tests.unit.connectors.fakes.twilio_openapi import openapi

pytestmark = pytest.mark.slow

OURS, CUSTOMER, SERVICE = "+15005550006", "+4915112345678", "MG" + "7" * 32
LIST = "/2010-04-01/Accounts/{AccountSid}/Messages.json"
ONE = "/2010-04-01/Accounts/{AccountSid}/Messages/{Sid}.json"
MEDIA = "/2010-04-01/Accounts/{AccountSid}/Messages/{MessageSid}/Media.json"


@pytest.fixture(scope="module")
def running() -> Iterator[FakeTwilio]:
    """One for all, since a server takes a while to end."""
    with FakeTwilio() as twilio:
        yield twilio


@pytest.fixture
def twilio(running: FakeTwilio) -> FakeTwilio:
    """Without messages and numbers."""
    running.messages.stored.clear()
    running.messages.numbers.clear()
    running.account.asked.clear()
    running.webhooks.attempts.clear()
    return running


@pytest.fixture
def client(twilio: FakeTwilio) -> TwilioClient:
    """The real client package."""
    return TwilioClient(ACCOUNT_SID, (AUTH_TOKEN,), twilio.url)


def check(path: str, method: str, status: int, body: Any) -> None:
    """The body is what the document says, and has each of the properties that it names."""
    answer = openapi()["paths"][path][method]["responses"][str(status)]["content"]["application/json"]["schema"]
    schema = {**answer, "components": openapi()["components"]}
    jsonschema.Draft202012Validator(schema).validate(body)
    named = openapi()["components"]["schemas"][answer["$ref"].rpartition("/")[2]] if "$ref" in answer else answer
    assert set(body) == set(named["properties"])


def get(twilio: FakeTwilio, path: str, **query: str) -> Any:
    """A plain request."""
    return httpx.get(twilio.url + path, params=query, auth=(ACCOUNT_SID, AUTH_TOKEN), trust_env=False).json()


@needs_corpora
def test_answers_are_as_twilios_openapi_document_says(twilio: FakeTwilio, client: TwilioClient) -> None:
    """Lists with and without a next page, a message, a list of media, and what a create gives."""
    twilio.number(OURS, messaging_service_sid=SERVICE)
    for number in range(3):
        stored = twilio.messages.receive(CUSTOMER, OURS, str(number), media=[(b"x", "image/png")], quiet=True)
    base = twilio.account.base
    for page in ("0", "1"):
        check(LIST, "get", 200, get(twilio, f"{base}/Messages.json", PageSize="2", Page=page))
    check(MEDIA, "get", 200, get(twilio, f"{base}/Messages/{stored.sid}/Media.json"))
    check(ONE, "get", 200, get(twilio, f"{base}/Messages/{stored.sid}.json"))
    form = {"To": CUSTOMER, "MessagingServiceSid": SERVICE, "Body": "hi"}
    made = httpx.post(f"{twilio.url}{base}/Messages.json", data=form, auth=(ACCOUNT_SID, AUTH_TOKEN), trust_env=False)
    check(LIST, "post", 201, made.json())
    assert (made.json()["from"], made.json()["date_sent"]) == (OURS, None)
    assert client.messages(made.json()["sid"]).fetch().status == "queued"


@needs_corpora
def test_our_requests_are_as_twilios_openapi_document_says(twilio: FakeTwilio, tmp_path: Path) -> None:
    """Paths, names of query parameters, sizes of pages: all that the connector asks."""
    twilio.messages.receive(CUSTOMER, OURS, "hi", media=[(b"x", "image/png")], quiet=True)
    settings = MessagingSettings(
        account_sid=ACCOUNT_SID,
        auth_tokens=(AUTH_TOKEN,),
        public_url="https://hooks.example.com",
        numbers=(OURS,),
        page_size=1,
        poll_seconds=0.01,
        list_after_seconds=0,
        api_url=twilio.url,
        since=datetime.now(UTC).date() - timedelta(days=1),
    )
    stop = threading.Event()
    pages = Sms("main", settings, BlobStore(tmp_path.as_uri())).receive(OURS, None, stop)
    while not any(page.events for page in pages):
        pass
    documented = {
        path.format(AccountSid=ACCOUNT_SID, MessageSid=twilio.messages.stored[0].sid, Sid="{Sid}"): known["get"]
        for path, known in openapi()["paths"].items()
        if path in (LIST, MEDIA)
    }
    asked = [each for each in twilio.account.asked if each.path.endswith(".json")]
    assert {each.path for each in asked} == set(documented)
    for each in asked:
        known = {item["name"]: item["schema"] for item in documented[each.path]["parameters"] if item["in"] == "query"}
        for name, text in each.query:
            value = int(text) if known[name]["type"] == "integer" else text
            jsonschema.Draft202012Validator(known[name]).validate(value)
            assert not name.startswith("Date") or date.fromisoformat(text)


@needs_corpora
def test_twilios_own_examples_go_through_the_poller(tmp_path: Path) -> None:
    """Every example answer of the list of messages, served as it stands, gives its messages."""
    examples = openapi()["paths"][LIST]["get"]["responses"]["200"]["content"]["application/json"]["examples"]
    for name, example in examples.items():
        value = {**example["value"], "next_page_uri": None}  # or it would lead to itself

        async def answer(request: Request, value: Any = value) -> Response:
            await asyncio.sleep(0)
            listed = {"media_list": []} if request.url.path.endswith("Media.json") else value
            return Response(json.dumps(listed), media_type="application/json")

        with HttpServer([Route("/{path:path}", answer)]).in_thread() as server:
            settings = MessagingSettings(
                account_sid=ACCOUNT_SID,
                auth_tokens=(AUTH_TOKEN,),
                public_url="https://hooks.example.com",
                api_url=f"http://127.0.0.1:{server.port}",
                since=date(2019, 5, 24),
            )
            stop = threading.Event()
            made = Sms("main", settings, BlobStore(tmp_path.as_uri()))
            page = next(made.receive("messages", None, stop))
        read = [message for raw in page.events for message in Sms.read(raw)]
        assert [message.refs.own for message in read] == [each["sid"] for each in reversed(value["messages"])], name


def test_the_real_client_walks_every_page_once(twilio: FakeTwilio, client: TwilioClient) -> None:
    """Newest first, and what arrives meanwhile shifts nothing."""
    sids = [twilio.messages.receive(CUSTOMER, OURS, str(n), quiet=True).sid for n in range(7)]
    walk = client.messages.stream(page_size=2)
    first = [next(walk).sid, next(walk).sid]
    twilio.messages.receive(CUSTOMER, OURS, "meanwhile", quiet=True)
    assert first + [each.sid for each in walk] == sids[::-1]


def test_filters_are_by_party_and_by_day(twilio: FakeTwilio, client: TwilioClient) -> None:
    """DateSent, DateSent< and DateSent> take whole days in GMT, inclusive; what is queued has no date."""
    days = [datetime(2026, 3, day, 23, 59, tzinfo=UTC) for day in (1, 2, 3)]
    for at in days:
        twilio.messages.receive(CUSTOMER, OURS, f"{at.day}", sent=at, quiet=True)
    twilio.messages.receive(CUSTOMER, "+15005550007", "other", sent=days[0], quiet=True)
    queued = client.messages.create(to=CUSTOMER, from_=OURS, body="queued")

    def bodies(**asked: Any) -> list[str]:
        return [each.body for each in client.messages.list(to=OURS, **asked)]

    assert bodies(date_sent=days[1].date()) == ["2"]
    assert bodies(date_sent_before=days[1].date()) == ["2", "1"]
    assert bodies(date_sent_after=days[1].date()) == ["3", "2"]
    assert [each.sid for each in client.messages.list(from_=OURS)] == [queued.sid]
    assert client.messages.list(from_=OURS, date_sent_after=days[0].date()) == []


def test_what_is_deleted_is_gone(twilio: FakeTwilio, client: TwilioClient) -> None:
    """And a message that is not there is code 20404."""
    sid = twilio.messages.receive(CUSTOMER, OURS, "hi", quiet=True).sid
    assert client.messages(sid).delete()
    assert client.messages.list() == []
    with pytest.raises(Misconfigured, match="404, code 20404"):
        client.messages(sid).fetch()


@pytest.mark.parametrize(
    ("form", "code"),
    [({"From": OURS, "Body": "x"}, 21604), ({"To": CUSTOMER, "Body": "x"}, 21603), ({"To": "+1", "From": OURS}, 21602)],
)
def test_a_create_that_lacks_something_is_refused(twilio: FakeTwilio, form: dict[str, str], code: int) -> None:
    """With Twilio's codes."""
    url = f"{twilio.url}{twilio.account.base}/Messages.json"
    answer = httpx.post(url, data=form, auth=(ACCOUNT_SID, AUTH_TOKEN), trust_env=False)
    assert (answer.status_code, answer.json()["code"]) == (400, code)


class Caught:
    """A door that answers what it is told to, and keeps what came."""

    def __init__(self) -> None:
        self.answers: list[int] = []
        self.got: list[tuple[dict[str, str], dict[str, str]]] = []

    async def door(self, request: Request) -> Response:
        """Answer the next status, at last 200."""
        told = dict(parse_qsl((await request.body()).decode(), keep_blank_values=True))
        self.got.append((dict(request.headers), told))
        return Response(status_code=self.answers.pop(0) if self.answers else 200)


@pytest.fixture(scope="module")
def served() -> Iterator[tuple[Caught, str]]:
    """A door, and its address."""
    made = Caught()
    with HttpServer([Route("/{path:path}", made.door, methods=["POST"])]).in_thread() as server:
        yield made, f"http://127.0.0.1:{server.port}"


@pytest.fixture
def caught(served: tuple[Caught, str]) -> tuple[Caught, str]:
    """A door where nobody was yet."""
    served[0].answers, served[0].got = [], []
    return served


@pytest.mark.parametrize(
    ("overrides", "answers", "statuses"),
    [
        ("", [503], [503]),
        ("#rc=3&rp=5xx", [503, 502, 200], [503, 502, 200]),
        ("#rc=1&rp=all", [503, 503, 503], [503, 503]),
        ("#rc=3&rp=5xx", [404], [404]),
        ("#rc=9&rp=all", [500] * 9, [500] * 6),
    ],
)
def test_webhooks_come_again_as_the_address_asks(
    twilio: FakeTwilio, caught: tuple[Caught, str], overrides: str, answers: list[int], statuses: list[int]
) -> None:
    """By itself only when nobody could be connected to; each try with one idempotency token, signed without the ``#``."""
    door, url = caught
    door.answers = answers
    twilio.number(OURS, f"{url}/sms?x=1{overrides}")
    stored = twilio.messages.receive(CUSTOMER, OURS, "hi")
    assert [attempt.status for attempt in twilio.webhooks.attempts] == statuses
    assert len({headers["i-twilio-idempotency-token"] for headers, _ in door.got}) == 1
    for headers, told in door.got:
        assert RequestValidator(AUTH_TOKEN).validate(f"{url}/sms?x=1", told, headers["x-twilio-signature"])
        assert (told["MessageSid"], told["Body"]) == (stored.sid, "hi")


def test_nobody_at_the_address_leads_to_the_fallback(twilio: FakeTwilio, caught: tuple[Caught, str]) -> None:
    """With the reason, and signed for where it goes."""
    door, url = caught
    twilio.number(OURS, "http://127.0.0.1:9/sms", fallback_url=f"{url}/fallback")
    twilio.messages.receive(CUSTOMER, OURS, "hi")
    assert [attempt.status for attempt in twilio.webhooks.attempts] == [0, 0, 200]
    (_, told), *_ = door.got
    assert (told["ErrorCode"], told["ErrorUrl"]) == ("11205", "http://127.0.0.1:9/sms")


def test_receipts_go_to_the_callback(twilio: FakeTwilio, client: TwilioClient, caught: tuple[Caught, str]) -> None:
    """MessageStatus and ErrorCode; never before the message was made, and the date when it was sent."""
    door, url = caught
    sid = client.messages.create(to=CUSTOMER, from_=OURS, body="hi", status_callback=f"{url}/status").sid
    twilio.messages.progress(sid, "sent")
    twilio.messages.progress(sid, "undelivered", 30003)
    assert [(told["MessageStatus"], told.get("ErrorCode")) for _, told in door.got] == [
        ("sent", None),
        ("undelivered", "30003"),
    ]
    assert client.messages(sid).fetch().date_sent is not None
