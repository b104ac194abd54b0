"""From a server's words and code to a reason, and whether it is for good."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from normalizer.mail.bounce_reasons import HARD, PARTICULAR, REASONS, is_hard, plain, reason_of, reply_of, status_of
from normalizer.mail.refusals_of_mail import GENERAL


@pytest.mark.parametrize(
    ("diagnostic", "reason", "hard"),
    [
        ("550 5.1.1 <ann@client.example>: Recipient address rejected: User unknown", "user-unknown", True),
        ("550-5.1.1 The email account that you tried to reach does not exist.", "user-unknown", True),
        ("550 5.4.1 Recipient address rejected: Access denied [AM0.protection.outlook.com]", "user-unknown", True),
        ("554 delivery error: dd This user doesn't have a yahoo.com account", "user-unknown", True),
        (
            "Host or domain name not found. Name service error for name=a.example type=A: Host not found",
            "host-unknown",
            True,
        ),
        ("Name service error for name=a.example type=MX: Host not found, try again", "network", False),
        ("Domain client.example does not accept mail (nullMX)", "no-mail", True),
        ("551 5.1.6 ann has moved to ann@new.example", "moved", True),
        ("452-4.2.2 The email account that you tried to reach is over quota.", "mailbox-full", False),
        ("550 5.2.1 The email account that you tried to reach is disabled.", "suspended", False),
        ("552 5.3.4 Message size exceeds fixed limit", "size", False),
        ("554 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using zen.spamhaus.org", "blocked", False),
        (
            "550 5.7.1 Unfortunately, messages from [192.0.2.1] weren't sent. part of their network is listed",
            "blocked",
            False,
        ),
        ("550 5.7.1 Message rejected as spam by Content Filtering.", "spam", False),
        ("554 5.7.1 Message infected with Eicar", "virus", False),
        ("554 5.7.1 <ann@client.example>: Relay access denied", "relay-denied", False),
        (
            "550-5.7.26 Unauthenticated email from shop.example is not accepted due to domain's DMARC policy.",
            "auth",
            False,
        ),
        ("550-5.7.25 The IP address sending this message does not have a PTR record setup", "no-ptr", False),
        ("450 4.1.8 <desk@shop.example>: Sender address rejected: Domain not found", "sender-rejected", False),
        ("421 4.7.0 Too many concurrent SMTP connections; please try again later.", "rate", False),
        ("554 5.4.6 Too many hops 26 (25 max)", "loop", False),
        ("454 4.7.5 TLS handshake failed: certificate verify failed", "tls", False),
        (
            "552 5.7.0 This message was blocked because its content presents a potential security issue.",
            "policy",
            False,
        ),
        ("connect to mx.client.example[192.0.2.1]:25: Connection timed out", "expired", False),
        ("lost connection with mx.client.example while sending RCPT TO", "network", False),
        ("451 4.7.1 Greylisting in action, please come back later", "on-hold", False),
        ("501 5.5.4 Syntax error in parameters", "syntax", False),
        ("Address is on the Amazon SES suppression list", "suppressed", False),
        ("", "unknown", False),
    ],
)
def test_the_words_of_servers_are_known(diagnostic: str, reason: str, hard: bool) -> None:
    """Each line is what a widespread server or provider says."""
    found = reason_of(diagnostic, status_of(diagnostic))
    assert (found, is_hard(found)) == (reason, hard)


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        ("5.1.1", "user-unknown"),
        ("5.1.2", "host-unknown"),
        ("5.1.10", "no-mail"),
        ("5.2.2", "mailbox-full"),
        ("5.7.25", "no-ptr"),
        ("5.7.1", "policy"),
        ("4.4.7", "expired"),
        ("4.1.1", "unknown"),
        ("5.0.0", "unknown"),
        ("", "unknown"),
    ],
)
def test_a_code_speaks_where_words_do_not(status: str, reason: str) -> None:
    """RFC 3463 and RFC 5248; a code of class 4 alone never says that an address is gone for good."""
    assert reason_of("", status) == reason


@pytest.mark.parametrize(
    ("diagnostic", "reason"),
    [
        ("SMTP error from remote mail server after MAIL FROM:<desk@shop.example>: 550 unknown user", "sender-rejected"),
        ("SMTP error from remote mail server after initial connection: 550 Access denied", "blocked"),
        ("Connected to 192.0.2.1 but my name was rejected. Remote host said: 501 no such domain", "blocked"),
        ("host mx said: 550 unknown user (in reply to end of DATA command)", "filtered"),
        ("host mx said: 550 5.1.1 unknown user (in reply to end of DATA command)", "user-unknown"),
        ("host mx said: 550 unknown user (in reply to RCPT TO command)", "user-unknown"),
    ],
)
def test_the_step_of_the_dialogue_counts(diagnostic: str, reason: str) -> None:
    """Before RCPT a server speaks of the sender, after DATA of the content, unless its code says otherwise."""
    assert reason_of(diagnostic, status_of(diagnostic)) == reason


def test_a_name_is_no_reason() -> None:
    """What stands in addresses and links is left out."""
    assert plain("550 <mailbox-full@spam.example> see https://help.example/blocked?x=spam") == "@ see help.example"
    assert reason_of("550 <mailbox-full@spam.example>: see https://help.example/virus") == "unknown"


@pytest.mark.parametrize(
    ("text", "status", "reply"),
    [
        ("5.0.0 (permanent failure); 550 5.1.1 no", "5.1.1", "550"),
        ("host mx[192.0.2.1]:25 said: 451 4.2.0 later", "4.2.0", "451"),
        ("552-5.7.0 one\n552 5.7.0 two", "5.7.0", "552"),
        ("at 10.5.1.1 on 2026-05-02", "", ""),
        ("version 5.1.1.2", "", ""),
    ],
)
def test_codes_are_told_from_other_numbers(text: str, status: str, reply: str) -> None:
    """Addresses of machines, versions and dates are no codes; the particular code wins over the general."""
    assert (status_of(text), reply_of(text)) == (status, reply)


def test_the_reasons_are_a_contract() -> None:
    """Sinks and rules name them: one may be added, none may go."""
    kept = """
    auth blocked content expired filtered host-unknown limit loop mailbox-full mailer-error moved network no-mail no-ptr
    non-compliant on-hold policy rate relay-denied security sender-rejected size spam suppressed suspended syntax
    system-error system-full tls unknown user-unknown virus
    """
    assert sorted(REASONS) == kept.split()
    assert HARD < REASONS


def test_each_phrase_can_be_met() -> None:
    """The table holds the form that texts are compared in."""
    phrases = [phrase for _, phrases in (*PARTICULAR, *GENERAL) for phrase in phrases]
    assert [phrase for phrase in phrases if phrase != phrase.lower().strip()] == []
    assert all(phrases)


@given(st.text(), st.sampled_from(["", "5.1.1", "4.2.2", "5.7.1", "x"]), st.text())
def test_any_text_has_a_reason(diagnostic: str, status: str, notice: str) -> None:
    """It never raises, and is one of the contract."""
    reason = reason_of(diagnostic, status, notice)
    assert reason in REASONS
