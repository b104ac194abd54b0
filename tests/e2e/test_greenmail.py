"""The local mail server is a real one: mail that goes in over SMTP comes out over IMAP."""

from __future__ import annotations

import contextlib
import smtplib
import threading
import uuid
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path

import pytest
from imapclient import IMAPClient  # type: ignore[import-untyped]  # it ships no types
from imapclient.exceptions import LoginError  # type: ignore[import-untyped]  # the same

from normalizer.errors import Misconfigured
from ops.engine.greenmail import GreenMail

pytestmark = pytest.mark.engine


@pytest.fixture
def address() -> str:
    """A mailbox of this test's own."""
    return f"{uuid.uuid4().hex}@example.org"


def send(server: GreenMail, to: str, subject: str) -> None:
    """Hand in a mail."""
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "anna@example.com", to, subject
    mail.set_content("Where is my parcel?")
    with smtplib.SMTP("127.0.0.1", server.smtp_port) as smtp:
        smtp.send_message(mail)


@contextlib.contextmanager
def inbox(server: GreenMail, address: str, password: str) -> Iterator[IMAPClient]:
    """The mailbox, logged in and selected."""
    with IMAPClient("127.0.0.1", server.imap_port, ssl=False) as client:
        client.login(address, password)
        client.select_folder("INBOX")
        yield client


def test_mail_goes_in_and_comes_out(greenmail: GreenMail, address: str) -> None:
    """Mail to a new address makes its mailbox; login and password are the address."""
    send(greenmail, address, "parcel")
    with inbox(greenmail, address, address) as client:
        (mail,) = client.fetch(client.search(), ["BODY.PEEK[]", "FLAGS"]).values()
    assert b"Subject: parcel" in mail[b"BODY[]"]
    assert b"\\Seen" not in mail[b"FLAGS"]


def test_new_mail_wakes_an_idle_client(greenmail: GreenMail, address: str) -> None:
    """IDLE (RFC 2177) tells of it."""
    send(greenmail, address, "first")
    with inbox(greenmail, address, address) as client:
        client.idle()
        threading.Timer(0.2, send, (greenmail, address, "second")).start()
        assert (2, b"EXISTS") in client.idle_check(30)
        client.idle_done()


def test_uids_are_never_used_again(greenmail: GreenMail, address: str) -> None:
    """A deleted mail leaves a gap, and UIDVALIDITY stays (RFC 3501 section 2.3.1.1)."""
    send(greenmail, address, "first")
    with inbox(greenmail, address, address) as client:
        before = client.folder_status("INBOX", ["UIDVALIDITY"])
        client.delete_messages(client.search())
        client.expunge()
        send(greenmail, address, "second")
        client.noop()
        assert client.search() == [2]
        assert before == client.folder_status("INBOX", ["UIDVALIDITY"])


def test_a_given_user_has_its_password(tmp_path: Path) -> None:
    """And no other; a second server on the same folder is refused, and stopping takes it down."""
    with GreenMail({"support@example.org": "secret"}, folder=tmp_path) as server:
        with inbox(server, "support@example.org", "secret") as client:
            assert client.search() == []
        with pytest.raises(LoginError), inbox(server, "support@example.org", "guess"):
            pass
        with pytest.raises(Misconfigured, match=r"runs already \(pid \d+\): use or stop that one"):
            GreenMail(folder=tmp_path).start()
    assert not server.running


def test_a_taken_port_is_told(greenmail: GreenMail, tmp_path: Path) -> None:
    """With the remedy."""
    with pytest.raises(Misconfigured, match=rf"Port {greenmail.smtp_port} .* taken by java .* give GreenMail another"):
        GreenMail(folder=tmp_path, smtp_port=greenmail.smtp_port).start()
