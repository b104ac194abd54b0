"""The stand-in of Meta keeps what Meta's documents say."""

from __future__ import annotations

import hmac
import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from connectors._http import HttpServer
from connectors.fakes.meta import FakeMeta, encoded
from normalizer.errors import Misconfigured

pytestmark = pytest.mark.slow


class Subscriber:
    """An app that answers as it is told."""

    def __init__(self) -> None:
        self.status = 200
        self.got: list[tuple[bytes, str]] = []
        self.url = ""

    async def door(self, request: Request) -> Response:
        """The handshake, and posts."""
        if request.method == "GET":
            return PlainTextResponse(request.query_params["hub.challenge"])
        self.got.append((await request.body(), request.headers["x-hub-signature-256"]))
        return Response(status_code=self.status)

    def posts(self) -> list[Any]:
        """What it got."""
        return [json.loads(body) for body, _ in self.got]


@pytest.fixture(scope="module")
def meta() -> Iterator[FakeMeta]:
    """One for all tests, each of which has accounts of its own."""
    with FakeMeta() as found:
        yield found


@pytest.fixture(scope="module")
def server() -> Iterator[Subscriber]:
    """One that is served."""
    found = Subscriber()
    with HttpServer([Route("/door", found.door, methods=["GET", "POST"])]).in_thread() as served:
        found.url = f"http://127.0.0.1:{served.port}/door"
        yield found


@pytest.fixture
def subscriber(server: Subscriber, meta: FakeMeta) -> Iterator[Subscriber]:
    """Registered for pages."""
    server.got.clear()
    server.status = 200
    meta.subscribe("page", server.url)
    yield server
    meta.unsubscribe(server.url)


def ask(meta: FakeMeta, path: str, token: str = "", **query: str) -> httpx.Response:
    """A question to the Graph API, with the right token unless it is another."""
    token = token or meta.graph.token
    url = path if path.startswith("http") else f"{meta.url}/{path}"
    return httpx.get(url, params=query or None, headers={"Authorization": f"Bearer {token}"}, trust_env=False)


def test_posts_are_signed_over_escaped_bodies(meta: FakeMeta, subscriber: Subscriber) -> None:
    """Slashes and other letters than ASCII are escaped, as in PHP."""
    meta.page().text("77", "https://grüße")
    assert meta.deliver() == [200]
    ((body, signature),) = subscriber.got
    assert b"https:\\/\\/gr\\u00fc\\u00dfe" in body
    assert signature == "sha256=" + hmac.new(meta.app_secret.encode(), body, "sha256").hexdigest()


def test_posts_are_batched(meta: FakeMeta, subscriber: Subscriber) -> None:
    """Several entries, each with several updates, of several accounts."""
    one, two = meta.page("1"), meta.page("2")
    for number in range(3):
        one.text("77", f"{number}")
    two.text("78", "x", standby=True)
    two.comment("78", "Eli", "2_1", "y")
    meta.deliver(per_entry=2)
    (post,) = subscriber.posts()
    shape = [
        (entry["id"], {kind: len(entry[kind]) for kind in entry if kind not in ("id", "time")})
        for entry in post["entry"]
    ]
    assert shape == [("1", {"messaging": 2}), ("1", {"messaging": 1}), ("2", {"standby": 1, "changes": 1})]


def test_posts_come_out_of_order(meta: FakeMeta, subscriber: Subscriber) -> None:
    """When it is asked for."""
    page = meta.page()
    mids = [page.text("77", text) for text in "abc"]
    meta.deliver(newest_first=True)
    (post,) = subscriber.posts()
    assert [each["message"]["mid"] for each in post["entry"][0]["messaging"]] == mids[::-1]


def test_posts_are_repeated_until_they_are_answered_with_200(meta: FakeMeta, subscriber: Subscriber) -> None:
    """The same bytes again, before what came later."""
    page = meta.page()
    page.text("77", "one")
    subscriber.status = 503
    assert meta.deliver() == [503]
    page.text("77", "two")
    subscriber.status = 200
    assert meta.deliver() == [200, 200]
    assert meta.deliver() == []
    assert subscriber.got[0] == subscriber.got[1] != subscriber.got[2]


