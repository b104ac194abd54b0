"""A kiosk appends lines to a file, and an old mail system delivers into a maildir."""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
from collections.abc import Iterator
from email.message import EmailMessage
from email.utils import formatdate
from mailbox import Maildir
from pathlib import Path
from uuid import uuid4

import msgspec

from normalizer.cluster import Cluster
from ops.demo.scene import Accounts, Scene

PAUSE_SECONDS = 0.5


class Folders:
    """Two folders below `root`."""

    def __init__(self, root: Path) -> None:
        self._kiosk = root / "kiosk"
        self._kiosk.mkdir()
        self._maildir = Maildir(root / "maildir")
        quick = {"poll_seconds": 0.5, "quiet_seconds": 0.5}
        self.accounts: Accounts = {
            "filedrop": {
                "kiosk": {"folder": str(self._kiosk), "format": "jsonl", **quick},
                "archive": {"folder": str(root / "maildir"), "format": "maildir", **quick},
            }
        }

    async def play(self, door: str, cluster: Cluster) -> None:
        """A visitor, a mail, a visitor, and a line that nobody can read."""
        del door, cluster
        run = uuid4().hex[:8]
        self._line(
            {"id": f"{run}1", "name": "Visitor", "email": "tove@fjord.example", "text": "Lovely shop, thank you!"}
        )
        await asyncio.sleep(PAUSE_SECONDS)
        await asyncio.to_thread(self._maildir.add, _mail(run))
        await asyncio.sleep(PAUSE_SECONDS)
        self._line(
            {"id": f"{run}2", "name": "Visitor", "phone": "+47 22 12 34 56", "text": "The lift is stuck, call me."}
        )
        self._append(b"{ the kiosk was switched off here\n")

    def _line(self, said: dict[str, str]) -> None:
        self._append(msgspec.json.encode(said) + b"\n")

    def _append(self, line: bytes) -> None:
        with (self._kiosk / "visitors.jsonl").open("ab") as file:
            file.write(line)


def _mail(run: str) -> EmailMessage:
    mail = EmailMessage()
    mail["From"] = "Ines Costa <ines@quarry.example>"
    mail["To"] = "support@demo.example"
    mail["Subject"] = "Invoice 2207 is wrong"
    mail["Date"] = formatdate()
    mail["Message-ID"] = f"<{run}@quarry.example>"
    mail.set_content("You billed us twice for November.\n")
    return mail


@contextlib.contextmanager
def scene() -> Iterator[Scene]:
    """The folders end with the context."""
    with tempfile.TemporaryDirectory(prefix="switchboard-demo-") as root:
        yield Folders(Path(root))
