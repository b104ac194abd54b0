"""Posts to an endpoint: signed, in order for each ticket, again until they are taken."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any, ClassVar

import pytest
from starlette.responses import RedirectResponse, Response

from normalizer.errors import Misconfigured, Retriable
from normalizer.events import Routed
from normalizer.ids import event_id
from sinks._base import Sink
from sinks.webhook import Webhook, event_name
from tests.conformance.sink import HISTORY, SinkContract, routed
from tests.servers.endpoint import Endpoint, Taken, serving

pytestmark = pytest.mark.slow

SECRET = "whsec_" + "c2VjcmV0IG9mIHRoZSB0ZXN0cywgbG9uZyBlbm91Z2g="
OLD = "whsec_" + "YW5vdGhlciBzZWNyZXQgb2YgdGhlIHRlc3RzLCBvbGQ="


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    """An endpoint that listens and takes everything."""
    with serving(Endpoint(SECRET)) as running:
        yield running


@pytest.fixture
def sink(endpoint: Endpoint) -> Iterator[Webhook]:
    """A sink for that endpoint."""
    made = Webhook(endpoint.url, [SECRET], timeout_seconds=2)
    made.open()
    yield made
    made.close()


class TestWebhook(SinkContract):
    """Keeps the contract of destinations."""

    endpoint: ClassVar[Endpoint | None] = None

    @pytest.fixture(autouse=True, scope="class")
    @classmethod
    def _endpoint(cls) -> Iterator[None]:
        with serving(Endpoint(SECRET)) as cls.endpoint:
            yield

    def make(self, folder: Path) -> Sink:  # noqa: ARG002 - it keeps nothing on disk
        """A sink for an endpoint that has seen nothing yet."""
        if self.endpoint is not None:
            self.endpoint.came.clear()
        return Webhook(self.endpoint.url if self.endpoint else "https://example.com", [SECRET])

    def contents(self, sink: Sink) -> object:  # noqa: ARG002 - the endpoint knows
        """What somebody has who tells repeats by their ids."""
        assert self.endpoint is not None
        return sorted((each.name, str(each.data)) for each in self.endpoint.taken())


def test_a_post_tells_the_whole_event(sink: Webhook, endpoint: Endpoint) -> None:
    """Type, time and the event as it is on the topic; its name is that of the CloudEvent."""
    bodies = []
    endpoint.answer = lambda post: bodies.append(post) or Response(status_code=200)  # type: ignore[func-returns-value]
    event = HISTORY[0]
    assert not sink.write([event])
    (post,) = bodies
    assert event.message
    assert post.name == f"{event.ticket.id}/{event.message.id}" == event_name(event)
    assert (post.data["ticket"]["subject"], post.data["message"]["text"]) == (event.ticket.subject, event.message.text)
    assert event_name(routed(1, 5, with_message=False)) == f"{event_id('t', '1')}/r5"


def test_a_secret_can_be_rotated(endpoint: Endpoint) -> None:
    """With two secrets, an endpoint that knows only one of them takes the post; with others it does not."""
    for secrets, taken in (([SECRET, OLD], 1), ([OLD, SECRET], 1), ([OLD], 0)):
        endpoint.came.clear()
        sink = Webhook(endpoint.url, secrets)
        sink.open()
        refused = sink.write([routed(1, 1)])
        sink.close()
        assert (len(endpoint.taken()), len(refused)) == (taken, 1 - taken)


def settled(sink: Webhook, batch: Sequence[Routed], attempts: int = 50) -> dict[int, Any]:
    """Write a batch as the stage does, without its waits: again until it is settled."""
    for _ in range(attempts):
        try:
            return dict(sink.write(batch))
        except Retriable:
            continue
    raise AssertionError("it is never settled")


def in_order(came: Sequence[Taken]) -> bool:
    """Whether each ticket's revisions were taken in order."""
    last: Counter[str] = Counter()
    for ticket, revision in (each.revision for each in came if each.status < 300):
        if revision < last[ticket]:
            return False
        last[ticket] = revision
    return True


def test_revisions_of_a_ticket_come_in_order_whatever_fails(sink: Webhook, endpoint: Endpoint) -> None:
    """Every third post fails: nothing is taken twice in one process, nothing before what came before it."""
    count = iter(range(1_000_000))
    endpoint.answer = lambda _: Response(status_code=500 if next(count) % 3 == 0 else 200)
    batch = [routed(ticket, revision) for revision in range(1, 8) for ticket in range(6)]
    assert settled(sink, batch) == {}
    taken = [each.name for each in endpoint.came if each.status == 200]
    assert Counter(taken) == Counter(map(event_name, batch))
    assert in_order(endpoint.came)


