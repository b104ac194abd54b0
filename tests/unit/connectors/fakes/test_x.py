"""The stand-in of X behaves as X's documentation and recorded exchanges say, as tweepy sees it."""

from __future__ import annotations

import gzip
import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
import tweepy  # type: ignore[import-untyped]  # it ships no types
import yaml
from requests.adapters import HTTPAdapter

from connectors.fakes.x import SECRETS, USAGE_CAPPED, USER_ID, FakeX
from tests.servers.corpora import CORPORA, needs_corpora
from tests.unit.connectors.x_account import account, place

pytestmark = pytest.mark.slow

CASSETTES = CORPORA / "tweepy" / "cassettes"
DAY = 86_400


class Clock:
    """Time that a test moves on."""

    now = 1_800_000_000.0

    def __call__(self) -> float:
        """Seconds since 1970."""
        return self.now


class Way(HTTPAdapter):
    """Sends what tweepy addresses to X to the stand-in."""

    def __init__(self, base: str) -> None:
        super().__init__()
        self._base = base

    def send(self, request: requests.PreparedRequest, **more: Any) -> requests.Response:  # type: ignore[override]  # narrower
        """As its parent."""
        request.url = (request.url or "").replace("https://api.twitter.com", self._base)
        return super().send(request, **more)


@pytest.fixture(scope="module")
def clock() -> Clock:
    """One for all."""
    return Clock()


@pytest.fixture(scope="module")
def running(clock: Clock) -> Iterator[FakeX]:
    """With a limit that is soon reached."""
    with FakeX(clock=clock, limits={"search": 3}) as fake:
        yield fake


@pytest.fixture
def fake(running: FakeX) -> FakeX:
    """It, with nothing on it."""
    running.clear()
    return running


def client(fake: FakeX, secret: str = "") -> tweepy.Client:
    """tweepy, with all credentials; `secret` replaces the one that signs."""
    made = tweepy.Client(
        SECRETS["bearer_token"],
        SECRETS["api_key"],
        SECRETS["api_secret"],
        SECRETS["access_token"],
        secret or SECRETS["access_secret"],
        return_type=requests.Response,
    )
    made.session.mount("https://api.twitter.com", Way(fake.url))
    return made


def test_pages_are_followed_by_tokens(fake: FakeX) -> None:
    """Newest first, with the meta that X gives; since_id and until_id are exclusive."""
    posts = [fake.post("ann", f"@acme {n}") for n in range(12)]
    first = client(fake).get_users_mentions(USER_ID, max_results=10).json()
    assert first["meta"].pop("next_token")
    assert first["meta"] == {"result_count": 10, "newest_id": posts[11], "oldest_id": posts[2]}
    between = client(fake).get_users_mentions(USER_ID, since_id=posts[3], until_id=posts[6]).json()
    assert [each["id"] for each in between["data"]] == [posts[5], posts[4]]
    pages = tweepy.Paginator(client(fake).get_users_mentions, USER_ID, max_results=5)
    pages.method.__self__.return_type = tweepy.Response
    assert [str(post.id) for page in pages for post in page.data or ()] == posts[::-1]


def test_only_what_is_asked_for_is_shown(fake: FakeX) -> None:
    """As in recorded exchanges: three fields, unless more are named."""
    fake.post("ann", "@acme hello")
    (post,) = client(fake).get_users_mentions(USER_ID).json()["data"]
    assert sorted(post) == ["edit_history_tweet_ids", "id", "text"]


@needs_corpora
@pytest.mark.parametrize(
    ("cassette", "method", "arguments"),
    [
        ("test_client_get_users_mentions", "get_users_mentions", (USER_ID,)),
        ("test_asyncclient_search_recent_tweets", "search_recent_tweets", ("hello",)),
        ("test_client_get_tweets", "get_tweets", (["1"],)),
        ("test_client_get_me", "get_me", ()),
    ],
)
def test_its_answers_have_the_shape_of_recorded_ones(
    fake: FakeX, cassette: str, method: str, arguments: tuple[Any, ...]
) -> None:
    """The same members in the body, in its items and in its meta, and the headers of the rate limit."""
    posts = [fake.post("ann", f"@acme hello {n}") for n in range(12)]
    wanted = yaml.load((CASSETTES / f"{cassette}.yaml").read_text(), Loader=yaml.CSafeLoader)["interactions"][0][
        "response"
    ]
    body = wanted["body"]["string"]
    recorded = json.loads(gzip.decompress(body) if isinstance(body, bytes) else body)
    answer = getattr(client(fake), method)(*((posts[:2],) if method == "get_tweets" else arguments))
    found = answer.json()
    assert _shape(found) == _shape(recorded)
    limits = {name for name in wanted["headers"] if name.startswith("x-rate-limit")}
    assert limits <= {name.lower() for name in answer.headers}


def _shape(body: dict[str, Any]) -> dict[str, list[str]]:
    item = body["data"][0] if isinstance(body["data"], list) else body["data"]
    return {"body": sorted(body), "item": sorted(item), "meta": sorted(body.get("meta", {}))}


