"""What `switchboard doctor` says of the sources that report."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from normalizer.events import Health
from ops.config import Config
from ops.doctor import Finding, sources
from ops.sources import QUIET

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
MAIL = msgspec.convert({"channels": {"mail": {"main": {}}}}, Config)
LONG_AGO = NOW - 2 * QUIET


def health(name: str, state: Any, **more: Any) -> Health:
    """A report of a moment ago."""
    given: dict[str, Any] = {"name": name, "state": state, "at": NOW - timedelta(seconds=3)}
    return Health(**given | more)


def found(*reports: Health, config: Config = MAIL) -> list[Finding]:
    """What is judged."""
    return list(sources(reports, config, NOW))


def test_a_source_that_fails_is_not_well_whoever_runs_it() -> None:
    """Its own words are the remedy; without a configuration at hand, as beside a demo, it is judged all the same."""
    report = health("mail/main/INBOX", "failing", errors=4, detail="the mailbox is away: start it")
    assert found(report) == [
        Finding("source mail/main/INBOX", False, "failing, 4 errors", "the mailbox is away: start it")
    ]
    assert found(report, config=Config()) == [
        Finding(
            "source mail/main/INBOX",
            False,
            "failing, of another configuration, 4 errors",
            "the mailbox is away: start it",
        )
    ]


def test_a_source_that_runs_or_waits_is_well() -> None:
    """With what it waits for, and who configured it."""
    assert found(health("mail/main/INBOX", "running"), health("sms/main/all", "waiting", detail="asked too often")) == [
        Finding("source mail/main/INBOX", True, "running"),
        Finding("source sms/main/all", True, "waiting, of another configuration: asked too often"),
    ]


def test_what_another_configuration_had_is_nobodys_business() -> None:
    """Reports stay behind when nobody runs the source any more; ours then needs somebody, unless it was told to stop."""
    left = health("sms/main/all", "failing", at=LONG_AGO), health("x/main/all", "stopped")
    assert found(*left) == []
    [silent, stopped] = found(health("mail/main/INBOX", "running", at=LONG_AGO), health("mail/main/Work", "stopped"))
    assert (silent.well, silent.saw) == (False, "last heard of at 11:56:00")
    assert silent.remedy.startswith("its process has ended without saying so, or hangs")
    assert (stopped.well, stopped.saw) == (True, "stopped")
