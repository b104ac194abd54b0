"""The mail of the demo: threads, a copy, a bounce, an absence, a list; each made new with this run's ids."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from email import message_from_string
from email.message import EmailMessage
from email.policy import default
from email.utils import format_datetime

SUPPORT = "support@switchboard.example"


def mails(run: str) -> Iterator[EmailMessage]:
    """The mails in their order. `run` makes their Message-IDs new, so that a second demo is not all duplicates."""

    def mail(name: str, sender: str, subject: str, text: str, *parents: str) -> EmailMessage:
        made = EmailMessage()
        made["From"], made["To"], made["Subject"] = sender, f"Support <{SUPPORT}>", subject
        made["Date"] = format_datetime(datetime.now(UTC))
        made["Message-ID"] = f"<{name}.{run}@mail.example>"
        if parents:
            made["In-Reply-To"] = f"<{parents[-1]}.{run}@mail.example>"
            made["References"] = " ".join(f"<{parent}.{run}@mail.example>" for parent in parents)
        made.set_content(text)
        return made

    ada, lin = "Ada Byron <ada@calculon.example>", "林 美玲 <meiling@lotus.example>"
    yield mail("down", ada, "Production is down", "Nobody here can log in since ten o'clock. Please help!\n\n-- \nAda")
    yield mail("bill", lin, "請求書について", "先月の請求書に誤りがあるようです。確認をお願いします。\n\n林")
    yield mail(
        "down2", ada, "Re: Production is down",
        "Some more detail: it began after the update.\n\nOn Mon, 3 Nov 2025 at 10:12, Support wrote:\n"
        "> Thank you, we are looking into it.\n> Which version do you run?\n", "down", "down.answer",
    )  # fmt: skip
    copy = mail(
        "quote", "Jo Marsh <jo@orchard.example>", "Price for 40 seats", "Could you send us a quote for 40 seats?"
    )
    yield copy
    yield copy  # delivered twice, as mail servers do after a lost connection
    yield _html(mail("html", "Zoë Lund <zoe@fjord.example>", "Rechnung 2231", ""))
    yield mail(
        "cc", "Charles B. <charles@calculon.example>", "Re: Production is down",
        "I am not on Ada's ticket; I only know its Message-ID.", "down",
    )  # fmt: skip
    yield _bounce(run)
    yield _absence(
        mail("away", "Sam Reed <sam@reed.example>", "Automatic reply: your order", "I am away until Monday.")
    )
    yield mail("bill2", lin, "Re: 請求書について", "追加で領収書もお願いします。", "bill")


def _html(mail: EmailMessage) -> EmailMessage:
    mail.set_content(
        "<p>Guten Tag,</p><p>die <b>Rechnung 2231</b> wurde doppelt abgebucht:</p>"
        "<table><tr><td>1. Nov.</td><td>49 €</td></tr><tr><td>2. Nov.</td><td>49 €</td></tr></table>"
        '<script>alert("never shown")</script>',
        subtype="html",
    )
    mail.add_attachment(b"%PDF-1.4 a statement", maintype="application", subtype="pdf", filename="Kontoauszug.pdf")
    return mail


def _absence(mail: EmailMessage) -> EmailMessage:
    mail["Auto-Submitted"] = "auto-replied"  # RFC 3834
    return mail


def _bounce(run: str) -> EmailMessage:
    """A delivery status notification as RFC 3464 has it."""
    report = f"""From: Mail Delivery System <mailer-daemon@orchard.example>
To: {SUPPORT}
Subject: Undelivered Mail Returned to Sender
Date: {format_datetime(datetime.now(UTC))}
Message-ID: <dsn.{run}@orchard.example>
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="dsn"

--dsn
Content-Type: text/plain; charset=us-ascii

Your message to gone@orchard.example could not be delivered: user unknown.

--dsn
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.orchard.example

Final-Recipient: rfc822; gone@orchard.example
Action: failed
Status: 5.1.1
Diagnostic-Code: smtp; 550 5.1.1 user unknown

--dsn
Content-Type: message/rfc822

From: {SUPPORT}
To: gone@orchard.example
Subject: Your order
Message-ID: <order.{run}@switchboard.example>

It is on its way.

--dsn--
"""
    return message_from_string(report, EmailMessage, policy=default)
