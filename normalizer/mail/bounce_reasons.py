"""Why a mail was not delivered: from what the server said and its status code to a reason, and hard or soft.

Status codes: RFC 3463, the registry of RFC 5248, and what Exchange Online adds to them. A server's own words
come first, since most codes in the wild are general (5.0.0, 5.7.1) or wrong.
"""

from __future__ import annotations

import re

from normalizer.mail.refusals_of_addresses import OF_ADDRESSES
from normalizer.mail.refusals_of_mail import GENERAL, OF_MAIL

PARTICULAR = OF_ADDRESSES + OF_MAIL
LOOKED_AT = 4096  # characters of a diagnostic that are read: the reason stands in its first lines
HARD = frozenset({"user-unknown", "host-unknown", "moved", "no-mail"})

_STATUS = re.compile(r"(?<![\d.])[245]\.\d{1,3}\.\d{1,3}(?!\d|\.\d)")
_REPLY = re.compile(r"(?<![\d.:/\-])[45][0-5]\d(?=[ \-;:,'\"\]]|$)", re.MULTILINE)
# At which step of the SMTP dialogue the server refused, as Exim, Postfix, Sendmail, DMA and m-FILTER tell it.
_STAGE = re.compile(
    r"(?:after|in reply to|like our|following|smtp command)[\s:]{1,9}(?:pipelined |sending |the )?"
    r"(mail from|initial connection|helo|ehlo|rcpt to|end of data|data|final data|i sent the message)\b"
    r"|but (my name|sender) was rejected"
    r"|>>> ?(mail from|helo|ehlo|data):?[^\n]{0,300}\n<<< ?5(?!03)",
    re.IGNORECASE,
)
_AT_STAGE = {
    "mail from": "sender-rejected",
    "initial connection": "blocked",
    "helo": "blocked",
    "ehlo": "blocked",
    "my name": "blocked",
    "sender": "sender-rejected",
}
_AFTER_CONTENT = frozenset({"end of data", "final data", "data", "i sent the message"})
_CODES = re.compile(
    r"(?<![\d.])[45]\d\d[ -]+(?:#?[45]\.\d{1,3}\.\d{1,3}(?!\d|\.\d))?"
    r"|[(#]{0,2}(?<![\d.])[45]\.\d{1,3}\.\d{1,3}(?!\d|\.\d)\)?"
)
# NTT docomo answers so to what a subscriber's own filter refuses.
_DOCOMO = re.compile(
    r"unknown user \S{1,255}@(?=[\s\S]{0,4096}docomo\.ne\.jp)|docomo\.ne\.jp[\s\S]{0,400}unknown user ", re.IGNORECASE
)
# Cisco's gateways put these before whatever the remote server said.
_CISCO = re.compile(r"(?:unknown address error|other mail system problem)\s{1,3}(?=[45]\d\d)")
_LINK = re.compile(r"https?://([^/\s>]{1,255})[^\s>]*")
_ADDRESS = re.compile(r"[\"'<\[(]{0,2}[^\s<>\"'@:;,()\[\]]{1,255}@[^\s<>\"'@:;,()\[\]]{1,255}[\"'>\])]{0,2}")

# The second and third number of a code. The general ones are asked last: they say where, not why.
_PARTICULAR_CODES = """
user-unknown 1.1 1.3 1.9 1.351 · moved 1.6 7.17 · host-unknown 1.2 4.4 4.310 · no-mail 1.10 3.2 · filtered 1.4 1.5 2.4
mailbox-full 2.2 · suspended 2.1 7.13 · limit 2.3 · size 3.4 · system-full 3.1 · system-error 3.3 3.5 4.3
sender-rejected 1.7 1.8 7.2 7.27 7.124 7.129 7.133 7.134 7.136 7.193 7.750
expired 4.1 4.7 4.300 4.316 · network 4.2 4.5 4.312 4.317 · loop 4.6 4.14 · rate 1.90 2.121 2.122 5.3 7.28 7.705
syntax 5.1 5.2 5.5 · mailer-error 5.4 · content 6.1 6.2 6.3 6.5 6.6 6.7 6.9 · virus 7.7
security 5.6 7.3 7.5 7.8 · policy 7.9 · tls 7.10 7.30 · auth 7.20 7.21 7.22 7.23 7.24 7.26 7.29 7.509 · no-ptr 7.25
blocked 7.501 7.502 7.503 7.511 7.606 7.708
"""
_GENERAL_CODES = """
user-unknown 1.0 · filtered 2.0 · system-error 3.0 · network 4.0 · syntax 5.0 · content 6.0 · security 7.0 · policy 7.1
"""