def test_one_ticket_that_fails_does_not_hold_up_the_others(sink: Webhook, endpoint: Endpoint) -> None:
    """All others of the batch are taken in the first round; its later revisions wait for it."""
    bad = event_id("t", "2")
    endpoint.answer = lambda post: Response(status_code=500 if post.revision == (bad, 2) else 200)
    batch = [routed(ticket, revision) for revision in range(1, 4) for ticket in range(5)]
    with pytest.raises(Retriable, match=r"answered 500: 2 revisions of this batch wait; look at the endpoint"):
        sink.write(batch)
    assert len(endpoint.taken()) == 13
    endpoint.answer = lambda _: Response(status_code=200)
    assert not sink.write(batch)
    assert (len(endpoint.taken()), in_order(endpoint.came)) == (15, True)


def test_posts_are_bounded_and_parallel(endpoint: Endpoint) -> None:
    """Never more at the same time than allowed, and never two of one ticket."""
    endpoint.seconds = 0.05
    sink = Webhook(endpoint.url, [SECRET], concurrency=3)
    sink.open()
    sink.write([routed(ticket, 1) for ticket in range(9)])
    assert endpoint.most_at_once == 3
    endpoint.most_at_once = 0
    sink.write([routed(20, revision) for revision in range(1, 5)])
    assert endpoint.most_at_once == 1
    sink.close()


def test_waits_grow_and_end_at_a_quarter_of_an_hour(sink: Webhook, endpoint: Endpoint) -> None:
    """Each is between half and the whole of twice the one before; a success begins anew."""
    endpoint.answer = lambda _: Response(status_code=500)
    waits = []
    for _ in range(13):
        with pytest.raises(Retriable) as raised:
            sink.write([routed(1, 1)])
        waits.append(raised.value.retry_after or 0)
    full = [min(2.0**n, 900) for n in range(13)]
    assert [half / 2 <= wait <= half for wait, half in zip(waits, full, strict=True)] == [True] * 13
    endpoint.answer = lambda _: Response(status_code=200)
    assert not sink.write([routed(1, 1)])
    endpoint.answer = lambda _: Response(status_code=500)
    with pytest.raises(Retriable) as raised:
        sink.write([routed(1, 2)])
    assert (raised.value.retry_after or 0) <= 1


@pytest.mark.parametrize("status", [429, 503])
def test_an_endpoint_that_asks_for_time_gets_it(sink: Webhook, endpoint: Endpoint, status: int) -> None:
    """Retry-After in seconds or as a date, a day at most; what cannot be read counts as none; no other post is tried."""
    date = format_datetime(datetime.now(UTC) + timedelta(seconds=100), usegmt=True)
    for value, least, most in (("30", 30, 30), (date, 90, 100), ("999999", 86400, 86400), ("soon", 0.5, 8)):
        endpoint.came.clear()
        endpoint.answer = lambda _, value=value: Response(status_code=status, headers={"retry-after": value})  # type: ignore[misc]
        with pytest.raises(Retriable) as raised:
            sink.write([routed(ticket, 1) for ticket in range(100)])
        assert least <= (raised.value.retry_after or 0) <= most
        assert len(endpoint.came) <= 16


@pytest.mark.parametrize("status", [400, 401, 404, 413, 422])
def test_what_is_refused_for_good_is_set_aside(sink: Webhook, endpoint: Endpoint, status: int) -> None:
    """The next revision of the same ticket goes on."""
    ticket = event_id("t", "1")
    endpoint.answer = lambda post: Response(status_code=status if post.revision == (ticket, 1) else 200)
    refused = sink.write([routed(2, 1), routed(1, 1), routed(1, 2)])
    assert {index: why.reason for index, why in refused.items()} == {1: "endpoint-refused"}
    assert f"answered {status} to revision 1 of ticket {ticket}: correct the endpoint, then redrive it" in str(
        refused[1]
    )
    assert len(endpoint.taken()) == 2


@pytest.mark.parametrize("status", [408, 409, 425, 500, 502, 504, 302, 308])
def test_what_may_pass_later_is_tried_again(sink: Webhook, endpoint: Endpoint, status: int) -> None:
    """Redirects among them, which are not followed: the URL may be wrong."""
    endpoint.answer = lambda _: RedirectResponse("/hooks", status) if status < 400 else Response(status_code=status)
    with pytest.raises(Retriable, match=f"answered {status}"):
        sink.write([routed(1, 1)])
    assert len(endpoint.came) == 1


