"""What `switchboard channels` and the live view say of sources."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from rich.console import Console

from normalizer.events import Contact, Health, Ticket
from ops.cli._doors import doors
from ops.cli._live import Count, Sample, StageRate
from ops.cli._picture import Picture, by_account
from ops.cli.channels import COLUMNS, notes, rows
from ops.cli.run import group_of
from ops.ledger import Account
from ops.sources import QUIET, Source, listed, short

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
FORM = {"webform": ["site"]}


def health(name: str, **more: Any) -> Health:
    """A report of a moment ago."""
    given: dict[str, Any] = {"name": name, "state": "running", "at": NOW - timedelta(seconds=3)}
    return Health(**given | more)


def found(accounts: Mapping[str, Sequence[str]], *reports: Health, **more: Any) -> list[Source]:
    """What is listed."""
    given: dict[str, Any] = {"cursors": {}, "waiting": {}} | more
    return listed(accounts, reports, given["cursors"], given["waiting"], NOW)


def test_every_source_of_a_configured_account_is_a_row() -> None:
    """With its part of the name, what it reports, its position, and what waits for normalize in its channel."""
    report = health(
        "mail/main/Work/2026", behind=7, rate=2.5, errors=1, warning="the token ends on Friday", edge="host:7",
        looked_at=NOW, received=9,
    )  # fmt: skip
    [row] = found(
        {"mail": ["main"]}, report, cursors={"mail/main/Work/2026": b'{"uidvalidity":1,"uid":42}'}, waiting={"mail": 3}
    )
    assert (row.channel, row.account, row.source, row.state) == ("mail", "main", "Work/2026", "running")
    assert (row.behind, row.rate, row.errors, row.received, row.waiting) == (7, 2.5, 1, 9, 3)
    assert (row.cursor, row.edge, row.warning) == ("uidvalidity=1 uid=42", "host:7", "the token ends on Friday")


def test_an_account_that_never_reported_is_a_row_too() -> None:
    """It is configured, and nobody runs it."""
    assert [(row.name, row.state) for row in found({"mail": ["main"], **FORM})] == [
        ("mail/main", "never ran"), ("webform/site", "never ran"),
    ]  # fmt: skip


def test_other_accounts_are_nobodys_business() -> None:
    """Not those of another configuration, nor those whose name begins alike."""
    reports = (health("mail/main2/INBOX"), health("sms/main/all"), health("mail/main/INBOX"))
    assert [row.name for row in found({"mail": ["main"]}, *reports)] == ["mail/main/INBOX"]


def test_doors_and_sources_of_one_account_stand_together() -> None:
    """A channel that is called and also asks."""
    reports = (health("sms/main/messages"), health("sms/main"))
    assert [(row.name, row.source) for row in found({"sms": ["main"]}, *reports)] == [
        ("sms/main", ""), ("sms/main/messages", "messages"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("state", "age", "shown", "rate"),
    [
        ("running", QUIET * 2, "silent", 0.0),
        ("stopped", QUIET * 2, "stopped", 0.0),
        ("failing", QUIET / 2, "failing", 4.0),
    ],
)
def test_a_report_that_is_too_old_is_no_report(state: str, age: timedelta, shown: str, rate: float) -> None:
    """Its process has ended without saying so, or hangs."""
    [row] = found(FORM, health("webform/site", state=state, at=NOW - age, rate=4.0))
    assert (row.state, row.rate) == (shown, rate)


@pytest.mark.parametrize(
    ("position", "text"),
    [
        (b'{"uid":3,"seen":{"a":1},"token":""}', "uid=3"),
        (b'{"seen":{"a":1}}', "…"),
        (b'"2026-11-22"', "2026-11-22"),
        (b'{"sid":"' + b"S" * 60 + b'"}', "sid=" + "S" * 35 + "…"),
    ],
)
def test_a_position_in_short(position: bytes, text: str) -> None:
    """Its plain values, cut where the table would break."""
    assert short(position) == text


def test_a_row_has_a_cell_for_each_column() -> None:
    """In the order of the heads."""
    [row] = rows(found(FORM, health("webform/site", edge="host:7")))
    assert len(row) == len(COLUMNS)
    assert dict(zip(COLUMNS, row, strict=True))["edge"] == "host:7"


def test_what_troubles_a_source_is_said_below_the_table() -> None:
    """A warning before what happens now; nothing in it drives the terminal."""
    reports = (health("webform/site", warning="renew it", detail="3 to\x1b[2J go"), health("mail/main/INBOX"))
    assert notes(found({"mail": ["main"], **FORM}, *reports)) == [
        "webform/site: renew it", "webform/site: 3 to [2J go",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "group"), [("", "edge"), ("mail", "edge.mail"), ("mail:support", "edge.mail.support")]
)
def test_processes_that_run_the_same_share_it(name: str, group: str) -> None:
    """And share with no others: a consumer group for each name."""
    assert group_of(name) == group


def test_few_doors_are_listed() -> None:
    """Each can be copied."""
    assert doors("http://h:1", {"webform": ["a", "b"], "mail": ["main"]}) == [
        "webform: http://h:1/webform/a", "webform: http://h:1/webform/b",
    ]  # fmt: skip


def test_many_doors_are_a_pattern() -> None:
    """But for those that people open."""
    accounts = {"webform": ["a"], "sms": ["one", "two"], "voice": ["one"]}
    assert doors("http://h:1", accounts) == ["webform: http://h:1/webform/a", "doors: http://h:1/{sms,voice}/ACCOUNT"]
    same = {"webform": ["a"], "sms": ["demo"], "voice": ["demo"], "whatsapp": ["demo"]}
    assert doors("http://h:1", same)[-1] == "doors: http://h:1/{sms,voice,whatsapp}/demo"


def test_an_account_is_as_well_as_its_worst_source() -> None:
    """Sums, the last that came, the oldest look, and what the worst says."""
    early, late = NOW - timedelta(minutes=5), NOW
    first = health("mail/a/INBOX", received=2, rate=1.0, behind=3, looked_at=late, last_received_at=early)
    second = health("mail/a/Work", state="failing", detail="no such folder", received=1, rate=0.5, looked_at=early)
    [both] = by_account([first, second])
    assert (both.name, both.state, both.detail) == ("mail/a (2)", "failing", "no such folder")
    assert (both.received, both.rate, both.behind) == (3, 1.5, 3)
    assert (both.last_received_at, both.looked_at) == (early, early)
    assert by_account([first])[0].name == "mail/a"


def test_the_live_view_stays_readable_with_many_sources() -> None:
    """More than fit a screen are shown by account."""
    many = [health(f"mail/a{number}/{folder}") for number in range(11) for folder in ("INBOX", "Work")]
    assert "mail/a3/Work" in drawn(many[:20])
    assert "mail/a3 (2)" in drawn(many)
    assert "mail/a3/Work" not in drawn(many)


def drawn(sources: Sequence[Health], width: int = 200, height: int = 90, **more: Any) -> str:
    """The live view, as text."""
    console = Console(width=width, height=height)
    given: dict[str, Any] = {"stages": (), "ledger": (), "tickets": ()} | more
    with console.capture() as capture:
        console.print(Picture("title\n" + "a very long address of a door " * 9, Sample(tuple(sources), **given)))
    return capture.get()


@pytest.mark.parametrize(
    ("width", "height", "tickets", "stages", "ledger"),
    [(80, 24, 3, False, False), (120, 40, 8, True, False), (160, 90, 8, True, True)],
)
def test_the_live_view_fits_the_terminal(width: int, height: int, tickets: int, stages: bool, ledger: bool) -> None:
    """Tickets and what fails are always in it; of the rest what fits, a line each."""
    sources = [health(f"whatsapp_twilio/{n:02}/messages", detail="a note " * 30) for n in range(19)]
    sources.append(health("voice/hotline/calls", state="failing", detail="no answer"))
    text = drawn(
        sources, width, height,
        tickets=tuple(ticket(n) for n in range(8)),
        stages=tuple(StageRate(Count(f"stage{n}", 7, 0, 0), 1.0) for n in range(5)),
        ledger=tuple(Account(channel=f"channel{n}", accepted=10, routed=10) for n in range(13)),
    )  # fmt: skip
    lines = text.splitlines()
    assert len(lines) <= height
    assert max(map(len, lines)) <= width
    assert sum("Production is down" in line for line in lines) >= tickets
    assert lines[3].startswith("Tickets")
    assert "voice/hotline/calls" in text
    assert ("stage4" in text, "channel12" in text) == (stages, ledger)
    assert ledger or "Ledger: accepted 130, in flight 0" in text


def test_a_screen_that_is_too_small_for_all_says_of_how_many() -> None:
    """In a line, however narrow the table is. The worst are those that are shown."""
    sources = [health(f"mail/a/{n}") for n in range(20)]
    text = drawn(sources, 80, 24, tickets=(ticket(1), ticket(2), ticket(3)))
    assert "Sources, the worst 9 of 20" in text
    assert len(text.splitlines()) <= 24
    assert "the worst" not in drawn(sources)


def ticket(number: int) -> Ticket:
    """One that has a subject."""
    return Ticket(
        id=f"{number:08}", revision=1, conversation_id="c", customer_id="k", customer=Contact("email", "ada@calculon.example"),
        channel="mail", account="demo", subject="Production is down", status="open", priority="normal", queue="support",
        opened_at=NOW, updated_at=NOW, messages=1,
    )  # fmt: skip
