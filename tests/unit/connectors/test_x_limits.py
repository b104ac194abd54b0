"""The hand of X under limits and refusals: budgets spread over the window, credentials, timeouts, and no secret in the log."""

from __future__ import annotations

import logging
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from connectors._x.budget import Budget, budgets, page_pause, poll_pause, refused_pause
from connectors._x.settings import XSettings
from connectors.fakes.x import SECRETS, USAGE_CAPPED, USER_ID, FakeX
from connectors.x import X
from normalizer.errors import Misconfigured, Retriable
from tests.unit.connectors.x_account import KEYS, account, chain, ids, place, receiving

pytestmark = pytest.mark.slow

DATE = "Sun, 22 Nov 2026 12:00:00 GMT"
NOON = 1_795_348_800


@pytest.fixture(scope="module")
def running() -> Iterator[FakeX]:
    """With X's own limits, but for mentions: five."""
    with FakeX(limits={"mentions": 5}) as made:
        yield made


@pytest.fixture
def fake(running: FakeX) -> FakeX:
    """It, with nothing on it."""
    running.clear()
    return running


def headers(remaining: int, left: int, **more: str) -> dict[str, str]:
    """What X says with an answer at noon."""
    told = {"date": DATE, "x-rate-limit-remaining": str(remaining), "x-rate-limit-reset": str(NOON + left)}
    return told | {name.replace("_", "-"): value for name, value in more.items()}


def test_the_rate_limit_budget_is_spread_over_the_window() -> None:
    """What remains lasts until the window ends; with plenty left the setting holds."""
    assert budgets(headers(30, 900)) == (Budget(30, 900.0),)
    assert poll_pause(budgets(headers(30, 900)), 5.0) == 30.0
    assert poll_pause(budgets(headers(800, 900)), 5.0) == 5.0
    assert poll_pause(budgets(headers(0, 77)), 5.0) == 77.0
    assert poll_pause((), 5.0) == 5.0


def test_pages_of_a_chain_come_at_once_while_requests_are_left() -> None:
    """A catch-up takes what the window still gives, and then waits for the next."""
    assert page_pause(budgets(headers(1, 600))) == 0.0
    assert page_pause(budgets(headers(0, 600))) == 600.0


def test_the_window_of_a_day_is_kept_too() -> None:
    """Whichever limit is tighter."""
    both = headers(100, 900, x_app_limit_24hour_remaining="2", x_app_limit_24hour_reset=str(NOON + 7200))
    assert poll_pause(budgets(both), 5.0) == 3600.0


def test_our_own_clock_may_be_wrong() -> None:
    """The reset is an epoch of X's clock, and is counted from X's Date."""
    assert abs(time.time() - NOON) > 60
    assert refused_pause(headers(0, 42)) == 42.0


@pytest.mark.parametrize("reset", ["soon", "", "-5", "9" * 30])
def test_a_reset_that_is_nonsense_is_not_believed(reset: str) -> None:
    """There is no Retry-After to fall back on: the edge's own pauses hold."""
    assert refused_pause({"date": DATE, "x-rate-limit-reset": reset}) is None


def test_429_is_honoured_to_the_second(fake: FakeX, tmp_path: Path) -> None:
    """By x-rate-limit-reset, since X sends no Retry-After; nothing is asked for in between."""
    for n in range(40):
        fake.post("ann", f"@acme {n}")
    x = account(fake, tmp_path)
    for _ in range(5):
        with receiving(x, "mentions", place(3600)) as pages:
            next(pages)
    with pytest.raises(Retriable, match="mentions: X takes no more of these requests for now") as told:
        chain(x, position=place(3600))
    assert 895 <= (told.value.retry_after or 0) <= 901


@pytest.mark.parametrize(
    "problem",
    [USAGE_CAPPED, {"status": 402, "title": "CreditsDepleted", "type": "https://api.twitter.com/2/problems/credits"}],
)
def test_the_monthly_cap_is_told_and_is_no_busy_loop(fake: FakeX, tmp_path: Path, problem: dict[str, Any]) -> None:
    """It is a 429 too, but no waiting cures it: a person must act."""
    fake.fail("mentions", problem)
    with pytest.raises(Misconfigured, match=r"the usage that is paid for is spent .* raise the cap or buy credits"):
        chain(account(fake, tmp_path))


@pytest.mark.parametrize("status", [500, 503])
def test_a_fault_of_x_is_tried_again(fake: FakeX, tmp_path: Path, status: int) -> None:
    """Nobody needs to be woken."""
    fake.fail("mentions", status)
    with pytest.raises(Retriable, match=f"mentions: X answered {status} "):
        chain(account(fake, tmp_path))


