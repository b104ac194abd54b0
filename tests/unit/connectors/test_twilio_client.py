"""The client package as we use it: it ends in time, speaks our errors, and takes nothing from the shell."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from connectors._http import HttpServer
from connectors._twilio.client import TwilioClient, server_time
from connectors.fakes.twilio import ACCOUNT_SID, AUTH_TOKEN, FakeTwilio
from normalizer.errors import Misconfigured, Retriable

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def twilio() -> Iterator[FakeTwilio]:
    """A stand-in."""
    with FakeTwilio() as running:
        yield running


def client(url: str, *tokens: str, seconds: float = 5.0) -> TwilioClient:
    """A client."""
    return TwilioClient(ACCOUNT_SID, tokens or (AUTH_TOKEN,), url, seconds)


def test_every_product_is_asked_for_at_the_other_address() -> None:
    """Whatever its host, and for pages that are named whole; a path of the address is kept."""
    made = client("http://127.0.0.1:8001/twilio/")
    found = [made.get_hostname(f"https://{host}.twilio.com/v1/x?a=%2B1") for host in ("api", "voice", "intelligence")]
    assert set(found) == {"http://127.0.0.1:8001/twilio/v1/x?a=%2B1"}
    assert client("").get_hostname("https://api.twilio.com/x") == "https://api.twilio.com/x"


def test_a_region_in_the_environment_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where messages are is a setting, not an accident of the shell that started us."""
    monkeypatch.setenv("TWILIO_REGION", "ie1")
    monkeypatch.setenv("TWILIO_EDGE", "dublin")
    assert client("").get_hostname("https://api.twilio.com/x") == "https://api.twilio.com/x"


def test_a_call_that_gets_no_answer_ends() -> None:
    """The package itself would wait for ever."""
    done = threading.Event()

    def slow(_: Request) -> Response:
        done.wait(20)
        return Response()

    with HttpServer([Route("/{path:path}", slow)]).in_thread() as server:
        with pytest.raises(Retriable, match=r"got no answer \(ReadTimeout\): it is tried again"):
            client(f"http://127.0.0.1:{server.port}", seconds=0.1).messages.list()
        assert not done.is_set()
        done.set()
    with pytest.raises(Retriable, match=r"got no answer \(ConnectionError\)"):
        client("http://127.0.0.1:9").messages.list()


def test_retry_after_may_be_a_date(twilio: FakeTwilio) -> None:
    """By Twilio's clock; nonsense is as if it were not there, and no wait is longer than an hour."""
    now = datetime(2026, 3, 10, 12, tzinfo=UTC)
    twilio.account.clock = lambda: now
    waits = []
    for told in ("Tue, 10 Mar 2026 12:00:30 GMT", "soon", "999999", "-5"):
        twilio.account.fail(429, retry_after=told)
        with pytest.raises(Retriable) as caught:
            client(twilio.url).messages.list()
        waits.append(caught.value.retry_after)
    assert waits == [30.0, None, 3600.0, None]


def test_a_fault_without_words_is_told_by_its_number() -> None:
    """A proxy's page instead of Twilio's JSON; a 404 names what was asked for."""

    async def answer(request: Request) -> Response:
        return Response("<html>", int(request.url.path.rpartition("/")[2].removesuffix(".json")))

    with HttpServer([Route("/{path:path}", answer)]).in_thread() as server:
        made = client(f"http://127.0.0.1:{server.port}")
        with pytest.raises(Retriable, match="GET /502 was answered with 502: it is tried again"):
            made.request("GET", "https://api.twilio.com/502")
        with pytest.raises(
            Misconfigured, match=r"GET /403 was answered with 403 .*: correct the settings of this account"
        ):
            made.request("GET", "https://api.twilio.com/403")
        with pytest.raises(Misconfigured, match="401: the credentials are refused; set account_sid and auth_tokens"):
            made.request("GET", "https://api.twilio.com/401")
        assert abs(server_time(made.request("GET", "https://api.twilio.com/200")) - datetime.now(UTC)) < timedelta(
            minutes=1
        )


def test_no_error_and_no_repr_has_a_token(twilio: FakeTwilio) -> None:
    """They end in logs."""
    made = client(twilio.url, "wrong-and-secret")
    with pytest.raises(Misconfigured) as caught:
        made.messages.list()
    assert "wrong-and-secret" not in f"{caught.value} {made!r}"


def test_threads_get_their_own_answers() -> None:
    """The package keeps the last answer where all threads write it."""

    async def echo(request: Request) -> Response:
        return Response(request.url.path)

    with HttpServer([Route("/{path:path}", echo)]).in_thread() as server, ThreadPoolExecutor(8) as pool:
        made = client(f"http://127.0.0.1:{server.port}")
        paths = [f"/{number}" for number in range(80)]
        answers = pool.map(lambda path: made.request("GET", f"https://api.twilio.com{path}").text, paths)
        assert list(answers) == paths
