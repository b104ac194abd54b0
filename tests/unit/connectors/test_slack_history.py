"""History: what was said while nobody listened, all of it, in order, and from where we were."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from connectors._base import Page
from connectors._memory import MemoryKafka
from connectors.fakes.slack import FakeSlack, Fault
from connectors.slack import Slack
from normalizer.errors import Misconfigured, Retriable
from tests.unit.connectors.slack_told import FAST, made, receiving, texts, wait

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def server() -> Iterator[FakeSlack]:
    """One for all, since to stop it takes a while."""
    with FakeSlack(**FAST) as fake:
        yield fake


@pytest.fixture
def fake(server: FakeSlack) -> FakeSlack:
    """A workspace with one channel."""
    server.clear()
    server.channel("C1", "support")
    server.user("U1", "Ann Lee")
    return server


class Reader:
    """Reads rounds of history, and remembers where it was, as after a restart."""

    def __init__(self, fake: FakeSlack, folder: Path, **settings: Any) -> None:
        self.fake, self.folder, self.settings = fake, folder, settings
        self.kafka = MemoryKafka()
        self.position: bytes | None = None
        self.pages: list[Page] = []

    def round(self) -> list[str]:
        """One round; the texts of what it brought."""
        before, stop = len(texts(self.kafka)), threading.Event()
        pages = made(self.fake, self.folder, **self.settings).receive("history", self.position, stop)
        try:
            for page in pages:
                self.kafka.publish(page.events)
                self.position = msgspec.json.encode(page.position)
                self.pages.append(page)
                if page.behind == 0 and not page.events and _ended(page, self.pages):
                    break
        finally:
            pages.close()  # type: ignore[attr-defined]  # a generator
        return texts(self.kafka)[before:]


def _ended(page: Page, pages: list[Page]) -> bool:
    """Whether this is the page that ends a round: only it moves the place of unknown conversations."""
    return len(pages) == 1 or page.position.unknown != pages[-2].position.unknown or not pages[-2].events


@pytest.fixture
def reader(fake: FakeSlack, tmp_path: Path) -> Reader:
    """Of that workspace, in pages of three."""
    return Reader(fake, tmp_path, page_size=3)


def test_newest_first_pages_are_published_oldest_first(fake: FakeSlack, reader: Reader) -> None:
    """The chain is held until it is complete; then the cursor follows what is published."""
    sent = [f"number {number}" for number in range(8)]
    times = [fake.say("C1", "U1", each, heard=False) for each in sent]
    assert reader.round() == sent
    cursors = [page.position.channels["C1"] for page in reader.pages if page.events]
    assert cursors == [times[2], times[5], times[7]]
    assert reader.round() == []
    fake.say("C1", "U1", "later", heard=False)
    assert reader.round() == ["later"]


def test_replies_which_a_history_does_not_show_are_read(fake: FakeSlack, reader: Reader) -> None:
    """Also those under a message that was read long before; a broadcast one comes once."""
    old = fake.say("C1", "U1", "root", heard=False)
    for number in range(4):
        fake.say("C1", "U1", f"early {number}", thread_ts=old, heard=False)
    assert reader.round() == ["root", "early 0", "early 1", "early 2", "early 3"]
    for number in range(7):
        fake.say("C1", "U1", f"chatter {number}", heard=False)
    reader.round()
    fake.say("C1", "U1", "late reply", thread_ts=old, heard=False)
    fake.say("C1", "U1", "for all", thread_ts=old, subtype="thread_broadcast", heard=False)
    assert reader.round() == ["late reply", "for all"]
    assert reader.round() == []
    replies = [
        message for event in reader.kafka.events for message in Slack.read(event) if message.text == "late reply"
    ]
    assert replies[0].refs.provider == f"C1:{old}"


def test_an_edit_of_that_time_is_found(fake: FakeSlack, reader: Reader) -> None:
    """A history shows the last form and when it was made; the message itself is not sent again."""
    ts = fake.say("C1", "U1", "good", heard=False)
    fake.say("C1", "U1", "next", heard=False)
    assert reader.round() == ["good", "next"]
    fake.edit("C1", ts, "better", heard=False)
    assert reader.round() == ["better"]
    (found,) = Slack.read(reader.kafka.events[-1])
    assert (found.kind, found.refs.parents) == ("edit", (f"C1:{ts}",))
    assert reader.round() == []


def test_a_channel_that_appears_is_read_from_where_we_were(fake: FakeSlack, reader: Reader) -> None:
    """Not from its beginning, which may be years ago."""
    reader.round()
    fake.channel("C2", "newcomer")
    fake.workspace.add("C2", {"type": "message", "user": "U1", "text": "years ago", "ts": "1500000000.000100"})
    fake.say("C2", "U1", "since then", heard=False)
    assert reader.round() == ["since then"]


def test_the_first_start_begins_now(fake: FakeSlack, tmp_path: Path) -> None:
    """Unless `since` says otherwise: a workspace's past is not a queue."""
    fake.workspace.add("C1", {"type": "message", "user": "U1", "text": "the past", "ts": "1500000000.000100"})
    reader = Reader(fake, tmp_path, since=None)
    assert reader.round() == []
    fake.say("C1", "U1", "from now on", heard=False)
    assert reader.round() == ["from now on"]


