"""Who speaks in a mail, going by its headers: a mail system about a delivery, some other machine, or a person."""

from __future__ import annotations

import re
from collections.abc import Mapping

import msgspec

from normalizer.mail.sought import Sought
from normalizer.mail.vocabulary import FAILURE_SUBJECT, MAIL_SYSTEM

_DAEMON = Sought(re.compile(r"mailer[-_.]?daemon|mail[-_. ]?delivery[-_. ]?(?:sub)?system|mdaemon", re.IGNORECASE))
_POSTMASTER = Sought(re.compile(r"\bpost[-_]?mast[eo]r", re.IGNORECASE))
_MACHINE = Sought(
    re.compile(
        r"(?:no|not|donot|do-not)[-_.]?reply|\bnoreply|notification|system@|admin@|sysadmin|administrator|alert"
        r"|anti-?virus|scanner|\bfilter|listserv|mailman|robot|automat|[-_.]server|exchange@|gateway",
        re.IGNORECASE,
    )
)
_NULL = re.compile(r"^\s*(?:<\s*>|<?(?:mailer-daemon|postmaster)\b[^\s]{0,255})\s*$", re.IGNORECASE)
_ANSWER = re.compile(
    r"^\s*(?:re|fw|fwd|aw|wg|sv|vs|antw|tr|rv|res|enc|ynt|odp|回复|答复|转发|返信)\s?(?:\[\d{1,3}\])?\s?[:：]",
    re.IGNORECASE,
)


class Signs(msgspec.Struct, frozen=True):
    """What the headers of a mail say about who speaks in it."""

    daemon: bool  # the sender calls itself by a name that only mail systems bear
    postmaster: bool  # the sender calls itself so
    system: bool  # the sender calls itself one of those, or by another name that mail systems use
    machine: bool  # the sender calls itself some other machine, or calls itself nothing
    null_path: bool  # no one takes a bounce of this mail (RFC 5321, 4.5.5)
    automatic: bool  # Auto-Submitted (RFC 3834)
    failure: bool  # the subject is that of a delivery report
    answer: bool  # the subject is that of an answer or a forward
    failed: str  # X-Failed-Recipients (Exim, Gmail)


def read(heads: Mapping[str, str]) -> Signs:
    """The signs in `heads`, the headers of a mail by lower-case name."""
    sender = heads.get("from", "")
    subject = heads.get("subject", "")[:500]
    return Signs(
        daemon=_DAEMON.search(sender[:500]) is not None,
        postmaster=_POSTMASTER.search(sender[:500]) is not None,
        system=MAIL_SYSTEM.search(sender[:500]) is not None,
        machine=not sender.strip() or _MACHINE.search(sender[:500]) is not None,
        null_path=any(
            _NULL.match(heads.get(name, "")[:500]) is not None
            for name in ("return-path", "x-envelope-from", "envelope-from")
        ),
        automatic=heads.get("auto-submitted", "no").strip().lower() not in ("no", ""),
        failure=FAILURE_SUBJECT.search(subject) is not None,
        answer=_ANSWER.match(subject) is not None,
        failed=heads.get("x-failed-recipients", ""),
    )
