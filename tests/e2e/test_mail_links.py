"""What connections, logins and IDLE are known to do to a reader of mail, each on a real Dovecot."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from connectors._blobs import BlobStore
from connectors._imaperrors import Broken
from connectors._mailsettings import MailSettings
from connectors.mail import Mail
from normalizer.errors import Misconfigured, Retriable
from tests.servers.dovecot import PASSWORD, Mailbox, running
from tests.servers.mailpages import fill, keys, pages, saved, until_empty
from tests.servers.mailsource import mail
from tests.servers.proxy import link

pytestmark = pytest.mark.engine

Make = Callable[..., Mail]


def test_connection_lost_in_the_middle_of_a_fetch(box: Mailbox, make: Make) -> None:
    """The next connection goes on from the page that was saved; nothing is missing."""
    names = fill(box, 40)
    with link(box.server.port) as broken:
        mailbox = make(port=broken.port, page_size=10)
        with pages(mailbox) as coming:
            first = next(coming)
            broken.cut_after(700)
            with pytest.raises(Broken, match=f"mail account main \\(user {box.user}"):
                list(coming)
        assert keys([first, *until_empty(mailbox, saved(first.position))]) == names


def test_idle_wakes_up(box: Mailbox, make: Make) -> None:
    """New mail is there long before the next poll."""
    fill(box, 1)
    mailbox = make(idle=True, poll_seconds=300)
    with pages(mailbox) as coming, box.client() as client:
        next(coming)
        threading.Timer(1.0, lambda: client.append("INBOX", mail("news@x"))).start()
        began = time.monotonic()
        assert keys([next(coming)]) == ["news@x"]
    assert time.monotonic() - began < 30


def test_idle_check_on_a_dead_connection_returns_at_once(box: Mailbox, make: Make) -> None:
    """imapclient gives [] for ever then; the connector finds out and asks for a new connection."""
    fill(box, 1)
    with link(box.server.port) as broken, pages(make(idle=True, poll_seconds=300, port=broken.port)) as coming:
        next(coming)
        threading.Timer(1.0, broken.cut).start()
        began = time.monotonic()
        with pytest.raises(Broken, match="waiting for news"):
            next(coming)
    assert time.monotonic() - began < 30


def test_idle_done_on_a_severed_link_does_not_hang(box: Mailbox, make: Make) -> None:
    """After `timeout_seconds` of silence the link is taken for dead."""
    fill(box, 1)
    with link(box.server.port) as broken:
        mailbox = make(idle=True, poll_seconds=1, port=broken.port, timeout_seconds=1.5)
        with pages(mailbox) as coming:
            next(coming)
            broken.go_silent()
            with pytest.raises(Broken, match=r"waiting for news failed \(.*timed out"):
                next(coming)


def test_a_server_without_idle_is_polled(tmp_path: Path) -> None:
    """The timer is the truth; IDLE only wakes up sooner."""
    with running(extra="imap_capability = IMAP4rev1 LITERAL+\n") as server:
        box = server.mailbox()
        fill(box, 1)
        settings = MailSettings(
            host=server.host, port=server.port, tls="none", user=box.user, password=PASSWORD, poll_seconds=0.5
        )
        with pages(Mail("main", settings, BlobStore(tmp_path.as_uri()))) as coming, box.client() as client:
            assert keys([next(coming)]) == ["1@x"]
            assert not client.has_capability("IDLE")
            client.append("INBOX", mail("2@x"))
            assert keys([next(coming)]) == ["2@x"]


@pytest.mark.parametrize("wrong", [{"password": "hunter2-wrong"}, {"password": "", "token": "hunter2-wrong"}])
def test_authentication_failure_names_the_account_and_no_secret(make: Make, wrong: dict[str, str]) -> None:
    """It is a person's task, and the log is no place for passwords."""
    mailbox = make(**wrong)
    with pytest.raises(Misconfigured) as failed:
        next(mailbox.receive("INBOX", None, threading.Event()))
    said = str(failed.value)
    assert f"mail account main (user {mailbox.settings.user}" in said
    assert "refused the credential" in said
    assert "hunter2" not in said + repr(failed.value.__cause__)


def test_too_many_connections_asks_for_a_pause(tmp_path: Path) -> None:
    """It is not a wrong password, and coming back at once would make it worse."""
    with running(connections=1) as server:
        box = server.mailbox()
        settings = MailSettings(host=server.host, port=server.port, tls="none", user=box.user, password=PASSWORD)
        with box.client(), pytest.raises(Retriable, match="asks for a pause") as failed:
            next(Mail("main", settings, BlobStore(tmp_path.as_uri())).receive("INBOX", None, threading.Event()))
        assert (failed.value.retry_after or 0) >= 60


def test_xoauth2_with_a_token_and_with_a_token_command(box: Mailbox, make: Make) -> None:
    """A command gives a fresh token for each connection."""
    expected = fill(box, 1)
    assert keys(until_empty(make(password="", token=f"good-{box.user}"))) == expected
    assert keys(until_empty(make(password="", token_command=("echo", f"good-{box.user}")))) == expected


@pytest.mark.parametrize("tls", ["tls", "starttls"])
def test_tls_trusts_only_whom_it_should(box: Mailbox, make: Make, tls: str) -> None:
    """A certificate that nobody signed is refused by name; with `ca_file` it is the right one."""
    expected = fill(box, 1)
    server = box.server
    reach = {"host": "localhost", "tls": tls, "port": server.tls_port if tls == "tls" else server.port}
    assert keys(until_empty(make(**reach, ca_file=server.ca_file))) == expected
    with pages(make(**reach)) as coming, pytest.raises(Misconfigured, match="certificate is not trusted"):
        next(coming)