@pytest.mark.parametrize("body", [b"<html>over capacity</html>", b"[1]", b""])
def test_an_answer_that_is_no_json_is_tried_again(fake: FakeX, tmp_path: Path, body: bytes) -> None:
    """The cursor stays."""
    fake.fail("mentions", body)
    with pytest.raises(Retriable, match="X's answer \\(mentions\\) is"):
        chain(account(fake, tmp_path))


def test_revoked_credentials_are_told(fake: FakeX, tmp_path: Path) -> None:
    """With the remedy, and without the credential."""
    fake.revoke()
    with pytest.raises(
        Misconfigured, match=r"X account main .* does not accept the credentials .* make new ones"
    ) as told:
        chain(account(fake, tmp_path))
    assert SECRETS["bearer_token"] not in str(told.value)


def test_a_token_of_the_app_alone_gets_no_direct_messages(fake: FakeX, tmp_path: Path) -> None:
    """The settings refuse it; should X do so, it says why."""
    fake.fail("dm_events", {"status": 403, "detail": "Your app lacks the access level"})
    with pytest.raises(Misconfigured, match=r"dms: X forbids it \(Your app lacks .* read, write and direct messages"):
        chain(account(fake, tmp_path, **KEYS), "dms")


def test_credentials_of_another_account_are_refused(fake: FakeX, tmp_path: Path) -> None:
    """Nobody's messages are read by mistake."""
    with pytest.raises(Misconfigured, match=f"the credentials belong to the user {USER_ID}: set those of 7"):
        chain(account(fake, tmp_path, user_id="7", **KEYS), "dms")


def test_a_suspended_account_is_told(fake: FakeX, tmp_path: Path) -> None:
    """X answers 200 without any data: that is no empty page, and the cursor stays."""
    fake.hide("acme")
    with pytest.raises(Misconfigured, match=r"X does not show the account \(User has been suspended"):
        chain(account(fake, tmp_path))


def test_a_query_that_x_does_not_take_is_told(fake: FakeX, tmp_path: Path) -> None:
    """It comes from the settings."""
    with pytest.raises(Misconfigured, match=r"X does not take the request .*near.* correct the settings"):
        chain(account(fake, tmp_path, query="near:Berlin"), "replies")


def test_a_server_that_never_answers_is_given_up() -> None:
    """tweepy has no timeout of its own."""
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        settings = XSettings(
            user_id=USER_ID,
            bearer_token="secret",
            api_url=f"http://127.0.0.1:{deaf.getsockname()[1]}",
            timeout_seconds=0.2,
        )
        began = time.monotonic()
        with pytest.raises(Retriable, match=r"X cannot be reached \(ReadTimeout\)"):
            chain(X("main", settings, None))  # type: ignore[arg-type]  # it gets no files
        assert time.monotonic() - began < 5


def test_debug_logging_writes_no_credential(fake: FakeX, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """tweepy and its helpers write the Authorization header at DEBUG, to whoever has set the root logger so."""
    caplog.set_level(logging.DEBUG)
    fake.message("ann", "hello")
    sent = chain(account(fake, tmp_path, **KEYS), "dms", place(60))
    chain(account(fake, tmp_path))
    assert len(ids(sent)) == 1
    said = caplog.text
    assert "oauth_signature" not in said
    assert not any(secret in said for secret in SECRETS.values())


def test_requests_are_signed_or_bear_a_token(fake: FakeX, tmp_path: Path) -> None:
    """A public source needs no more than the app's token, or the account's own credentials of either kind."""
    post = fake.post("ann", "@acme hello")
    for credential in ({"bearer_token": SECRETS["bearer_token"]}, {"bearer_token": "", **KEYS}):
        assert ids(chain(account(fake, tmp_path, **credential), position=place(60))) == [post]
    private = {"bearer_token": "", "user_token": SECRETS["user_token"], "sources": ("dms",)}
    x = account(fake, tmp_path, **private)
    assert ids(chain(x, "dms")) == []
    assert "ends user_token two hours after" in x.warnings()[0]


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({}, "has no credential"),
        (
            {"api_key": "a", "api_secret": "b"},
            "only a part of its OAuth 1.0a keys: set access_token, access_secret too",
        ),
        ({"bearer_token": "a", "sources": ["dms"]}, "which X gives to the account alone"),
        ({"bearer_token": "a", "sources": ["mentions", "mentions"]}, "names a source twice"),
        ({"bearer_token": "a", "api_url": "http://x.example"}, "would send credentials in the clear"),
        ({"bearer_token": "a", "user_id": "@acme"}, "matching regex"),
    ],
)
def test_settings_that_cannot_work_are_refused(settings: dict[str, Any], says: str) -> None:
    """With what to set."""
    with pytest.raises(msgspec.ValidationError, match=says):
        msgspec.convert({"user_id": USER_ID} | settings, XSettings)