def test_the_rate_limit_has_windows(fake: FakeX, clock: Clock) -> None:
    """So many requests in 15 minutes, told with each answer; then 429 without Retry-After, until the window ends."""
    left = [client(fake).search_recent_tweets("to:acme").headers["x-rate-limit-remaining"] for _ in range(3)]
    assert left == ["2", "1", "0"]
    with pytest.raises(tweepy.TooManyRequests) as told:
        client(fake).search_recent_tweets("to:acme")
    assert told.value.reset_time == clock.now + 900
    assert "retry-after" not in told.value.response.headers
    clock.now += 900
    assert client(fake).search_recent_tweets("to:acme").headers["x-rate-limit-remaining"] == "2"


def test_search_goes_back_seven_days_and_takes_no_older_since_id(fake: FakeX) -> None:
    """The refusal names the parameter."""
    root = fake.post("acme", "hi", ago=9 * DAY)
    old, new = (fake.post("ann", "x", reply_to=root, ago=days * DAY) for days in (8, 6))
    assert [each["id"] for each in client(fake).search_recent_tweets("to:acme").json()["data"]] == [new]
    with pytest.raises(tweepy.BadRequest, match="'since_id' must be a tweet id created after"):
        client(fake).search_recent_tweets("to:acme", since_id=old)


def test_mentions_are_the_800_newest_and_deleted_ones_count(fake: FakeX) -> None:
    """As X documents it."""
    posts = [fake.post("ann", f"@acme {n}", ago=2000 - n) for n in range(810)]
    fake.delete(posts[800])
    seen, token = [], None
    while token != "":
        page = client(fake).get_users_mentions(USER_ID, max_results=100, pagination_token=token).json()
        seen += [each["id"] for each in page["data"]]
        token = page["meta"].get("next_token", "")
    assert sorted(seen) == [post for post in posts[10:] if post != posts[800]]


def test_an_edit_replaces_what_was_shown(fake: FakeX) -> None:
    """A timeline has the newest version with all ids; each version can still be looked up."""
    first = fake.post("ann", "@acme a")
    second = fake.edit(first, "@acme b")
    (shown,) = client(fake).get_users_mentions(USER_ID).json()["data"]
    assert (shown["id"], shown["edit_history_tweet_ids"]) == (second, [first, second])
    assert [each["text"] for each in client(fake).get_tweets([first, second]).json()["data"]] == ["@acme a", "@acme b"]


def test_what_is_deleted_or_hidden_is_a_partial_error(fake: FakeX) -> None:
    """The others of the same request are shown."""
    kept, gone, shy = (fake.post(who, "@acme") for who in ("ann", "bob", "eve"))
    fake.delete(gone)
    fake.hide("eve", "protected")
    found = client(fake).get_tweets([kept, gone, shy]).json()
    assert [each["id"] for each in found["data"]] == [kept]
    kinds = {each["resource_id"]: each["type"].rpartition("/")[2] for each in found["errors"]}
    assert kinds == {gone: "resource-not-found", shy: "not-authorized-for-resource"}


def test_direct_messages_need_the_accounts_signature(fake: FakeX) -> None:
    """OAuth 1.0a over X's own address; the app's token alone is not enough."""
    sent = fake.message("ann", "a &")
    (event,) = client(fake).get_direct_message_events().json()["data"]
    assert event == {"id": sent, "event_type": "MessageCreate", "text": "a &amp;"}
    with pytest.raises(tweepy.Unauthorized):
        client(fake, secret="wrong").get_direct_message_events()
    with pytest.raises(tweepy.Forbidden, match="Application-Only is forbidden"):
        client(fake).get_direct_message_events(user_auth=False)


@pytest.mark.parametrize(("size", "allowed"), [(4, False), (5, True), (100, True), (101, False)])
def test_pages_have_a_size_that_x_takes(fake: FakeX, size: int, allowed: bool) -> None:
    """Mentions: 5 to 100."""
    if allowed:
        assert client(fake).get_users_mentions(USER_ID, max_results=size).status_code == 200
    else:
        with pytest.raises(tweepy.BadRequest, match="is not between 5 and 100"):
            client(fake).get_users_mentions(USER_ID, max_results=size)


def test_faults_come_when_they_are_asked_for(fake: FakeX) -> None:
    """In their order, each once."""
    fake.fail("mentions", 503, USAGE_CAPPED)
    with pytest.raises(tweepy.TwitterServerError):
        client(fake).get_users_mentions(USER_ID)
    with pytest.raises(tweepy.TooManyRequests, match="Usage cap exceeded"):
        client(fake).get_users_mentions(USER_ID)
    assert client(fake).get_users_mentions(USER_ID).json() == {"meta": {"result_count": 0}}


def test_a_budget_that_is_spread_is_never_refused(tmp_path: Path) -> None:
    """Over two real windows of a second, our hand asks as often as the limit lets it and meets no 429."""
    with FakeX(limits={"mentions": 4}, window=1.0) as fake:
        stop = threading.Event()
        threading.Timer(1.6, stop.set).start()
        began = time.monotonic()
        list(account(fake, tmp_path).receive("mentions", place(60), stop))
        assert 2 <= len(fake.requests) <= 4 * (time.monotonic() - began + 1)