def _codes(table: str) -> dict[str, str]:
    rows = (row.split() for line in table.strip().splitlines() for row in line.split(" · "))
    return {code: reason for reason, *codes in rows for code in codes}


_BY_PARTICULAR_CODE = _codes(_PARTICULAR_CODES)
_BY_GENERAL_CODE = _codes(_GENERAL_CODES)


REASONS = frozenset({"unknown", *(reason for reason, _ in PARTICULAR + GENERAL), *_BY_PARTICULAR_CODE.values()})
"""Every reason that `reason_of` can give: downstream relies on these words."""


def plain(text: str) -> str:
    """`text` as the phrases are written: lower case, single spaces, no codes, ``@`` for an address."""
    text = text[:LOOKED_AT].lower().replace("\u2019", "'").replace("`", "'")
    text = _CODES.sub(" ", _CISCO.sub("", _LINK.sub(r"\1", text)))
    return " ".join(_ADDRESS.sub(" @ ", text).split())


def status_of(text: str) -> str:
    """The most telling enhanced status code in `text` (RFC 3463), "" when there is none.

    The first that does not end in 0, since a reporting server's own general code often stands before the remote one's.
    """
    found: list[str] = _STATUS.findall(text[:LOOKED_AT])
    particular = [code for code in found if not code.endswith(".0")]
    less = [code for code in found if not code.endswith(".0.0")]
    return next(iter(particular or less or found), "")


def reply_of(text: str) -> str:
    """The last SMTP reply code of a failure in `text` (RFC 5321), "" when there is none."""
    found = _REPLY.findall(text[:LOOKED_AT])
    return found[-1] if found else ""


def _phrase(text: str, table: tuple[tuple[str, tuple[str, ...]], ...]) -> str:
    return next((reason for reason, phrases in table if any(phrase in text for phrase in phrases)), "")


def reason_of(diagnostic: str, status: str = "", notice: str = "") -> str:
    """Why the server refused, as a slug; ``unknown`` when neither words nor code say it.

    `notice` is what the report says beside the diagnostic, and is asked where the diagnostic tells nothing particular.
    A server that refuses before it was told the recipient speaks of the sender; one that calls a user unknown
    only after it has seen the content was filtering, and the address may well exist.
    """
    reason = _reason(diagnostic, status, notice)
    said = (diagnostic + "\n" + notice)[:LOOKED_AT]
    stages = _STAGE.findall(said)
    stage = "".join(stages[-1]).lower() if stages else ""
    if reason == "user-unknown" and (status.endswith(".2.0") or _DOCOMO.search(said)):
        return "filtered"  # X.2.0: "the mailbox exists, but something about it" (RFC 3463, 3.3)
    if reason in HARD or reason == "unknown":
        after_content = stage in _AFTER_CONTENT and reason in ("user-unknown", "unknown") and status[2:4] != "1."
        return _AT_STAGE.get(stage) or ("filtered" if after_content else reason)
    return "blocked" if stage == "initial connection" and reason == "sender-rejected" else reason


def _reason(diagnostic: str, status: str, notice: str) -> str:
    text = plain(diagnostic)
    return (
        _phrase(text, PARTICULAR)
        or _by_code(status)
        or _phrase(plain(notice), PARTICULAR)
        or _phrase(text, GENERAL)
        or _BY_GENERAL_CODE.get(status[2:])
        or "unknown"
    )


def _by_code(status: str) -> str:
    """What a code alone says. One of class 4 never says that an address is gone for good."""
    reason = _BY_PARTICULAR_CODE.get(status[2:], "")
    return "" if status.startswith("4") and reason in HARD else reason


def is_telling(text: str) -> bool:
    """Whether `text` holds a reply or status code or words that name a reason."""
    return bool(reply_of(text) or status_of(text) or _phrase(plain(text), PARTICULAR))


def is_hard(reason: str) -> bool:
    """Whether mail to this address will never be deliverable, whatever its content, sender or time."""
    return reason in HARD