def test_an_endpoint_that_is_gone_stops_the_sink(sink: Webhook, endpoint: Endpoint) -> None:
    """410 is the endpoint's way to end it; a person takes it out of the configuration."""
    endpoint.answer = lambda _: Response(status_code=410)
    with pytest.raises(
        Misconfigured, match=r"answered 410 Gone, so it wants no more: take its section out of the conf"
    ):
        sink.write([routed(1, 1)])


def test_a_slow_endpoint_is_given_up_and_asked_again(endpoint: Endpoint) -> None:
    """It does not answer in time: it is left alone as a whole until the next attempt."""
    endpoint.seconds = 0.6
    sink = Webhook(endpoint.url, [SECRET], timeout_seconds=0.2, concurrency=2)
    sink.open()
    with pytest.raises(Retriable, match=r"gave no answer within 0.2 s: 20 revisions of this batch wait"):
        sink.write([routed(ticket, 1) for ticket in range(20)])
    endpoint.seconds = 0.0
    assert settled(sink, [routed(ticket, 1) for ticket in range(20)]) == {}
    sink.close()


def test_an_endpoint_that_is_away_is_waited_for() -> None:
    """Nothing listens: the message names the host, and neither the path nor the query."""
    endpoint = Endpoint(SECRET)
    sink = Webhook(endpoint.url, [SECRET])
    sink.open()
    with pytest.raises(
        Retriable, match=r"the webhook at http://127.0.0.1:\d+ cannot be reached \(ConnectError"
    ) as raised:
        sink.write([routed(1, 1)])
    assert "hidden" not in str(raised.value)
    with serving(endpoint):
        assert settled(sink, [routed(1, 1)]) == {}
    sink.close()


def test_what_fails_for_too_long_is_set_aside(endpoint: Endpoint) -> None:
    """After its time, and not before; the next revision is tried then."""
    endpoint.answer = lambda post: Response(status_code=500 if post.revision[1] == 1 else 200)
    sink = Webhook(endpoint.url, [SECRET], give_up_after_hours=0.2 / 3600)
    sink.open()
    with pytest.raises(Retriable):
        sink.write([routed(1, 1), routed(1, 2)])
    threading.Event().wait(0.25)
    refused = sink.write([routed(1, 1), routed(1, 2)])
    assert list(refused) == [0]
    assert "has not taken it for" in str(refused[0])
    assert [each.revision[1] for each in endpoint.taken()] == [2]
    sink.close()


@pytest.mark.parametrize(
    ("url", "secrets", "said"),
    [
        (
            "http://crm.example/hook",
            [SECRET],
            "would get customers' words over plain http: use https, or set plain_http",
        ),
        ("ftp://crm.example/hook", [SECRET], "must begin with https:// and name a host"),
        ("https:///hook", [SECRET], "must begin with https:// and name a host"),
        ("https://[::1", [SECRET], "url of a webhook is none: write https://HOST/PATH"),
        ("https://crm.example", [], "has 0 secrets: give one"),
        ("https://crm.example", [SECRET] * 3, "has 3 secrets: give one"),
        ("https://crm.example", ["whsec_c2hvcnQ="], r"secrets\[0\] of a webhook is none: write whsec_"),
        ("https://crm.example", [SECRET, "c2VjcmV0IG9mIHRoZSB0ZXN0cywgbG9uZyBlbm91Z2g="], r"secrets\[1\] of a webhook"),
        ("https://crm.example", ["whsec_hidden!"], r"secrets\[0\] of a webhook is none"),
    ],
)
def test_what_cannot_be_is_named(url: str, secrets: Sequence[str], said: str) -> None:
    """Before anything is sent, and without a secret."""
    with pytest.raises(Misconfigured, match=said) as raised:
        Webhook(url, secrets)
    assert "hidden" not in str(raised.value)


def test_plain_http_is_allowed_where_nobody_listens() -> None:
    """On the loopback, and where the operator says so."""
    for url, allowed in (("http://localhost:1/", False), ("http://[::1]:1/", False), ("http://10.0.0.1/", True)):
        assert repr(Webhook(url, [SECRET], plain_http=allowed)._endpoint).startswith("Endpoint(http://")


def test_posting_before_opening_is_a_mistake() -> None:
    """The message says what to call."""
    with pytest.raises(Misconfigured, match=r"is not open: call open\(\) before write\(\)"):
        Webhook("https://crm.example", [SECRET]).write(HISTORY)
