"""Priority, queue and suppression, and the policy that an installation starts with."""

from datetime import UTC, datetime
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from normalizer.decisions import HONEYPOT, Rulings, choose_queue, prioritize, suppress
from normalizer.default_rules import POLICY
from normalizer.errors import Misconfigured
from normalizer.events import Contact, Decision, Kind, Message, Priority
from normalizer.policy import Policy, Rule

RULINGS = Rulings(POLICY)


def message(text: str = "", subject: str = "", kind: Kind = "message", degradations: tuple[str, ...] = ()) -> Message:
    """A message that says `text`."""
    return Message(
        id="m1",
        channel="mail",
        account="support",
        source_id="1",
        sender=Contact("email", "ann@example.com"),
        received_at=datetime(2026, 1, 1, tzinfo=UTC),
        kind=kind,
        subject=subject,
        text=text,
        degradations=degradations,
    )


@pytest.mark.parametrize(
    ("text", "priority"),
    [
        ("URGENT: our shop is offline", "urgent"),
        ("Bitte so schnell wie möglich antworten", "urgent"),
        ("C'est une urgence", "urgent"),
        ("Es urgente, por favor", "urgent"),
        ("É urgente", "urgent"),
        ("Срочно, помогите", "urgent"),
        ("这件事很紧急", "urgent"),
        ("至急お願いします", "urgent"),
        ("عاجل جدا", "urgent"),
        ("My account was hacked", "high"),
        ("A question about opening hours", "normal"),
        ("", "normal"),
    ],
)
def test_urgent_words_of_many_languages_set_the_priority(text: str, priority: Priority) -> None:
    """The default policy knows words of urgency, in the subject as in the text."""
    assert priority == prioritize(message(text), RULINGS.priority)[0]
    assert priority == prioritize(message(subject=text), RULINGS.priority)[0]


@pytest.mark.parametrize(
    ("text", "queue"),
    [
        ("Please send me the invoice again", "billing"),
        ("Ich möchte eine Erstattung", "billing"),
        ("我要退款", "billing"),
        ("The app shows an error", "technical"),
        ("L'application ne fonctionne pas", "technical"),
        ("パスワードを忘れました", "technical"),
        ("Could we get a discount?", "sales"),
        ("Quanto costa? Avete uno sconto?", "sales"),
        ("Hello there", "general"),
    ],
)
def test_words_choose_the_queue(text: str, queue: str) -> None:
    """The default policy sorts by subject matter; what it does not know goes to the general queue."""
    chosen, decision = choose_queue(message(text), RULINGS.queue)
    assert queue == chosen == decision.result


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("bounce", "bounce"),
        ("delay", "delay"),
        ("auto_reply", "auto-reply"),
        ("feedback", "feedback-report"),
        ("receipt", "receipt"),
    ],
)
def test_what_machines_send_is_suppressed_and_low(kind: Kind, reason: str) -> None:
    """Such a message asks nobody to act, whatever words it quotes."""
    machine = message("urgent", kind=kind)
    assert (reason, Decision("suppress", "kind", reason, f"the message is of kind {kind}")) == suppress(
        machine, RULINGS.suppress
    )
    assert prioritize(machine, RULINGS.priority)[0] == "low"


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("edit", "edit"),
        ("deletion", "deletion"),
        ("reaction", "reaction"),
        ("call", "call-progress"),
        ("echo", "our-own"),
    ],
)
def test_what_belongs_to_another_message_wakes_nobody(kind: Kind, reason: str) -> None:
    """An edit, a thumb, our own words: they are in the ticket, and nobody has to act."""
    assert suppress(message(kind=kind), RULINGS.suppress)[0] == reason


@pytest.mark.parametrize("kind", ["message", "list", "calendar"])
def test_what_people_send_is_not_suppressed(kind: Kind) -> None:
    """List mail is read by people: most ordinary mail says Precedence: bulk."""
    assert suppress(message(kind=kind), RULINGS.suppress) == ("", None)


def test_the_honeypot_suppresses() -> None:
    """A form whose hidden field was filled in was filled in by a program."""
    reason, decision = suppress(message(degradations=("truncated", HONEYPOT)), RULINGS.suppress)
    assert reason == "honeypot"
    assert decision == Decision("suppress", "honeypot", "honeypot", "a field that people cannot see was filled in")


def test_configured_rules_suppress_with_their_reason() -> None:
    """A rule of the installation gives the reason that the ledger counts."""
    rulings = Rulings(Policy(suppress=(Rule("ads", 'message.sender.domain == "example.com"', "advertising"),)))
    reason, decision = suppress(message(), rulings.suppress)
    assert reason == "advertising"
    assert decision == Decision("suppress", "ads", "advertising", 'message.sender.domain == "example.com"')


def test_a_priority_that_does_not_exist_is_refused() -> None:
    """The message names the rule and the four priorities."""
    with pytest.raises(Misconfigured, match=r"rules\.priority: rule 'a' .* one of low, normal, high, urgent"):
        Rulings(Policy(priority=(Rule("a", "true", "asap"),)))


@given(st.text(max_size=300), st.text(max_size=80), st.sampled_from(get_args(Kind)))
def test_every_message_gets_a_priority_and_a_queue(text: str, subject: str, kind: Kind) -> None:
    """Decisions are total and repeatable."""
    said = message(text, subject, kind)
    priority, why = prioritize(said, RULINGS.priority)
    assert priority in get_args(Priority)
    assert (priority, why) == prioritize(said, RULINGS.priority)
    assert choose_queue(said, RULINGS.queue)[0] in {"billing", "technical", "sales", "general"}
