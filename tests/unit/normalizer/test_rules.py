"""Rules in CEL: the first match wins, mistakes show when they are read, and messages never raise."""

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from normalizer.errors import Misconfigured
from normalizer.events import Attachment, Contact, Decision, Message, ThreadRefs
from normalizer.facts import EXAMPLE, MAX_TEXT, facts
from normalizer.policy import Rule
from normalizer.rules import RuleSet


def message(**changes: Any) -> Message:
    """An ordinary message with some things different."""
    plain = Message(
        id="m1",
        channel="mail",
        account="support",
        source_id="INBOX;1;1",
        sender=Contact("email", "ann@example.com", "Ann"),
        received_at=datetime(2026, 11, 22, 23, 30, tzinfo=UTC),
    )
    return msgspec.structs.replace(plain, **changes)


def one(when: str, then: str = "yes") -> RuleSet:
    """A rule set of one rule."""
    return RuleSet("rules.queue", [Rule("r", when, then)], "no")


def test_facts_say_what_rules_may_see() -> None:
    """Facts are plain values: the visible text first, addresses, counts, and the time in UTC."""
    seen = facts(
        message(
            text="all of it",
            visible_text="new",
            to=(Contact("email", "a@b.example"),),
            attachments=(Attachment.of(b"x"),),
            refs=ThreadRefs(parents=("p",)),
            fields={"plan": "gold"},
        )
    )["message"]
    assert seen["text"] == "new"
    assert seen["sender"] == {"scheme": "email", "address": "ann@example.com", "domain": "example.com", "name": "Ann"}
    assert seen["to"] == ["a@b.example"]
    assert (seen["attachments"], seen["has_attachments"], seen["is_reply"]) == (1, True, True)
    assert seen["fields"] == {"plan": "gold"}
    assert (seen["hour"], seen["weekday"]) == (23, 7)


def test_facts_are_bounded() -> None:
    """Rules see at most the first 8,000 characters."""
    assert len(facts(message(text="a" * 1_000_000))["message"]["text"]) == MAX_TEXT


def test_the_first_match_wins() -> None:
    """Rules are tried in their order; later ones that match too do not count."""
    rules = RuleSet("rules.queue", [Rule("a", "false", "x"), Rule("b", "true", "y"), Rule("c", "true", "z")], "no")
    assert ("y", Decision("queue", "b", "y", "true")) == rules.decide("queue", facts(message()))


def test_the_default_is_a_decision_too() -> None:
    """When no rule matches, the decision says that it was the default."""
    assert ("no", Decision("queue", "default", "no", "no rule matched")) == one("false").decide("queue", EXAMPLE)


def test_a_decision_shows_the_word_that_made_it() -> None:
    """The evidence of `mentions` is the word that was found."""
    rules = one('message.text.mentions("later, right now")')
    result, decision = rules.decide("priority", facts(message(text="I need it RIGHT NOW!")))
    assert result == "yes"
    assert decision.because == "found 'right now'; message.text.mentions(\"later, right now\")"


def test_a_rule_that_cannot_be_evaluated_is_passed_over() -> None:
    """A form field that this message has not stops nothing; the decision says which rule did not apply and why."""
    rules = RuleSet("q", [Rule("vip", 'message.fields.plan == "gold"', "vip"), Rule("all", "true", "rest")], "no")
    assert rules.decide("queue", facts(message(fields={"plan": "gold"})))[0] == "vip"
    result, decision = rules.decide("queue", facts(message()))
    assert (result, decision.because) == ("rest", "true; rule vip did not apply (the message has no plan)")


@pytest.mark.parametrize(
    ("text", "words", "expected"),
    [
        ("This is URGENT.", "urgent", True),
        ("urgently", "urgent", False),
        ("insurgent", "urgent", False),
        ("so schnell wie MÖGLICH", "so schnell wie möglich", True),
        ("STRASSE", "straße", True),
        ("这个很紧急请处理", "紧急", True),
        ("환불해주세요", "환불", True),
        ("очень срочно!", "срочно", True),
        ("", "urgent", False),
        ("anything", " , ,", False),
        ("anything", "", False),
    ],
)
def test_mentions_finds_whole_words_in_any_script(text: str, words: str, expected: bool) -> None:
    """Case does not matter; words are whole where the script has spaces between them."""
    result, _ = one(f'message.text.mentions("{words}")').decide("queue", facts(message(text=text)))
    assert ("yes" if expected else "no") == result


