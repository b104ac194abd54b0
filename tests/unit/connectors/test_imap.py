"""What a session makes of servers that refuse, throttle, close or babble."""

from __future__ import annotations

import threading
from datetime import UTC, datetime

import pytest

from connectors._blobs import BlobStore
from connectors._imap import session
from connectors._imaperrors import Broken
from connectors._mailsettings import MailSettings
from connectors.mail import Mail
from normalizer.errors import Misconfigured, Retriable
from tests.servers.scripted import CLOSE, scripted

pytestmark = pytest.mark.slow

LARGE = b"Message-ID: <1@x>\r\n\r\n" + b"x" * 5000


def settings(port: int) -> MailSettings:
    """Of a mailbox behind a scripted server."""
    return MailSettings(
        host="127.0.0.1", port=port, tls="none", user="help@shop.example", password="hunter2", timeout_seconds=2
    )


def first_page(port: int, blobs: BlobStore | None = None) -> object:
    """What a connector makes of the server."""
    mail = Mail("main", settings(port), blobs)
    return next(iter(mail.receive("INBOX", None, threading.Event())))


@pytest.mark.parametrize(
    ("answer", "seconds"),
    [
        ("{tag} NO [THROTTLED] Account exceeded command or bandwidth limits", 300),
        ("{tag} NO [LIMIT] Maximum number of connections from user+IP exceeded", 300),
        ("{tag} NO [ALERT] Too many simultaneous connections. (Failure)", 300),
        ("{tag} BAD Request is throttled. Suggested Backoff Time: 299961 milliseconds", 299.961),
    ],
)
@pytest.mark.parametrize("verb", ["LOGIN", "EXAMINE", "SEARCH", "FETCH"])
def test_a_server_that_throttles_gets_its_pause(verb: str, answer: str, seconds: float) -> None:
    """Gmail, Exchange, Dovecot and Yahoo say it in their own ways; no mail is blamed for it."""
    with scripted({verb: answer}) as port, pytest.raises(Retriable, match="asks for a pause") as failed:
        first_page(port)
    assert failed.value.retry_after == seconds
    assert not isinstance(failed.value, Broken)


@pytest.mark.parametrize(
    "answer",
    [
        CLOSE,
        "* BYE going down\r\n{tag} NO [UNAVAILABLE] Temporary authentication failure",
        "{tag} NO [UNAVAILABLE] Temporary authentication failure. [mail:2026-11-22 20:00:00]",
        "{tag} NO [INUSE] try again",
    ],
)
def test_a_login_that_fails_for_now_is_no_wrong_password(answer: str) -> None:
    """imapclient says LoginError for a lost connection and for a busy server too."""
    with scripted({"LOGIN": answer}) as port, pytest.raises(Retriable, match="cannot log anybody in now"):
        first_page(port)


def test_a_greeting_that_is_a_farewell_is_retriable() -> None:
    """A server at its limit says BYE before anybody has said anything."""
    bye = "* BYE [ALERT] Maximum number of connections from user+IP exceeded (mail_max_userip_connections=10)"
    with scripted({}, greeting=bye) as port, pytest.raises(Retriable, match="asks for a pause"):
        first_page(port)


def test_a_wrong_password_names_the_user_and_not_the_password() -> None:
    """Nor does what led to it."""
    refused = "{tag} NO [AUTHENTICATIONFAILED] Invalid credentials"
    with scripted({"LOGIN": refused}) as port, pytest.raises(Misconfigured) as failed:
        first_page(port)
    assert str(failed.value) == (
        "mail account main (user help@shop.example at 127.0.0.1): the server refused the credential "
        "([AUTHENTICATIONFAILED] Invalid credentials): correct the user, the password or the token, "
        "and see that IMAP is allowed for this mailbox"
    )
    assert "hunter2" not in repr(failed.value.__cause__)


def test_a_server_without_uidvalidity_is_refused() -> None:
    """Without it no place in the folder means anything (RFC 3501, 2.3.1.1)."""
    answer = "* 1 EXISTS\r\n{tag} OK opened"
    with scripted({"EXAMINE": answer}) as port, pytest.raises(Misconfigured, match="gives no UIDVALIDITY for INBOX"):
        first_page(port)