def test_a_cut_emoji_stops_no_page(fake: FakeSlack, reader: Reader) -> None:
    """Half of a surrogate pair is no text that a store takes; the rest of the message is."""
    fake.user("U2", "Bo \ud83d")
    fake.say("C1", "U2", "cut \ud83d here, whole \U0001f600", heard=False)
    fake.say("C1", "U1", "after it", heard=False)
    assert reader.round() == ["cut \ufffd here, whole \U0001f600", "after it"]


def test_an_archived_channel_is_read_to_its_end_and_then_left(fake: FakeSlack, reader: Reader) -> None:
    """What was said before it was archived arrives; after that it costs no call, until it is opened again."""
    reader.round()
    fake.say("C1", "U1", "last words", heard=False)
    fake.channel("C1", is_archived=True)
    assert reader.round() == ["last words"]
    fake.web.calls.clear()
    assert reader.round() == []
    assert "conversations.history" not in [method for method, _ in fake.web.calls]
    fake.channel("C1", "renamed")
    fake.say("C1", "U1", "back again", heard=False)
    assert reader.round() == ["back again"]


@pytest.mark.parametrize("error", ["not_in_channel", "channel_not_found"])
def test_a_bot_that_was_removed_is_not_fatal(fake: FakeSlack, reader: Reader, error: str) -> None:
    """The other conversations are read."""
    fake.channel("C2", "other")
    fake.say("C2", "U1", "still here", heard=False)
    fake.fail("conversations.history", Fault(200, error))
    assert reader.round() == ["still here"]


def test_a_channel_that_fails_stops_no_other(fake: FakeSlack, tmp_path: Path) -> None:
    """The others are read first; then it is tried again."""
    fake.channel("C2", "other")
    fake.say("C1", "U1", "troubled", heard=False)
    fake.say("C2", "U1", "well", heard=False)
    fake.fail("conversations.history", Fault(200, "internal_error"))
    kafka = MemoryKafka()
    with receiving(made(fake, tmp_path), "history", kafka) as died:
        wait(lambda: died)
    assert texts(kafka) == ["well"]
    assert isinstance(died[0], Retriable)
    assert "C1 cannot be read (internal_error): this is tried again" in str(died[0])
    with receiving(made(fake, tmp_path), "history", kafka):
        wait(lambda: len(kafka.events) == 2)
    assert texts(kafka) == ["well", "troubled"]


def test_many_conversations_come_in_pages(fake: FakeSlack, reader: Reader) -> None:
    """The list of conversations has cursors too."""
    for number in range(250):
        fake.channel(f"D{number:04d}", user="U1")
    fake.say("D0249", "U1", "the last of all", heard=False)
    assert reader.round() == ["the last of all"]
    (found,) = Slack.read(reader.kafka.events[0])
    assert (found.refs.provider, found.sender.name) == ("D0249", "Ann Lee")


def test_a_rate_limit_is_waited_for(fake: FakeSlack, reader: Reader) -> None:
    """As long as Retry-After says, and then the walk goes on where it was."""
    sent = [fake.say("C1", "U1", f"number {number}", heard=False) for number in range(5)]
    fake.fail("conversations.history", Fault(429, "ratelimited", retry_after=1))
    assert len(reader.round()) == len(sent)


