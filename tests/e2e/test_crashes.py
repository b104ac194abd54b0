"""`kill -9` of every kind of process while mail flows: nothing is lost, and nothing is in the store twice."""

from __future__ import annotations

import random
import sqlite3
from pathlib import Path

import pytest

from normalizer.cluster import Cluster
from tests.servers.dovecot import PASSWORD, Dovecot
from tests.servers.switchboard import STAGES, Switchboard

pytestmark = [pytest.mark.engine, pytest.mark.timeout(600)]

MAILS = 5000
SEED = 20260301


def mails() -> list[bytes]:
    """Mails of some hundred customers; half of them answer an earlier mail of the same customer."""
    chance = random.Random(SEED)
    last: dict[int, int] = {}
    found = []
    for number in range(MAILS):
        customer = chance.randrange(300)
        parent = f"References: <{last[customer]}@crash.example>\r\n" if customer in last and number % 2 else ""
        found.append(
            f"From: c{customer}@crash.example\r\nTo: support@us.example\r\nSubject: Number {number}\r\n"
            f"Message-ID: <{number}@crash.example>\r\n{parent}\r\nThis is mail number {number}.\r\n".encode()
        )
        last[customer] = number
    return found


def test_no_mail_is_lost_or_doubled_when_every_process_is_killed(
    tmp_path: Path, cluster: Cluster, dovecot: Dovecot
) -> None:
    """5,000 mails, six processes, each killed twice: the ledger adds up and each mail is in the store once."""
    mailbox = dovecot.mailbox()
    mailbox.deliver(*mails())
    channels = (
        f'[channels.mail.support]\nhost = "{dovecot.host}"\nport = {dovecot.port}\ntls = "none"\n'
        f'user = "{mailbox.user}"\npassword = "{PASSWORD}"\npoll_seconds = 1\n'
    )
    with Switchboard(tmp_path, cluster, channels) as board:
        board.start_each("mail")
        victims = [*STAGES, "mail"] * 2
        random.Random(SEED).shuffle(victims)
        for number, victim in enumerate(victims, 1):
            goal = number * MAILS // (len(victims) + 4)
            board.wait(lambda goal=goal: stored(board.store) >= goal, 300)  # type: ignore[misc]  # bound at once
            board.kill(victim)
        board.wait(lambda: stored(board.store) >= MAILS, 300)

        def settled() -> bool:
            ledger = board.json("ledger", check=False)
            return not any(account["in_flight"] for account in ledger)

        board.wait(settled, 120)
        [account] = board.json("ledger")
        fates = account["routed"] + account["duplicate"]
        assert account["accepted"] == fates >= MAILS
        assert account["routed"] == MAILS
    connection = sqlite3.connect(board.store)
    subjects = [subject for (subject,) in connection.execute("SELECT subject FROM messages")]
    connection.close()
    assert sorted(f"Number {number}" for number in range(MAILS)) == sorted(subjects)


def stored(store: Path) -> int:
    """How many messages are in the store now."""
    if not store.exists():
        return 0
    connection = sqlite3.connect(f"file:{store}?mode=ro", uri=True)
    try:
        found: int = connection.execute("SELECT count(*) FROM messages").fetchone()[0]
    except sqlite3.OperationalError:  # its schema is being made
        return 0
    finally:
        connection.close()
    return found
