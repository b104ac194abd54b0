"""The mail channel against the connector kit, and the settings of a mailbox."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import ClassVar

import msgspec
import pytest

from connectors.mail import Mail
from normalizer.decisions import suppress
from normalizer.errors import Rejected
from normalizer.events import RawEvent
from normalizer.rules import RuleSet
from tests.conformance.connector import ConnectorContract, Settings

_MAIL = (
    b"Message-ID: <2@shop.example>\r\nIn-Reply-To: <1@shop.example>\r\nFrom: Ana <ana@example.org>\r\n"
    b"To: help@shop.example\r\nSubject: =?utf-8?q?caf=C3=A9?=\r\nDate: Sat, 21 Nov 2026 10:00:00 +0100\r\n\r\n"
    b"The parcel is late.\r\n"
)


def _raw(body: bytes = _MAIL, **attributes: str) -> RawEvent:
    return RawEvent(
        channel="mail",
        account="main",
        source_id="INBOX;7;42",
        body=body,
        content_type="message/rfc822",
        received_at=datetime(2026, 11, 21, 9, tzinfo=UTC),
        key="1@shop.example",
        attributes={"folder": "INBOX"} | attributes,
        traceparent="00-11111111111111111111111111111111-2222222222222222-01",
    )


class TestMail(ConnectorContract):
    """Mail keeps the contract of every channel."""

    connector: ClassVar[type[Mail]] = Mail

    def settings(self) -> Settings:
        """A mailbox with a password."""
        return {"host": "imap.example.org", "user": "help@shop.example", "password": self.secret}

    def samples(self) -> Sequence[RawEvent]:
        """A reply, and a mail whose body is in the blob store."""
        return (_raw(), msgspec.structs.replace(_raw(_MAIL[:120]), dataref="0" * 64))


def test_a_mail_that_the_server_never_gave_is_rejected() -> None:
    """It has a fate of its own and can be looked up in its mailbox."""
    with pytest.raises(Rejected, match="the mail server lists INBOX;7;42 and does not give it") as rejected:
        Mail.read(_raw(b"", unfetched="every fetch of it failed"))
    assert rejected.value.reason == "unfetched"


_RESULTS = b"Authentication-Results: mx.shop.example; dmarc=%s header.from=example.org\r\n"


@pytest.mark.parametrize(
    ("found", "trusted", "trust"),
    [
        (b"fail", "mx.shop.example", "spoofed"),
        (b"pass", "mx.other.example mx.shop.example", "verified"),
        (b"fail", "mx.other.example", "unknown"),
    ],
)
def test_trusted_hosts_say_who_the_sender_is(found: bytes, trusted: str, trust: str) -> None:
    """The hosts came with the mail, and the reason is in the message."""
    (message,) = Mail.read(_raw(_RESULTS % found + _MAIL, trusted=trusted))
    assert (message.trust, "spoofed-sender" in message.degradations) == (trust, trust == "spoofed")
    assert message.fields["trust_because"]


def test_without_trusted_hosts_nothing_is_said() -> None:
    """Anybody may write that header."""
    (message,) = Mail.read(_raw(_RESULTS % b"fail" + _MAIL))
    assert (message.trust, "trust_because" in message.fields) == ("", False)


def test_exchange_online_writes_no_name() -> None:
    """The empty one stands for it."""
    (message,) = Mail.read(_raw(b"Authentication-Results: dmarc=fail header.from=example.org\r\n" + _MAIL, trusted=""))
    assert message.trust == "spoofed"


def test_our_own_mail_that_came_back_is_a_loop() -> None:
    """By its Message-ID or its mark; the reason is in the message, and without the setting nothing is ours."""
    (by_id,) = Mail.read(_raw(own="help@shop.example shop.example"))
    (by_mark,) = Mail.read(_raw(b"X-Loop: help@shop.example\r\n" + _MAIL, own="help@shop.example"))
    (honest,) = Mail.read(_raw(own="other.example"))
    assert [("mail-loop" in found.degradations) for found in (by_id, by_mark, honest)] == [True, True, False]
    assert by_id.fields["loop"] == "our own mail came back: its Message-ID is of shop.example"
    assert suppress(by_id, RuleSet("rules.suppress", (), ""))[0] == "loop"


def test_mail_that_took_too_many_hops_is_a_loop() -> None:
    """Without any setting."""
    (found,) = Mail.read(_raw(b"Received: by a.example\r\n" * 60 + _MAIL))
    assert found.fields["loop"] == "it took 60 hops, more than 50"