@pytest.mark.parametrize(
    "answer",
    [
        "* 1 FETCH (UID 1 RFC822.SIZE garbage)\r\n{tag} OK done",
        "* 1 FETCH (UID\r\n{tag} OK done",
        "* 1 FETCH\r\n{tag} OK done",
        "* 1 FETCH (UID 1 RFC822.SIZE {9}\r\nabc)\r\n{tag} OK done",
        "\x00\x01\x02",
        CLOSE,
    ],
)
def test_an_answer_that_is_not_imap_breaks_the_conversation(answer: str) -> None:
    """And nothing else: the edge connects again."""
    with scripted({"FETCH": answer}) as port, pytest.raises(Broken, match="mail account main"):
        first_page(port)


def test_a_server_that_falls_silent_is_taken_for_dead() -> None:
    """Without a timeout imapclient would wait for ever."""
    with scripted({"EXAMINE": "* OK I am thinking"}) as port, pytest.raises(Broken, match="timed out"):
        first_page(port)


def test_a_body_of_nil_is_an_empty_mail() -> None:
    """Some servers say NIL for a mail of no bytes; a date that cannot be read is the moment of reading."""
    answer = '* 1 FETCH (UID 1 RFC822.SIZE 0 INTERNALDATE "yesterday" BODY[] NIL)\r\n{tag} OK done'
    before = datetime.now(UTC)
    with scripted({"FETCH": answer}) as port, session(settings(port), "this test") as imap:
        imap.examine("INBOX")
        assert imap.bodies([1]) == {1: b""}
        size, received_at, body = imap.describe([1], 100)[1]
        assert (size, body) == (0, b"")
        assert received_at >= before


def test_a_mail_comes_with_its_description_when_the_server_calls_it_small() -> None:
    """Not when it names none, or others: then its size is asked for first, so that memory stays bounded."""
    whole = "* 1 FETCH (UID 1 RFC822.SIZE 9 BODY[] {3}\r\nabc)\r\n{tag} OK done"
    for found, known in ((" 1", (3, b"abc")), ("", (9, None)), (" 2 17", (9, None))):
        answers = {"SEARCH": f"* SEARCH{found}\r\n{{tag}} OK done", "FETCH": whole}
        with scripted(answers) as port, session(settings(port), "this test") as imap:
            imap.examine("INBOX")
            size, _, body = imap.describe([1], 100)[1]
            assert (size, body) == known


def test_a_flag_update_is_no_mail() -> None:
    """Other people's changes come as FETCH answers too, with a sequence number and without a body."""
    answer = "* 1 FETCH (FLAGS (\\Seen))\r\n{tag} OK done"
    with scripted({"FETCH": answer}) as port, session(settings(port), "this test") as imap:
        imap.examine("INBOX")
        assert imap.bodies([1]) == {}
        assert imap.describe([1], 100) == {}


def test_a_saved_place_that_cannot_be_read_is_a_persons_task() -> None:
    """Starting at the beginning instead would publish the whole folder again without a word."""
    mail = Mail("main", settings(9), None)
    with pytest.raises(Misconfigured, match="the saved place in INBOX cannot be read"):
        next(iter(mail.receive("INBOX", b'{"uid":5}', threading.Event())))


def test_no_server_at_all_is_retriable() -> None:
    """The message names the host and what to check."""
    with pytest.raises(Retriable, match=r"at 127\.0\.0\.1\): connecting failed .*check that the server can be reached"):
        first_page(9)


def test_news_before_idle_begins_is_news() -> None:
    """A server may tell of mail between the command and its "+": that ends the waiting and not the connection."""
    answers = {
        "IDLE": "* 2 EXISTS\r\n+ idling",
        "DONE": "{idle} OK done",
        "CAPABILITY": "* CAPABILITY IMAP4rev1 IDLE\r\n{tag} OK done",
    }
    answers["LOGIN"] = "{tag} OK [CAPABILITY IMAP4rev1 IDLE] logged in"
    with scripted(answers) as port, session(settings(port), "main") as mailbox:
        mailbox.wait(60, threading.Event())
        mailbox.wait(60, threading.Event())