def test_a_url_that_is_subscribed_twice_gets_everything_twice(meta: FakeMeta, subscriber: Subscriber) -> None:
    """As with two apps."""
    meta.subscribe("page", subscriber.url)
    meta.page().text("77", "x")
    meta.instagram().text("77", "x")  # nobody wants it
    assert meta.deliver() == [200, 200]
    meta.unsubscribe(subscriber.url)
    assert subscriber.got[0] == subscriber.got[1]


def test_a_door_that_does_not_know_the_token_is_not_registered(meta: FakeMeta) -> None:
    """With what it answered."""
    with pytest.raises(Misconfigured, match="answered the handshake with 404: give it the verify token of this app"):
        meta.subscribe("page", f"{meta.url}/nobody/here")


def test_a_door_that_is_away_counts_as_0(server: Subscriber, meta: FakeMeta) -> None:
    """And is tried again."""
    with HttpServer([Route("/door", server.door)]).in_thread() as gone:
        door = f"http://127.0.0.1:{gone.port}/door"
        meta.subscribe("instagram", door)
    meta.instagram().text("77", "x")
    assert [meta.deliver(), meta.deliver()] == [[0], [0]]
    meta.unsubscribe(door)
    meta.forget()
    assert meta.deliver() == []


def test_media_needs_the_token_twice_and_urls_expire(meta: FakeMeta) -> None:
    """An id gives a url, the url the bytes, for some minutes."""
    media = meta.graph.add(b"photo", "image/jpeg")
    told = ask(meta, media).json()
    assert (told["mime_type"], told["file_size"], told["messaging_product"]) == ("image/jpeg", 5, "whatsapp")
    assert ask(meta, told["url"]).content == b"photo"
    assert ask(meta, told["url"], "another").json()["error"]["code"] == 190
    meta.graph.expire_urls()
    assert ask(meta, told["url"]).status_code == 404
    assert ask(meta, ask(meta, media).json()["url"]).content == b"photo"


def test_public_files_need_no_token(meta: FakeMeta) -> None:
    """As on the network where Messenger's are."""
    url = meta.public(b"photo", "image/jpeg")
    assert httpx.get(url, trust_env=False).content == b"photo"
    assert httpx.get(url + "9", trust_env=False).status_code == 404


def test_errors_are_as_documented(meta: FakeMeta) -> None:
    """An object with a message, a type, a code and a trace id."""
    for answer, status, code in ((ask(meta, "1", "another"), 401, 190), (ask(meta, "1"), 400, 100)):
        assert answer.status_code == status
        assert answer.json()["error"]["code"] == code
        assert set(answer.json()["error"]) == {"message", "type", "code", "fbtrace_id"}
    meta.graph.fail_next(500, 1, times=2)
    assert [ask(meta, "1").status_code for _ in range(3)] == [500, 500, 400]


def test_profiles_give_what_is_asked_for(meta: FakeMeta) -> None:
    """And the id."""
    meta.graph.people["77"] = {"first_name": "Ann", "last_name": "B", "locale": "de"}
    assert ask(meta, "77", fields="first_name,name").json() == {"first_name": "Ann", "id": "77"}


def test_debug_token_tells_how_long_it_lives(meta: FakeMeta) -> None:
    """And whether it is one."""
    meta.graph.expires_at = 1_800_000_000
    data = ask(meta, "debug_token", input_token=meta.graph.token).json()["data"]
    assert (data["is_valid"], data["expires_at"]) == (True, 1_800_000_000)
    assert ask(meta, "debug_token", input_token="another").json()["data"]["is_valid"] is False


def test_json_is_written_as_meta_writes_it() -> None:
    """No blanks."""
    assert encoded({"a": ["/é"]}) == b'{"a":["\\/\\u00e9"]}'
