"""How fast mail is fetched from a real Dovecot, against a bare imapclient loop over the same mailbox.

    python -m bench.fetch

Both log in, open the folder read-only, and fetch every mail with its size and date in pages of as many UIDs. The bare loop
drops what it gets; the connector gives raw events, and in the third row they are also published (acks=all) and the
position is saved for each page. Dovecot shares this machine; its CPU time is not counted.
"""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Callable, Sequence
from contextlib import closing
from functools import partial
from typing import TypeVar

from imapclient import IMAPClient  # type: ignore[import-untyped]  # it ships no types

from bench.mails import raw_mails
from bench.part import Wanted, broker, elsewhere, main, say
from bench.report import Goal, Report, rates, share, this_machine
from bench.stopwatch import Run, Stopwatch
from connectors._blobs import BlobStore
from connectors._cursors import Cursors
from connectors._mailsettings import MailSettings
from connectors._publisher import Publisher
from connectors._receive import receive
from connectors._status import Status
from connectors.mail import Mail
from normalizer.cluster import Cluster
from ops.topics import declare
from tests.servers.dovecot import PASSWORD, Dovecot

MAILS = 24_000
BARE, FETCHED, STORED = (
    "bare imapclient loop",
    "mail connector, fetched",
    "mail connector, fetched, published, position saved",
)
ASKED = 0.9
PAGE = 200

T = TypeVar("T")


def measure(wanted: Wanted) -> Report:
    """All three in turns over one mailbox."""
    machine, number = this_machine(), wanted.items(MAILS, 60)
    with broker() as brokers:
        found = in_a_mailbox(number, partial(_in_turns, wanted.runs, number, brokers))
    how = f"{number:,} real mails of 1 to 50 KB from a folder in Dovecot over loopback, pages of {PAGE}."
    ratio = share(_rates(found[FETCHED]), _rates(found[BARE]))
    goals = (Goal("mail fetch, mails per second against the bare imapclient loop", ratio, ASKED, "%", profile=FETCHED),)
    return Report(machine, "Mail from an IMAP server", wanted.runs, (rates(how, "mails", found),), goals)


def in_a_mailbox(number: int, task: Callable[[MailSettings], T]) -> T:
    """Do something with the settings of a mailbox on a Dovecot of our own, in which so many mails are."""
    with closing(Dovecot()) as server:
        server.start()
        box = server.mailbox()
        box.deliver(*(mail.body for mail in raw_mails(number)))
        settings = MailSettings(
            host=server.host, port=server.port, tls="none", user=box.user, password=PASSWORD, idle=False, page_size=PAGE
        )
        elsewhere(partial(by_bare_loop, settings, number))  # Dovecot makes its index, which nobody is to pay for
        return task(settings)


def _in_turns(runs: int, number: int, brokers: str, settings: MailSettings) -> dict[str, list[Run]]:
    found: dict[str, list[Run]] = {BARE: [], FETCHED: [], STORED: []}
    for turn in range(runs):
        cluster = Cluster(brokers=brokers, namespace=f"fetch{turn}.")
        declare(cluster, ["mail"])
        ways = {
            BARE: partial(by_bare_loop, settings, number),
            FETCHED: partial(by_connector, settings, number),
            STORED: partial(into_kafka, settings, number, cluster),
        }
        for what in list(ways)[turn % 3 :] + list(ways)[: turn % 3]:
            found[what].append(elsewhere(ways[what]))
            say(f"run {turn + 1} of {runs}, {what}: {found[what][-1].per_second:,.0f} mails/s")
    return found


def by_bare_loop(settings: MailSettings, number: int) -> Run:
    """Everything in the folder with imapclient alone."""
    client = IMAPClient(settings.host, settings.real_port, ssl=False, timeout=60)
    watch, done = Stopwatch(BARE, number), 0
    watch.begin()
    client.login(settings.user, settings.password)
    client.select_folder("INBOX", readonly=True)
    uids = client.search(["UID", "1:*"])
    for start in range(0, len(uids), settings.page_size):
        page = client.fetch(uids[start : start + settings.page_size], ["RFC822.SIZE", "INTERNALDATE", "BODY.PEEK[]"])
        done += sum(1 for data in page.values() if data[b"BODY[]"])
    run = watch.stop()
    client.logout()
    return _all(run, done)


def by_connector(settings: MailSettings, number: int) -> Run:
    """The pages that the connector gives, until the folder has no more."""
    with tempfile.TemporaryDirectory() as folder:
        mail, stop, done = Mail("bench", settings, BlobStore(f"file://{folder}")), threading.Event(), 0
        watch = Stopwatch(FETCHED, number)
        watch.begin()
        for page in mail.receive("INBOX", None, stop):
            done += len(page.events)
            if done >= number:
                break
        return _all(watch.stop(), done)


def into_kafka(settings: MailSettings, number: int, cluster: Cluster) -> Run:
    """The whole receive loop: a page is published and its position saved before the next one is asked for."""
    stop = threading.Event()
    publisher = Publisher(cluster)
    status = _Counting(number, stop)
    with tempfile.TemporaryDirectory() as folder:
        mail = Mail("bench", settings, BlobStore(f"file://{folder}"))
        cursors = Cursors(cluster, publisher, [("mail", "bench")])
        watch = Stopwatch(STORED, number)
        watch.begin()
        receive(mail, "INBOX", publisher, cursors, status, stop)
        run = watch.stop()
    publisher.close()
    return _all(run, status.count)


class _Counting(Status):
    """Says stop when enough has been stored."""

    def __init__(self, enough: int, stop: threading.Event) -> None:
        super().__init__("mail/bench/INBOX")
        self.count, self._enough, self._halt = 0, enough, stop

    def stored(self, events: int, behind: int | None = None) -> None:
        """Count a page that Kafka has."""
        super().stored(events, behind)
        self.count += events
        if self.count >= self._enough:
            self._halt.set()


def _all(run: Run, done: int) -> Run:
    if done != run.items:
        raise RuntimeError(f"{done} of {run.items} mails came: the mailbox is not what was put into it")
    return run


def _rates(runs: Sequence[Run]) -> list[float]:
    return [run.per_second for run in runs]


if __name__ == "__main__":
    main("fetch", measure)
