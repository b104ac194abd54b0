"""A mailbox on a real server as the other side of the poller kit."""

from __future__ import annotations

import itertools
import smtplib

from connectors._blobs import BlobStore
from connectors._mailsettings import MailSettings
from connectors.mail import Mail
from normalizer.events import RawEvent
from ops.engine.greenmail import GreenMail
from tests.conformance.poller import Source
from tests.servers.dovecot import PASSWORD, Mailbox

BAD = b"garbage: \x80 =?utf-8?b?!!?=\r\n<<<>>>\r\nContent-Type: multipart/mixed; boundary=\r\n--\r\n\xff\xfe" * 50


def mail(name: str) -> bytes:
    """A small good mail with this Message-ID."""
    return f"Message-ID: <{name}>\r\nFrom: ana@customer.example\r\nSubject: hello\r\n\r\nhello\r\n".encode()


class MailSource(Source):
    """An INBOX that mails can be delivered to."""

    name = "INBOX"

    def __init__(self, settings: MailSettings, blobs: BlobStore) -> None:
        self.settings = settings
        self.blobs = blobs
        self._numbers = itertools.count(1)

    def put(self, number: int) -> list[str]:
        """Deliver good mails."""
        names = [f"{next(self._numbers)}@customer.example" for _ in range(number)]
        self.deliver([mail(name) for name in names])
        return names

    def put_bad(self) -> None:
        """Deliver what is hardly a mail."""
        self.deliver([BAD])

    def told(self, raw: RawEvent) -> str:
        """The Message-ID."""
        return raw.key or ""

    def poller(self) -> Mail:
        """A new connector on this mailbox."""
        return Mail("main", self.settings, self.blobs)

    def deliver(self, mails: list[bytes]) -> None:
        """Bring mails to the server."""
        raise NotImplementedError


class DovecotSource(MailSource):
    """A mailbox of Dovecot, filled through its Maildir."""

    def __init__(self, box: Mailbox, blobs: BlobStore) -> None:
        server = box.server
        # Polled often: Dovecot may overlook a file written in the second of its last look, until the next one.
        super().__init__(
            MailSettings(
                host=server.host, port=server.port, tls="none", user=box.user, password=PASSWORD,
                page_size=5, poll_seconds=1,
            ),
            blobs,
        )  # fmt: skip
        self._box = box

    def deliver(self, mails: list[bytes]) -> None:
        """Write files."""
        self._box.deliver(*mails)


class GreenMailSource(MailSource):
    """A mailbox of GreenMail, filled over SMTP."""

    def __init__(self, server: GreenMail, address: str, blobs: BlobStore) -> None:
        super().__init__(
            MailSettings(
                host="127.0.0.1", port=server.imap_port, tls="none", user=address, password=address,
                page_size=5, poll_seconds=1,
            ),
            blobs,
        )  # fmt: skip
        self._server = server

    def deliver(self, mails: list[bytes]) -> None:
        """Send over SMTP."""
        with smtplib.SMTP("127.0.0.1", self._server.smtp_port, timeout=30) as smtp:
            for each in mails:
                smtp.sendmail("ana@customer.example", [self.settings.user], each)
