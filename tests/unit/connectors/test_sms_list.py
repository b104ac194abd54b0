"""The list of messages, read from a stand-in of Twilio: what is late, what is old, and what goes wrong on the way."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from connectors._base import Page
from connectors._blobs import BlobStore
from connectors._edge import accepting
from connectors._http import HttpServer
from connectors._memory import MemoryKafka
from connectors._status import Status
from connectors._twilio.client import TwilioClient
from connectors._twilio.settings import MessagingSettings
from connectors.fakes.twilio import ACCOUNT_SID, FakeTwilio
from connectors.sms import Sms
from normalizer.errors import Misconfigured, Retriable
from normalizer.events import Message, RawEvent
from tests.unit.connectors.twilio_messages import CUSTOMER, OURS, PUBLIC, SECRET, settings

pytestmark = pytest.mark.slow

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def running() -> Iterator[FakeTwilio]:
    """One for all, since a server takes a while to end."""
    with FakeTwilio(ACCOUNT_SID, (SECRET,)) as twilio:
        yield twilio


@pytest.fixture
def twilio(running: FakeTwilio) -> FakeTwilio:
    """Empty, and at noon."""
    running.messages.stored.clear()
    running.messages.numbers.clear()
    running.account.asked.clear()
    running.account.auth_tokens = (SECRET,)
    running.account.clock = lambda: NOON
    return running


def connector(url: str, folder: Path, **more: Any) -> Sms:
    """A connector to a stand-in."""
    given = settings(api_url=url, page_size=3, poll_seconds=0.01, list_after_seconds=0) | more
    return Sms("main", msgspec.convert(given, MessagingSettings), BlobStore((folder / "blobs").as_uri()))


def writer(twilio: FakeTwilio) -> TwilioClient:
    """Another tool of ours, which writes to customers."""
    return TwilioClient(ACCOUNT_SID, (SECRET,), twilio.url)


class Reader:
    """Reads page after page, and remembers the place as the edge does."""

    def __init__(self, made: Sms, source: str = "messages") -> None:
        self.made = made
        self.source = source
        self.place: bytes | None = None
        self._stop = threading.Event()
        self._pages: Iterator[Page] | None = None

    def restart(self) -> None:
        """Begin again at the saved place, as after a crash."""
        self._pages = None

    def page(self) -> list[RawEvent]:
        """The next page that is saved."""
        if self._pages is None:
            self._pages = self.made.receive(self.source, self.place, self._stop)
        page = next(self._pages)
        self.place = msgspec.json.encode(page.position)
        return list(page.events)

    def read(self, number: int) -> list[Message]:
        """The next messages, at least so many."""
        found: list[Message] = []
        while len(found) < number:
            found += [message for raw in self.page() for message in Sms.read(raw)]
        return found

    def texts(self, number: int) -> list[str]:
        """Their texts."""
        return [message.text for message in self.read(number)]


def test_every_page_of_a_day_is_read(twilio: FakeTwilio, tmp_path: Path) -> None:
    """Newest first, as the list is; within a page oldest first."""
    for number in range(7):
        twilio.messages.receive(CUSTOMER, OURS, str(number), sent=NOON + timedelta(minutes=number))
    reader = Reader(connector(twilio.url, tmp_path))
    assert reader.texts(7) == ["4", "5", "6", "1", "2", "3", "0"]


def test_half_an_emoji_fails_no_page(twilio: FakeTwilio, tmp_path: Path) -> None:
    """A lone surrogate in one message; those beside it arrive, and so does it."""
    for text in ("before", "cut \ud83d", "after"):
        twilio.messages.receive(CUSTOMER, OURS, text)
    assert Reader(connector(twilio.url, tmp_path)).texts(3) == ["before", "cut \ufffd", "after"]


def test_what_the_list_shows_late_is_found(twilio: FakeTwilio, tmp_path: Path) -> None:
    """A message that is older than the newest one that we have, and was not there when that was read."""
    twilio.messages.receive(CUSTOMER, OURS, "new", sent=NOON)
    reader = Reader(connector(twilio.url, tmp_path))
    assert reader.texts(1) == ["new"]
    twilio.messages.receive(CUSTOMER, OURS, "late", sent=NOON - timedelta(hours=20))
    assert reader.texts(1) == ["late"]
    reader.restart()
    twilio.messages.receive(CUSTOMER, OURS, "next", sent=NOON)
    assert reader.texts(1) == ["next"]


def test_a_backfill_goes_by_days_and_goes_on_after_a_crash(twilio: FakeTwilio, tmp_path: Path) -> None:
    """From `since` on, the oldest day first; a crash repeats no day that was finished."""
    for day in range(5):
        twilio.messages.receive(CUSTOMER, OURS, str(day), sent=NOON - timedelta(days=5 - day))
    reader = Reader(connector(twilio.url, tmp_path, since="2026-03-01"))
    assert reader.texts(2) == ["0", "1"]
    reader.restart()
    assert reader.texts(3) == ["2", "3", "4"]
    reader.restart()
    twilio.account.asked.clear()
    twilio.messages.receive(CUSTOMER, OURS, "5", sent=NOON)
    assert reader.texts(1) == ["5"]
    asked = [dict(each.query) for each in twilio.account.asked]
    assert not any(each.get("DateSent", "2026-03-09") < "2026-03-08" for each in asked)


@pytest.mark.parametrize("hours", [-48, 48])
def test_a_clock_of_ours_that_is_wrong_hides_nothing(twilio: FakeTwilio, tmp_path: Path, hours: int) -> None:
    """Days are counted by Twilio's clock, and the last one is open."""
    now = datetime.now(UTC) + timedelta(hours=hours)
    twilio.account.clock = lambda: now
    twilio.messages.receive(CUSTOMER, OURS, "hi")
    assert Reader(connector(twilio.url, tmp_path)).texts(1) == ["hi"]


