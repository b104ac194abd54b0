"""Real mails of the open corpora as raw events, as many as are asked for."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from email.parser import BytesHeaderParser
from itertools import count, islice
from pathlib import Path

from connectors._mailkey import thread_root
from normalizer.errors import Misconfigured
from normalizer.events import RawEvent

CORPORA = Path(os.environ.get("SWITCHBOARD_CORPORA", Path(__file__).parents[2] / "shared" / "corpora"))
SMALLEST, LARGEST = 1_000, 50_000  # bytes


def raw_mails(number: int, corpora: Path = CORPORA) -> Iterator[RawEvent]:
    """`number` raw mails of the SpamAssassin set, 1 to 50 KB each, that give `number` different messages.

    When the set is at its end it begins again for another account, where the same ids are other mails and the
    threads hold together. Raises `Misconfigured` when the set is not there.
    """
    one_set = list(_distinct(corpora / "spamassassin"))
    if not one_set:
        raise Misconfigured(f"there are no mails in {corpora / 'spamassassin'}: set SWITCHBOARD_CORPORA to the corpora")
    return islice((_raw(f"account-{copy}", i, mail) for copy in count() for i, mail in enumerate(one_set)), number)


def _distinct(folder: Path) -> Iterator[bytes]:
    """The mails of a folder, each Message-ID once; ham and spam take turns."""
    seen = set()
    for path in sorted(folder.glob("*/*.txt"), key=lambda path: (path.name, path.parent.name)):
        mail = path.read_bytes()
        name = BytesHeaderParser().parsebytes(mail).get("Message-ID")
        if name and name not in seen and SMALLEST <= len(mail) <= LARGEST:
            seen.add(name)
            yield mail


def _raw(account: str, uid: int, mail: bytes) -> RawEvent:
    return RawEvent(
        channel="mail",
        account=account,
        source_id=f"INBOX/1/{uid}",
        body=mail,
        content_type="message/rfc822",
        received_at=datetime.now(UTC),
        key=thread_root(mail),
    )
