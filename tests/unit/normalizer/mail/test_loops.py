"""Mail in circles: what shows it, and how much of one correspondent is too much."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from normalizer.mail.loops import MAX_HOPS, find, is_automatic, too_many
from normalizer.mail.parsed import Mail

DOMAINS = frozenset({"shop.example"})
DESK = frozenset({"desk@shop.example"})
NOW = datetime(2026, 2, 2, 10, tzinfo=UTC)


def mail(**headers: str) -> Mail:
    """A mail with these headers; an underscore in a name stands for a hyphen."""
    return Mail(headers=tuple((name.replace("_", "-"), value) for name, value in headers.items()))


@pytest.mark.parametrize(
    ("given_mail", "reason"),
    [
        (mail(Message_ID="<m1@Shop.Example>"), "our own mail came back: its Message-ID is of shop.example"),
        (mail(X_Loop="desk@shop.example"), "X-Loop holds our own address"),
        (mail(X_Loop="<Desk@Shop.Example>"), "X-Loop holds our own address"),
        (
            Mail(headers=(("Received", "by mx.example"),) * (MAX_HOPS + 1)),
            f"it took {MAX_HOPS + 1} hops, more than {MAX_HOPS}",
        ),
        (mail(Message_ID="<q1@client.example>", References="<m1@shop.example>"), ""),
        (mail(X_Loop="list@lists.example"), ""),
        (Mail(headers=(("Received", "by mx.example"),) * MAX_HOPS), ""),
        (mail(), ""),
    ],
)
def test_a_loop_is_found_and_told(given_mail: Mail, reason: str) -> None:
    """Our own Message-ID, our own mark, or too many hops; a person's answer to us is none of them."""
    assert find(given_mail, DOMAINS, DESK) == reason


@pytest.mark.parametrize(
    ("given_mail", "automatic"),
    [
        (mail(Auto_Submitted="auto-replied"), True),
        (mail(Auto_Submitted="no"), False),
        (mail(Precedence="Bulk"), True),
        (mail(Precedence="first-class"), False),
        (mail(List_Id="<l.example>"), True),
        (mail(Return_Path="< >"), True),
        (mail(Return_Path="<ann@client.example>"), False),
        (mail(), False),
    ],
)
def test_machines_get_no_automatic_answer(given_mail: Mail, automatic: bool) -> None:
    """RFC 3834, section 2: an automatic answer to an automatic mail is how loops begin."""
    assert is_automatic(given_mail) is automatic


def test_the_rate_counts_within_its_window() -> None:
    """Old mails are forgotten, the limit itself is allowed, one more is too many."""
    recent = [NOW - timedelta(minutes=minute) for minute in range(10)]
    old = [NOW - timedelta(hours=2)] * 50
    assert too_many(recent + old, NOW) is False
    assert too_many([*recent, NOW, *old], NOW) is True


@given(st.lists(st.datetimes(timezones=st.just(UTC)), max_size=30))
def test_the_order_of_arrival_does_not_matter(times: list[datetime]) -> None:
    """The same mails give the same answer in any order."""
    assert too_many(times, NOW, limit=3) == too_many(sorted(times), NOW, limit=3)