def test_fifteen_objects_a_page_lose_nothing(tmp_path: Path) -> None:
    """Apps outside of the Marketplace get pages of 15, whatever they ask for, and one a minute; it waits, and can be stopped."""
    with FakeSlack(**FAST, marketplace=False) as fake:
        fake.channel("C1")
        for number in range(12):
            fake.say("C1", "U1", f"number {number}", heard=False)
        assert len(Reader(fake, tmp_path, page_size=200).round()) == 12
        stop, pages = threading.Event(), list[Page]()
        threading.Timer(0.1, stop.set).start()
        pages.extend(made(fake, tmp_path).receive("history", None, stop))
        assert pages == []


def test_a_gap_of_thousands_is_read_in_bounded_memory(fake: FakeSlack, tmp_path: Path) -> None:
    """A walk holds the oldest 2,000, replies among them; what is newer is walked to again, and nothing is missing."""
    roots = [fake.say("C1", "U1", f"root {number}", heard=False) for number in range(1200)]
    for number in range(1000):
        fake.say("C1", "U1", f"reply {number}", thread_ts=roots[0], heard=False)
    late = [fake.say("C1", "U1", f"late {number}", heard=False) for number in range(900)]
    found = Reader(fake, tmp_path, page_size=900).round()
    assert len(set(found)) == len(roots) + 1000 + len(late)
    assert found[:1200] == [f"root {number}" for number in range(1200)]
    assert found[-900:] == [f"late {number}" for number in range(900)]


@pytest.mark.parametrize(
    ("fault", "kind", "message"),
    [
        (Fault(200, "invalid_auth"), Misconfigured, "copy it again"),
        (Fault(200, "account_inactive"), Misconfigured, "install the app again"),
        (Fault(200, "token_expired"), Misconfigured, "set a fresh one, or turn token rotation off"),
        (Fault(502), Retriable, "auth.test failed at Slack with status 502: this is tried again"),
        (Fault(200, "fatal_error"), Retriable, "Slack answered with auth.test: fatal_error: this is tried again"),
    ],
)
def test_a_token_that_is_refused_says_what_to_do(
    fake: FakeSlack, tmp_path: Path, fault: Fault, kind: type[Exception], message: str
) -> None:
    """By who can help."""
    fake.fail("auth.test", fault)
    with pytest.raises(kind, match=message):
        next(iter(made(fake, tmp_path).receive("history", None, threading.Event())))


def test_a_missing_scope_is_named(fake: FakeSlack, tmp_path: Path) -> None:
    """Slack says which; and where it is added."""
    fake.fail("users.conversations", Fault(200, "missing_scope"))
    with pytest.raises(
        Misconfigured, match=r"users.conversations needs the scope .*: add it under OAuth & Permissions"
    ):
        next(iter(made(fake, tmp_path).receive("history", None, threading.Event())))


def test_slack_that_cannot_be_reached_is_asked_later(fake: FakeSlack, tmp_path: Path) -> None:
    """Whatever the reason."""
    slack = made(fake, tmp_path, api_url="http://127.0.0.1:9/api/")
    with pytest.raises(Retriable, match=r"auth.test cannot be reached"):
        next(iter(slack.receive("history", None, threading.Event())))


def test_a_place_that_cannot_be_read_is_a_persons_business(fake: FakeSlack, tmp_path: Path) -> None:
    """It says how to begin anew."""
    with pytest.raises(Misconfigured, match="write a tombstone over its cursor"):
        next(iter(made(fake, tmp_path).receive("history", b"[]", threading.Event())))


def test_a_message_heard_and_remembered_has_one_id(fake: FakeSlack, tmp_path: Path) -> None:
    """By socket and by history, threads and direct messages too: the second is a duplicate."""
    fake.channel("D1", user="U1")
    live = MemoryKafka()
    with receiving(made(fake, tmp_path), "socket-1", live):
        wait(lambda: fake.outbox.sockets)
        root = fake.say("C1", "U1", "root")
        fake.say("C1", "U1", "reply", thread_ts=root)
        fake.say("D1", "U1", "direct")
        wait(lambda: len(fake.outbox.acknowledged) == 3)
    reader = Reader(fake, tmp_path)
    reader.round()
    heard, remembered = (
        {(message.id, message.text, message.refs) for event in kafka.events for message in Slack.read(event)}
        for kafka in (live, reader.kafka)
    )
    assert heard == remembered
    assert len(heard) == 3
