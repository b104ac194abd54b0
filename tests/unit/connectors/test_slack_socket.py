"""Socket Mode: what is acknowledged is safe, and what is not comes again."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from connectors._memory import Crash, MemoryKafka, Step
from connectors.fakes.slack import APP_TOKEN, BOT_USER, FakeSlack, Fault
from connectors.slack import Slack
from normalizer.errors import Misconfigured, Retriable
from tests.unit.connectors.slack_told import FAST, made, receiving, texts, wait

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def server() -> Iterator[FakeSlack]:
    """One for all, where Slack waits 0.2 s for an answer."""
    with FakeSlack(**FAST) as fake:
        yield fake


@pytest.fixture
def fake(server: FakeSlack) -> FakeSlack:
    """A workspace with one channel."""
    server.clear()
    server.channel("C1", "support")
    server.user("U1", "Ann Lee")
    return server


@pytest.fixture
def slack(fake: FakeSlack, tmp_path: Path) -> Slack:
    """The connector on it."""
    return made(fake, tmp_path)


def test_an_event_over_a_socket_arrives_with_names(fake: FakeSlack, slack: Slack) -> None:
    """The envelope is the raw record, untouched, and people have their names."""
    kafka = MemoryKafka()
    with receiving(slack, "socket-1", kafka):
        wait(lambda: fake.outbox.sockets)
        fake.say("C1", "U1", "Hello <@U1>")
        wait(lambda: fake.outbox.acknowledged)
    (event,) = kafka.events
    (message,) = Slack.read(event)
    assert (message.sender.address, message.sender.name, message.text) == ("T0HOME:U1", "Ann Lee", "Hello @Ann Lee")
    assert event.body.startswith(b'{"envelope_id"')
    assert event.source_id.startswith("event;Ev")


@pytest.mark.parametrize("step", ["publish", "published", "save"])
def test_an_envelope_is_acknowledged_only_after_kafka_has_it(fake: FakeSlack, slack: Slack, step: Step) -> None:
    """Whenever the process dies before the page is done, Slack sends the event again, and its id is the same."""
    kafka = MemoryKafka()
    with receiving(slack, "socket-1", kafka) as died:
        wait(lambda: kafka.positions)
        kafka.fail_next(step, Crash())
        fake.say("C1", "U1", "important")
        wait(lambda: died)
        assert fake.outbox.acknowledged == []
    with receiving(slack, "socket-1", kafka):
        wait(lambda: fake.outbox.acknowledged)
    assert set(texts(kafka)) == {"important"}
    assert len({event.source_id for event in kafka.events}) == 1


def test_an_envelope_that_is_retried_is_the_same_delivery(fake: FakeSlack, slack: Slack) -> None:
    """`retry_attempt` grows, the envelope's id is another, ours stays."""
    pages = slack.receive("socket-1", None, _never())
    next(pages)  # connected
    assert fake.connected()
    fake.say("C1", "U1", "slow")
    first = next(pages)
    wait(lambda: len(fake.outbox._sendings[0].envelopes) > 1)  # Kafka was slow, and Slack has not waited
    second = next(pages)
    assert second.events[0].source_id == first.events[0].source_id
    assert b'"retry_attempt":1' in second.events[0].body.replace(b" ", b"")
    pages.close()  # type: ignore[attr-defined]  # a generator


def test_two_connections_get_disjoint_events(fake: FakeSlack, slack: Slack) -> None:
    """Slack sends each event over one of them; both together have all."""
    one, two = MemoryKafka(), MemoryKafka()
    with ExitStack() as stack:
        stack.enter_context(receiving(slack, "socket-1", one))
        stack.enter_context(receiving(slack, "socket-2", two))
        wait(lambda: len(fake.outbox.sockets) == 2)
        sent = [f"number {number}" for number in range(20)]
        for each in sent:
            fake.say("C1", "U1", each)
        wait(lambda: len(fake.outbox.acknowledged) == 20)
    assert sorted(texts(one) + texts(two)) == sorted(sent)
    assert texts(one)
    assert texts(two)


@pytest.mark.parametrize("reason", ["warning", "refresh_requested"])
def test_a_refreshed_connection_is_replaced_before_it_goes(fake: FakeSlack, slack: Slack, reason: str) -> None:
    """The new socket is open before the old one is closed, and nothing is lost between them."""
    kafka = MemoryKafka()
    with receiving(slack, "socket-1", kafka):
        wait(lambda: fake.outbox.sockets)
        fake.say("C1", "U1", "before")
        fake.refresh(reason)
        fake.say("C1", "U1", "between")
        wait(lambda: fake.outbox.counts == [1, 2, 1])
        fake.say("C1", "U1", "after")
        wait(lambda: len(fake.outbox.acknowledged) == 3)
    assert set(texts(kafka)) == {"before", "between", "after"}