def test_midnight_between_two_looks_hides_nothing(twilio: FakeTwilio, tmp_path: Path) -> None:
    """The day is Twilio's, in GMT."""
    twilio.account.clock = lambda: datetime(2026, 3, 10, 23, 59, 59, tzinfo=UTC)
    reader = Reader(connector(twilio.url, tmp_path))
    twilio.messages.receive(CUSTOMER, OURS, "before")
    assert reader.texts(1) == ["before"]
    twilio.messages.receive(CUSTOMER, OURS, "at the last second")
    twilio.account.clock = lambda: datetime(2026, 3, 11, 0, 0, 1, tzinfo=UTC)
    twilio.messages.receive(CUSTOMER, OURS, "after")
    assert set(reader.texts(2)) == {"at the last second", "after"}


def test_what_is_queued_has_no_date_and_comes_when_it_was_said(twilio: FakeTwilio, tmp_path: Path) -> None:
    """An echo is of what the customer could read; before that it may still be cancelled."""
    made = connector(twilio.url, tmp_path)
    said = writer(twilio).messages.create(to=CUSTOMER, from_=OURS, body="We are on it")
    reader = Reader(made)
    assert reader.page() == []
    twilio.messages.progress(said.sid, "sent")
    (echo,) = reader.read(1)
    assert (echo.kind, echo.text, echo.to[0].address) == ("echo", "We are on it", CUSTOMER)


def test_echoes_can_be_left_out(twilio: FakeTwilio, tmp_path: Path) -> None:
    """Where campaigns are sent."""
    made = connector(twilio.url, tmp_path, echoes=False)
    said = writer(twilio).messages.create(to=CUSTOMER, from_=OURS, body="20 % off")
    twilio.messages.progress(said.sid, "sent")
    twilio.messages.receive(CUSTOMER, OURS, "hi")
    assert Reader(made).texts(1) == ["hi"]


def test_what_is_young_is_left_to_the_webhook(twilio: FakeTwilio, tmp_path: Path) -> None:
    """Which knows more (names, places, what is answered): the first one that comes is the one that counts."""
    twilio.messages.receive(CUSTOMER, OURS, "old", sent=NOON - timedelta(seconds=60))
    twilio.messages.receive(CUSTOMER, OURS, "young", sent=NOON - timedelta(seconds=59))
    reader = Reader(connector(twilio.url, tmp_path, list_after_seconds=60))
    assert reader.texts(1) == ["old"]
    twilio.account.clock = lambda: NOON + timedelta(seconds=1)
    assert reader.texts(1) == ["young"]


def test_a_message_in_parts_is_waited_for(twilio: FakeTwilio, tmp_path: Path) -> None:
    """``receiving`` is not all of it yet; after some minutes it is taken as it is."""
    stored = twilio.messages.receive(CUSTOMER, OURS, "half")
    stored.status = "receiving"
    reader = Reader(connector(twilio.url, tmp_path))
    assert reader.page() == []
    stored.status, stored.body = "received", "whole"
    assert reader.texts(1) == ["whole"]
    stuck = twilio.messages.receive(CUSTOMER, OURS, "stuck", sent=NOON - timedelta(hours=1))
    stuck.status = "receiving"
    assert reader.texts(1) == ["stuck"]


