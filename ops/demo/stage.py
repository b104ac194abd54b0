"""The demo's mailbox, its configuration, and the hand that fills both doors."""

from __future__ import annotations

import asyncio
import contextlib
import smtplib
from collections.abc import Iterator
from email.message import EmailMessage
from functools import partial
from typing import Any
from uuid import uuid4

import httpx
import msgspec

from connectors._publisher import Publisher, Record
from normalizer.cluster import Cluster, raw_topic
from ops.config import Config
from ops.demo.mails import SUPPORT, mails
from ops.engine.greenmail import GreenMail

PAUSE_SECONDS = 0.4
PASSWORD = "demo"  # noqa: S105 - of a mailbox in memory that ends with the demo
_FORM = {
    "name": "Noor Haddad",
    "email": "noor@delta.example",
    "subject": "Cannot log in",
    "message": "My password is refused since this morning, and I have a demo at noon.",
}


class Demo(msgspec.Struct, frozen=True):
    """A configuration with a mailbox and a web form that work, and how to fill them."""

    config: Config
    smtp_port: int

    async def play(self, cluster: Cluster) -> None:
        """Send the mail and a web form one after the other, with a record among them that nobody can read."""
        run = uuid4().hex[:8]
        for mail in mails(run):
            await asyncio.to_thread(self._send, mail)
            await asyncio.sleep(PAUSE_SECONDS)
        await asyncio.to_thread(partial(_spoil, cluster, run))
        http = self.config.http
        async with httpx.AsyncClient() as client:
            answer = await client.post(f"http://{http.host}:{http.port}/webform/demo", json=_FORM)
            answer.raise_for_status()

    def _send(self, mail: EmailMessage) -> None:
        with smtplib.SMTP("127.0.0.1", self.smtp_port) as server:
            server.send_message(mail, to_addrs=[SUPPORT])


@contextlib.contextmanager
def prepared(config: Config) -> Iterator[Demo]:
    """`config` with a mailbox and a web form added; the mailbox ends with the context."""
    GreenMail().stop()  # the mailbox of a demo that was killed; what it held is nobody's
    with GreenMail({SUPPORT: PASSWORD}) as mailbox:
        account = {
            "host": "127.0.0.1",
            "port": mailbox.imap_port,
            "tls": "none",
            "user": SUPPORT,
            "password": PASSWORD,
            "poll_seconds": 5,
        }
        added: dict[str, dict[str, dict[str, Any]]] = {
            "mail": {"demo": account},
            "webform": {"demo": {"title": "Write to us"}},
        }
        channels = {
            name: {**config.channels.get(name, {}), **added.get(name, {})} for name in {**config.channels, **added}
        }
        yield Demo(msgspec.structs.replace(config, channels=channels), mailbox.smtp_port)


def _spoil(cluster: Cluster, run: str) -> None:
    """What a program that has no business there might write: half a mail, and nothing that says what it is."""
    publisher = Publisher(cluster)
    try:
        publisher.write([Record(raw_topic("mail").name, run.encode(), b"From: somebody\r\nSubject: half a ma", [])])
    finally:
        publisher.close()