def test_a_lost_connection_is_asked_for_again(fake: FakeSlack, slack: Slack) -> None:
    """It ends with `Retriable`, and what was on the way comes over the next one."""
    kafka = MemoryKafka()
    with receiving(slack, "socket-1", kafka) as died:
        wait(lambda: fake.outbox.sockets)
        fake.outbox.drop()
        wait(lambda: died)
    assert isinstance(died[0], Retriable)
    assert "the socket was closed" in str(died[0])
    fake.say("C1", "U1", "meanwhile")
    with receiving(slack, "socket-1", kafka):
        wait(lambda: fake.outbox.acknowledged)
    assert texts(kafka) == ["meanwhile"]


def test_socket_mode_that_is_turned_off_is_a_persons_business(fake: FakeSlack, slack: Slack) -> None:
    """`link_disabled` says so."""
    with receiving(slack, "socket-1", MemoryKafka()) as died:
        wait(lambda: fake.outbox.sockets)
        fake.refresh("link_disabled")
        wait(lambda: died)
    assert isinstance(died[0], Misconfigured)
    assert "turn it on in the app's settings" in str(died[0])


@pytest.mark.parametrize(
    ("fault", "kind", "message"),
    [
        (Fault(200, "invalid_auth"), Misconfigured, r"invalid_auth\): it is no token of Slack's: copy it again"),
        (Fault(200, "token_revoked"), Misconfigured, "install the app again, and set the new token"),
        (Fault(503), Retriable, "failed at Slack with status 503: this is tried again"),
        (Fault(200, "internal_error"), Retriable, r"gives no socket \(internal_error\)"),
    ],
)
def test_a_socket_that_is_refused_says_what_to_do(
    fake: FakeSlack, slack: Slack, fault: Fault, kind: type[Exception], message: str
) -> None:
    """By who can help: a person, or time."""
    fake.fail("apps.connections.open", fault)
    with pytest.raises(kind, match=message) as caught:
        next(iter(slack.receive("socket-1", None, _never())))
    assert APP_TOKEN not in str(caught.value)


def test_a_rate_limited_socket_waits_as_long_as_slack_says(fake: FakeSlack, slack: Slack) -> None:
    """Here not at all; and then it is open."""
    fake.fail("apps.connections.open", Fault(429, "ratelimited", retry_after=0))
    pages = slack.receive("socket-1", None, _never())
    assert next(iter(pages)).events == ()
    assert [method for method, _ in fake.web.calls].count("apps.connections.open") == 2
    pages.close()  # type: ignore[attr-defined]  # a generator


def test_commands_and_clicks_come_over_the_same_socket(fake: FakeSlack, slack: Slack) -> None:
    """A slash command and a button are what somebody said."""
    kafka = MemoryKafka()
    with receiving(slack, "socket-1", kafka):
        wait(lambda: fake.outbox.sockets)
        fake.outbox.put(
            {"command": "/help", "text": "my bill", "user_id": "U1", "team_id": "T0HOME", "trigger_id": "1"}
        )
        click = {"text": {"type": "plain_text", "text": "Call me"}, "type": "button", "action_ts": "1700000000.000100"}
        fake.outbox.put({"type": "block_actions", "user": {"id": "U1"}, "trigger_id": "2", "actions": [click]})
        wait(lambda: len(fake.outbox.acknowledged) == 2)
    assert sorted(texts(kafka)) == ["/help my bill", "Call me"]


def test_our_own_bots_word_is_an_echo(fake: FakeSlack, slack: Slack) -> None:
    """Slack sends our own messages back to us: they are kept and start nothing."""
    fake.channel("D1", user="U1")
    kafka = MemoryKafka()
    with receiving(slack, "socket-1", kafka):
        wait(lambda: fake.outbox.sockets)
        fake.say("D1", BOT_USER, "We are on it.")
        wait(lambda: fake.outbox.acknowledged)
    (message,) = Slack.read(kafka.events[0])
    assert (message.kind, [each.address for each in message.to]) == ("echo", ["T0HOME:U1"])


def _never() -> threading.Event:
    """A stop that nobody sets, unless a test hangs."""
    stop = threading.Event()
    timer = threading.Timer(20, stop.set)
    timer.daemon = True
    timer.start()
    return stop
