"""What threading sees of a message, and in whose name it speaks."""

from __future__ import annotations

from datetime import timedelta

import msgspec
import pytest

from normalizer.events import Bounce, Contact, Forwarded, Kind, Message
from normalizer.ids import conversation_id
from normalizer.mail import tokens
from normalizer.thread_facts import Speaker, Subject, facts, speaker
from normalizer.thread_policy import DEFAULT, ThreadPolicy
from tests.unit.streams.samples import NOW, message

C, D, US, AGENT = "cara@c.example", "dan@d.example", "support@us.example", "jo@us.example"
SECRETS = ("the old secret 0123", "the new secret 4567")
SIGNED = ThreadPolicy(token_secrets=SECRETS)
FORWARDS = ThreadPolicy(forwards="original", agents=("@us.example",))
HERS = conversation_id("mail", "us", "m1")


def forwarded(sender: str, original: str) -> Message:
    """What `sender` passes on of `original`."""
    inside = Forwarded(sender=Contact("email", original, "Cara C."))
    return msgspec.structs.replace(message("f1", sender), forwarded=inside)


def spoofed(found: Message) -> Message:
    """The same, found not to be from its sender."""
    return msgspec.structs.replace(found, trust="spoofed", fields={"trust_because": "DMARC fails", "list_id": "talk"})


def test_a_spoofed_mail_has_nothing_of_its_sender() -> None:
    """No address, no id that others may have, no list, no token and no tag."""
    token = tokens.make(HERS, SECRETS[0].encode())
    found = facts(
        spoofed(message("m2", C, parents=["m1"], to=[f"support+{token}@us.example"], subject="[#0badcafe] Re: it")),
        SIGNED,
    )
    assert (found.sender, found.lists, found.token, found.tags) == (f"spoofed:{C}", (), "", ())
    assert found.own.startswith("item:")
    assert found.parties == (f"spoofed:{C}", US)


def test_a_spoofed_report_speaks_for_nobody() -> None:
    """Nor for the address that it pretends to be about."""
    report = msgspec.structs.replace(spoofed(message("b1", D)), bounces=(Bounce(C, hard=True),))
    assert C not in facts(report).parties


@pytest.mark.parametrize("secret", SECRETS)
def test_a_genuine_token_names_its_conversation(secret: str) -> None:
    """In an address or in a Message-ID, made with the old or the new secret; the address is that of the mailbox."""
    token = tokens.make(HERS, secret.encode())
    by_address = facts(message("m2", to=[tokens.plus_address(US, token)]), SIGNED)
    by_id = facts(message("m2", parents=[f"{token}@us.example"]), SIGNED)
    by_envelope = facts(
        msgspec.structs.replace(message("m2"), fields={"delivered_to": f"support+{token}@us.example"}), SIGNED
    )
    assert {by_address.token, by_id.token, by_envelope.token} == {HERS}
    assert by_address.parties == (C, US)


def test_a_forged_token_names_nothing() -> None:
    """Nor does a genuine one where no secret is set."""
    forged = tokens.plus_address(US, tokens.make(HERS, b"somebody else's secret"))
    assert facts(message("m2", to=[forged]), SIGNED).token == ""
    genuine = tokens.plus_address(US, tokens.make(HERS, SECRETS[0].encode()))
    assert facts(message("m2", to=[genuine])).token == ""


def test_tags_are_read_unless_the_policy_says_no() -> None:
    """In either case of letters, each once, three at most."""
    subject = "Re: [#1A2B3C4D] [#1a2b3c4d] [#00000001] [#00000002] [#00000003] #deadbeef [#12345]"
    assert facts(message("m2", subject=subject)).tags == ("1a2b3c4d", "00000001", "00000002")
    assert facts(message("m2", subject=subject), ThreadPolicy(subject_tags=False)).tags == ()


@pytest.mark.parametrize(
    ("subject", "base", "reply"),
    [
        ("A question", "a question", False),
        ("Re: AW: A  Question ", "a question", True),
        ("Fwd: A question", "a question", False),
        ("Re: Help", "", False),
    ],
)
def test_the_subject_counts_by_policy_only(subject: str, base: str, reply: bool) -> None:
    """Without the marks before it; a short one says nothing."""
    policy = ThreadPolicy(same_subject_days=2)
    expected = Subject(base, reply, NOW, timedelta(days=2)) if base else None
    assert facts(message("m2", subject=subject), policy).subject == expected
    assert facts(message("m2", subject=subject)).subject is None


def test_what_an_agent_forwards_is_of_the_customer() -> None:
    """By policy; the agent is party to it."""
    found = speaker(forwarded(AGENT, "Cara@C.example"), FORWARDS)
    because = f"{AGENT} forwarded what {C} wrote"
    assert found == Speaker(Contact("email", C, "Cara C."), "forwarded-by-agent", because)
    assert facts(forwarded(AGENT, C), FORWARDS).parties == (C, AGENT, US)


@pytest.mark.parametrize(
    ("found", "policy", "expected"),
    [
        (forwarded(D, C), FORWARDS, D),
        (forwarded(AGENT, C), DEFAULT, AGENT),
        (forwarded(AGENT, ""), FORWARDS, AGENT),
        (forwarded(AGENT, US), FORWARDS, AGENT),
        (spoofed(forwarded(AGENT, C)), FORWARDS, f"spoofed:{AGENT}"),
        (message("m1"), FORWARDS, C),
    ],
)
def test_whoever_else_forwards_speaks_for_himself(found: Message, policy: ThreadPolicy, expected: str) -> None:
    """A stranger, anybody by default, and an agent whose forward names no customer, or a colleague."""
    assert speaker(found, policy).contact.address == expected


@pytest.mark.parametrize(("kind", "outgoing"), [("echo", False), ("edit", True), ("deletion", True)])
def test_what_our_own_side_does_is_its_recipients(kind: Kind, outgoing: bool) -> None:
    """Even when nothing of the conversation came before: our address is nobody's customer."""
    found = msgspec.structs.replace(message("m1", US), kind=kind, outgoing=outgoing, to=(Contact("email", C),))
    assert facts(found).customer == Contact("email", C)
