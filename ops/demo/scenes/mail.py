"""A mailbox, and the mail that fills it over SMTP; with a record among it that nobody can read."""

from __future__ import annotations

import asyncio
import contextlib
import smtplib
from collections.abc import Iterator
from email.message import EmailMessage
from uuid import uuid4

from connectors._publisher import Publisher, Record
from normalizer.cluster import Cluster, raw_topic
from ops.demo.mails import SUPPORT, mails
from ops.demo.scene import Accounts, Scene
from ops.engine.greenmail import GreenMail

PAUSE_SECONDS = 0.4
PASSWORD = "demo"  # noqa: S105 - of a mailbox in memory that ends with the demo


class Mailbox:
    """A server in memory."""

    def __init__(self, mailbox: GreenMail) -> None:
        self._smtp_port = mailbox.smtp_port
        self.accounts: Accounts = {
            "mail": {
                "demo": {
                    "host": "127.0.0.1",
                    "port": mailbox.imap_port,
                    "tls": "none",
                    "user": SUPPORT,
                    "password": PASSWORD,
                    "poll_seconds": 5,
                }
            }
        }

    async def play(self, door: str, cluster: Cluster) -> None:
        """Send the mail, one after the other."""
        del door
        run = uuid4().hex[:8]
        for mail in mails(run):
            await asyncio.to_thread(self._send, mail)
            await asyncio.sleep(PAUSE_SECONDS)
        await asyncio.to_thread(_spoil, cluster, run)

    def _send(self, mail: EmailMessage) -> None:
        with smtplib.SMTP("127.0.0.1", self._smtp_port) as server:
            server.send_message(mail, to_addrs=[SUPPORT])


@contextlib.contextmanager
def scene() -> Iterator[Scene]:
    """The mailbox ends with the context."""
    GreenMail().stop()  # the mailbox of a demo that was killed; what it held is nobody's
    with GreenMail({SUPPORT: PASSWORD}) as mailbox:
        yield Mailbox(mailbox)


def _spoil(cluster: Cluster, run: str) -> None:
    """What a program that has no business there might write: half a mail, and nothing that says what it is."""
    publisher = Publisher(cluster)
    try:
        publisher.write([Record(raw_topic("mail").name, run.encode(), b"From: somebody\r\nSubject: half a ma", [])])
    finally:
        publisher.close()