def test_files_are_fetched_from_the_list_as_well(twilio: FakeTwilio, tmp_path: Path) -> None:
    """The list says how many there are, and their own list says where."""
    twilio.messages.receive(CUSTOMER, OURS, "", media=[(b"abc", "image/gif"), (b"d", "text/vcard")])
    made = connector(twilio.url, tmp_path)
    (message,) = Reader(made).read(1)
    assert [made.blobs.get(each.sha256) for each in message.attachments] == [b"abc", b"d"]
    assert [each.content_type.partition(";")[0] for each in message.attachments] == ["image/gif", "text/vcard"]


def test_a_number_sees_its_own_messages_only(twilio: FakeTwilio, tmp_path: Path) -> None:
    """To it and from it; each number has a place of its own."""
    other = "+15005550007"
    made = connector(twilio.url, tmp_path, numbers=[OURS, other])
    twilio.messages.receive(CUSTOMER, OURS, "for us")
    twilio.messages.receive(CUSTOMER, other, "for others")
    twilio.messages.receive(f"whatsapp:{CUSTOMER}", f"whatsapp:{OURS}", "of another channel")
    assert made.sources() == (OURS, other)
    assert Reader(made, OURS).texts(1) == ["for us"]
    assert Reader(made, other).texts(1) == ["for others"]


def test_the_list_and_the_door_bring_a_message_once(twilio: FakeTwilio, tmp_path: Path) -> None:
    """In one process the list leaves out what the door took; in two they have one id, and the second is a duplicate."""
    made, kafka = connector(twilio.url, tmp_path), MemoryKafka()
    with HttpServer(made.routes(accepting(made, kafka, Status("main")))).in_thread() as server:
        twilio.webhooks.behind[PUBLIC] = f"http://127.0.0.1:{server.port}"
        twilio.number(OURS, f"{PUBLIC}/sms/main")
        twilio.messages.receive(CUSTOMER, OURS, "posted")
    twilio.messages.receive(CUSTOMER, OURS, "lost", quiet=True)
    assert Reader(made).texts(1) == ["lost"]
    elsewhere = Reader(connector(twilio.url, tmp_path)).read(2)
    (posted,) = [message for raw in kafka.events for message in Sms.read(raw)]
    assert {message.text for message in elsewhere} == {"posted", "lost"}
    assert posted.id in {message.id for message in elsewhere}
    assert {message.refs.provider for message in elsewhere} == {posted.refs.provider}


def test_429_is_waited_for_as_long_as_twilio_says(twilio: FakeTwilio, tmp_path: Path) -> None:
    """Code 20429; and a fault of theirs is tried again."""
    twilio.account.fail(429, retry_after=7)
    with pytest.raises(Retriable, match=r"429, code 20429: too many requests") as caught:
        Reader(connector(twilio.url, tmp_path)).page()
    assert caught.value.retry_after == 7
    twilio.account.fail(503)
    with pytest.raises(Retriable, match="503, code 20500: it is tried again"):
        Reader(connector(twilio.url, tmp_path)).page()


def test_refused_credentials_need_a_person(twilio: FakeTwilio, tmp_path: Path) -> None:
    """With one token; with two the other is used, and a warning says so before it is gone."""
    with pytest.raises(Misconfigured, match="the credentials are refused; set account_sid and auth_tokens"):
        Reader(connector(twilio.url, tmp_path, auth_tokens=["wrong"])).page()
    made = connector(twilio.url, tmp_path, auth_tokens=["wrong", SECRET])
    assert made.warnings() == ()
    Reader(made).page()
    (warning,) = made.warnings()
    assert (
        "refuses channels.sms.main.auth_tokens[0] and takes channels.sms.main.auth_tokens[1]: put the current"
        in warning
    )


def test_a_place_that_cannot_be_read_is_named(twilio: FakeTwilio, tmp_path: Path) -> None:
    """And what to do about it."""
    reader = Reader(connector(twilio.url, tmp_path))
    reader.place = b"{}"
    with pytest.raises(Misconfigured, match=r"saved place in messages cannot be read .*: write a tombstone over its"):
        reader.page()


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"<html>", "cannot be read"),
        (b'{"messages": 7}', "cannot be read"),
        (b'{"messages": [], "next_page_uri": "/2010-04-01/x.json"}', "which is no further page"),
        (b'{"messages": [], "next_page_uri": "https://evil.example/"}', "which is no further page"),
    ],
)
def test_a_list_without_sense_or_end_is_read_again(body: bytes, said: str, tmp_path: Path) -> None:
    """A proxy's page; a list whose next page is always itself, as in the examples of Twilio's own documents."""

    async def answer(_: Request) -> Response:
        await asyncio.sleep(0)
        return Response(body, media_type="application/json")

    with HttpServer([Route("/{path:path}", answer)]).in_thread() as server, pytest.raises(Retriable, match=said):
        Reader(connector(f"http://127.0.0.1:{server.port}", tmp_path)).page()
