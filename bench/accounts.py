"""What a mail costs a connector process that reads many mailboxes, what they cost while nothing comes, and its memory.

The same number of mails lies in 1, 10, 100 or 300 mailboxes of one Dovecot, on which the connector idles (RFC 2177) when it
has read them; every mail is published (acks=all) and every position saved.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterable, Sequence
from contextlib import closing
from functools import partial

import msgspec
import psutil

from bench.mails import raw_mails
from bench.part import Wanted, elsewhere, say
from bench.report import MEGA, Column, Row, Table, figure
from bench.stopwatch import LOOK_SECONDS, Stopwatch
from connectors._blobs import BlobStore
from connectors._edge import edge_on
from connectors._mailsettings import MailSettings
from connectors.mail import Mail
from normalizer.cluster import Cluster
from ops.topics import declare
from tests.servers.dovecot import PASSWORD, Dovecot

MAILS = 3000
QUIET_SECONDS = 10.0
SETTLED_SECONDS = 2.0
"""Between the last mail and the quiet that is measured: mailboxes go over to waiting."""


class Cost(msgspec.Struct, frozen=True):
    """CPU microseconds for each mail; of a second in which no mail comes, the share of a core; megabytes."""

    micros: float
    quiet: float
    megabytes: float


def by_mailboxes(brokers: str, numbers: Iterable[int], wanted: Wanted) -> Table:
    """A row for each number of mailboxes."""
    rows = []
    for number in numbers:
        found = []
        for turn in range(wanted.runs):
            cluster = Cluster(brokers=brokers, namespace=f"boxes{number}.{turn}.")
            declare(cluster, ["mail"])
            found.append(_filled(cluster, number, wanted.items(MAILS, number)))
            say(
                f"{number} mailboxes: {found[-1].micros:.0f} µs a mail, {found[-1].quiet:.1%} of a core while it is quiet"
            )
        cells = (
            figure([cost.micros for cost in found]),
            figure([cost.quiet for cost in found], 3),
            figure([cost.megabytes for cost in found]),
        )
        rows.append(Row(f"{number} mailboxes", cells))
    how = f"A mail connector that reads {wanted.items(MAILS):,} real mails of 1 to 50 KB from so many mailboxes, logins and all, and then waits for more."
    columns = (
        Column("CPU for each mail", "µs"),
        Column("of a core while no mail comes", "%"),
        Column("memory of the process", "MB"),
    )
    return Table(how, columns, tuple(rows))


def _filled(cluster: Cluster, number: int, mails: int) -> Cost:
    """The mails spread over the mailboxes of a new server, and read."""
    with closing(Dovecot(connections=2 * number + 20)) as server:
        server.start()
        boxes = [server.mailbox() for _ in range(number)]
        for place, mail in enumerate(raw_mails(mails)):
            boxes[place % number].deliver(mail.body)
        settings = [
            MailSettings(host=server.host, port=server.port, tls="none", user=box.user, password=PASSWORD)
            for box in boxes
        ]
        return elsewhere(partial(read, cluster, settings, mails))


def read(cluster: Cluster, settings: Sequence[MailSettings], mails: int) -> Cost:
    """Run a connector process on all accounts until every mail is stored, and a while longer."""
    with tempfile.TemporaryDirectory() as folder:
        blobs = BlobStore(f"file://{folder}")
        edge, publisher = edge_on(cluster, [Mail(each.user, each, blobs) for each in settings])
        watch = Stopwatch(f"{len(settings)} mailboxes", mails)
        watch.begin()
        edge.start()
        while (done := sum(each.received for each in edge.health())) < mails:
            watch.at(done)
            time.sleep(LOOK_SECONDS)
        run = watch.stop()
        time.sleep(SETTLED_SECONDS)
        cpu = time.process_time()
        time.sleep(QUIET_SECONDS)
        quiet = (time.process_time() - cpu) / QUIET_SECONDS
        memory = psutil.Process().memory_info().rss / MEGA
        edge.stop()
        publisher.close()
    return Cost(run.cpu_micros, quiet, memory)
