"""Reading a mailbox page by page, without an edge."""

from __future__ import annotations

import threading
from collections.abc import Generator, Iterator
from contextlib import contextmanager

import msgspec

from connectors._base import Page
from connectors._mailplace import Place
from connectors.mail import Mail
from tests.servers.dovecot import Mailbox
from tests.servers.mailsource import mail


@contextmanager
def pages(mailbox: Mail, position: bytes | None = None, folder: str = "INBOX") -> Iterator[Iterator[Page]]:
    """The pages of one life of a connector, which ends with the context."""
    stop = threading.Event()
    coming = mailbox.receive(folder, position, stop)
    try:
        yield coming
    finally:
        stop.set()
        if isinstance(coming, Generator):
            coming.close()


def until_empty(mailbox: Mail, position: bytes | None = None, folder: str = "INBOX") -> list[Page]:
    """Pages up to the one after which the server holds no more."""
    found = []
    with pages(mailbox, position, folder) as coming:
        for page in coming:
            found.append(page)
            if not page.behind:
                break
    return found


def keys(found: list[Page]) -> list[str | None]:
    """The Message-IDs in some pages."""
    return [event.key for page in found for event in page.events]


def saved(place: Place) -> bytes:
    """A position as it comes back after a restart."""
    return msgspec.json.encode(place)


def fill(box: Mailbox, number: int, start: int = 1) -> list[str]:
    """Deliver numbered mails."""
    names = [f"{each}@x" for each in range(start, start + number)]
    box.deliver(*map(mail, names))
    return names