@pytest.mark.parametrize(
    ("when", "says"),
    [
        (
            "message.kind ==",
            "rules.queue: rule 'r' (message.kind ==) is not a CEL expression at column 16: Syntax error: mismatched",
        ),
        ("mesage.kind == 'x'", "names the variable 'mesage' at column 1, which does not exist: did you mean message?"),
        (
            "true && message.subjct == ''",
            "names the fact 'message.subjct' at column 17, which does not exist: did you mean message.subject?",
        ),
        ("message.sender.adress == ''", "did you mean message.sender.address?"),
        ("message.text.lowerAscii() == ''", "names the function 'lowerAscii' at column 14, which does not exist"),
        ("message.text.startswith('a')", "did you mean startsWith?"),
        ('message.text.matches("(")', "cannot be evaluated (Function 'matches' error: '(' not a valid regex"),
        ("message.hour > 'x'", "cannot be evaluated (No such overload"),
        ("message.subject", "gives 'Hello': write a condition that is true or false"),
    ],
)
def test_a_mistake_in_a_condition_names_the_rule_the_place_and_the_remedy(when: str, says: str) -> None:
    """A rule that cannot work stops the start, not the messages."""
    with pytest.raises(Misconfigured) as caught:
        one(when)
    assert says in str(caught.value)
    assert "rules.queue: rule 'r'" in str(caught.value)


def test_names_in_text_and_of_macros_are_nobodys_mistake() -> None:
    """What stands in a string, and the variable of a macro, need not be known."""
    rules = one('message.to.exists(to, to.endsWith("message.nonsense")) || message.subject == "mesage.x"')
    assert rules.decide("queue", facts(message(subject="mesage.x")))[0] == "yes"


@pytest.mark.parametrize(
    "when",
    [
        'message["subject"] == "x"',
        'message [ "subject" ] == "x"',
        'message . subject == "x"',
        '[message].exists(m, m.subject == "x")',
        '"subject" in message',
        "has(message.subject)",
        'message.kind == "list" || message\n.subject == "x"',
    ],
)
def test_a_fact_is_seen_however_it_is_named(when: str) -> None:
    """Only the facts that rules name are handed over, and every way of naming them counts."""
    assert one(when).decide("queue", facts(message(subject="x")))[0] == "yes"


def test_two_rules_of_one_name_are_refused() -> None:
    """A decision speaks of a rule by its name, so the name must be its own."""
    with pytest.raises(Misconfigured, match=r"two rules named 'a': give each a name of its own"):
        RuleSet("q", [Rule("a", "true", "x"), Rule("a", "false", "y")], "no")


def test_a_result_that_is_not_allowed_is_refused() -> None:
    """A priority is one of four words."""
    with pytest.raises(Misconfigured, match=r"gives 'asap': let it give one of low, high"):
        RuleSet("rules.priority", [Rule("a", "true", "asap")], "low", results=["low", "high"])


def test_a_rule_set_shows_what_it_is() -> None:
    """The repr is for logs."""
    assert repr(one("true")) == "RuleSet(rules.queue: 1 rules, else 'no')"


@given(
    text=st.text(max_size=200),
    subject=st.text(max_size=50),
    fields=st.dictionaries(st.text(max_size=5), st.text(max_size=5), max_size=3),
)
def test_no_message_raises(text: str, subject: str, fields: dict[str, str]) -> None:
    """Whatever a message contains, a decision comes out, and the same one every time."""
    rules = RuleSet(
        "q",
        [
            Rule("a", 'message.fields.x.matches("^a+$")', "a"),
            Rule("b", 'message.text.mentions("a,é") || size(message.subject) > 20', "b"),
        ],
        "no",
    )
    seen = facts(message(text=text, subject=subject, fields=fields))
    result, decision = rules.decide("queue", seen)
    assert result in {"a", "b", "no"}
    assert (result, decision) == rules.decide("queue", seen)
    assert len(decision.because) <= 400


def test_words_are_found_alike_however_the_condition_is_written() -> None:
    """Conditions of words alone are not given to CEL: with something beside them they are, and say the same."""
    plain = 'message.subject.mentions("urgent, now") || message.text.mentions("urgent, now")'
    seen = facts(message(text="Come NOW, it is urgent"))
    results = [one(when).decide("queue", seen) for when in (plain, f"({plain}) && true")]
    assert [(result, made.because.partition(";")[0]) for result, made in results] == [("yes", "found 'urgent'")] * 2


def test_what_is_remembered_of_a_condition_is_of_these_facts_alone() -> None:
    """A condition on a kind is evaluated once for each kind, and says the same the second time."""
    rules = one('message.kind == "list"')
    kinds = ("list", "message", "list", "message")
    assert [rules.decide("queue", facts(message(kind=kind)))[0] for kind in kinds] == ["yes", "no", "yes", "no"]
