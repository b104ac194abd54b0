"""Mail sent to many: through a mailing list or in bulk, calendar mail, and what upstream filters call spam.

Three of four mails of a technical mailbox carry ``Precedence: bulk`` or ``list``, and people wrote them. So this
names what a mail is; it says nothing of whether it matters.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from normalizer.mail.parsed import Mail
from normalizer.mail.vocabulary import words

_LIST = words("""
list-id list-post mailing-list x-mailing-list x-beenthere x-mailman-version x-google-group-id x-listname
x-list-id list-unsubscribe list-help
""")
_BULK = words("""
feedback-id x-campaign x-campaignid x-campaign-id x-mailgun-campaign-id x-mc-user x-csa-complaints x-bulk
x-bulkmail x-mailer-recptid
""")
_METHOD = re.compile(rb"^METHOD[:;]\s?[A-Z]", re.IGNORECASE | re.MULTILINE)
_SCORES = re.compile(r"\bSCL:\s{0,3}(-?\d{1,2})", re.IGNORECASE)
_SCL_SPAM = 5  # Exchange Online: 5 and 6 are spam, 9 is surely spam
_YES = frozenset({"yes", "true", "spam", "1", "fail", "reject", "add header", "rewrite subject", "high", "spammy"})
_FLAGS = words("""
x-spam-flag x-spam x-spam-status x-barracuda-spam-flag x-barracuda-spam-status x-rspamd-action x-dspam-result
x-bogosity x-ses-spam-verdict x-mailgun-sflag x-crm114-status x-proofpoint-spam x-klms-antispam-status
x-spam-verdict x-mimecast-spam-flag x-spambayes-classification x-is-spam x-spam-result x-amavis-spam
""")
_FLAG_END = re.compile(r"[,;(]|\s(?=score|tests)")
_SCL = ("x-forefront-antispam-report", "x-microsoft-antispam")


def sent_to_many(heads: Mapping[str, str]) -> str:
    """Which header shows that a mail went to a list or in bulk (RFC 2919, RFC 2369), "" when none does."""
    for name in _LIST:
        if name in heads:
            return name.title()
    precedence = heads.get("precedence", "").strip().lower()
    if precedence in ("bulk", "list", "junk"):
        return f"Precedence: {precedence}"
    return next((name.title() for name in _BULK if name in heads), "")


def calendar(mail: Mail) -> str:
    """What shows that `mail` is an invitation or its answer (RFC 5546, RFC 6047), "" when nothing does."""
    for part in mail.parts:
        if (
            part.content_type == "text/calendar"
            and part.disposition != "attachment"
            and _METHOD.search(part.content[:4096])
        ):
            return "a text/calendar part with a method"
    return ""


def spam(heads: Mapping[str, str]) -> bool:
    """Whether a filter that the mail came through called it spam."""
    for name in _FLAGS:
        if name in heads and _FLAG_END.split(heads[name].strip().lower(), maxsplit=1)[0].strip() in _YES:
            return True
    levels = [level for name in _SCL for level in _SCORES.findall(heads.get(name, ""))]
    levels.append(heads.get("x-ms-exchange-organization-scl", "").strip()[:3])
    return any(level.isdecimal() and int(level) >= _SCL_SPAM for level in levels)
