"""Feedback: abuse reports (ARF, RFC 5965), their older cousins, DMARC and TLS reports, and notices of Amazon SES."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

import msgspec

from normalizer.events import Bounce, Kind
from normalizer.mail import bounce_reasons
from normalizer.mail.parsed import Mail

MAX_JSON = 256 * 1024
_SNS = ("@sns.amazonaws.com>", "@sns.amazonaws.com")
MAX_RECIPIENTS = 100

_SUBJECT = re.compile(
    r"^\s*(?:complaint about message from \S|report domain: ?\S{1,255} submitter: ?\S)", re.IGNORECASE
)


class Report(msgspec.Struct, frozen=True):
    """What a feedback report or a provider's notice says. `original_message_id` is "" where it does not tell."""

    kind: Kind
    reason: str
    bounces: tuple[Bounce, ...] = ()
    original_message_id: str = ""


def read(mail: Mail, heads: Mapping[str, str]) -> Report | None:
    """The feedback in `mail`, None when it holds none."""
    report_type = mail.parameters.get("report-type", "").lower()
    if report_type in ("feedback-report", "tlsrpt"):
        return Report(kind="feedback", reason=f"multipart/report; report-type={report_type}")
    if any(part.content_type == "message/feedback-report" for part in mail.parts):
        return Report(kind="feedback", reason="a message/feedback-report part")
    if heads.get("x-apple-unsubscribe", "").lower() == "true":
        return Report(kind="feedback", reason="X-Apple-Unsubscribe")
    if mail.text[:200].lstrip().lower().startswith("this is an email abuse report"):
        return Report(kind="feedback", reason="text of an abuse report")
    if _SUBJECT.match(heads.get("subject", "")[:500]):
        return Report(kind="feedback", reason="subject of a complaint or DMARC report")
    text = mail.text[:MAX_JSON].lstrip() if heads.get("from", "").endswith(_SNS) else ""
    return _notification(_json(text)) if text.startswith("{") else None


def _json(text: str) -> dict[str, object]:
    """The object at the head of `text`: mail puts line breaks into its strings, and SNS a footer after it."""
    try:
        found, _ = json.JSONDecoder(strict=False).raw_decode(text)
    except (ValueError, RecursionError):
        return {}
    inner = _object(found).get("Message")
    return _json(inner) if isinstance(inner, str) else _object(found)


def _notification(found: dict[str, object]) -> Report | None:
    """Amazon SES through SNS (docs.aws.amazon.com/ses, "Amazon SNS notification contents")."""
    kind = found.get("notificationType") or found.get("eventType")
    about = _object(found.get("mail"))
    if kind == "Complaint":
        return Report(kind="feedback", reason="Amazon SES complaint", original_message_id=_message_id(about))
    if kind == "Delivery":
        return Report(kind="receipt", reason="Amazon SES delivery notice", original_message_id=_message_id(about))
    if kind != "Bounce":
        return None
    bounce = _object(found.get("bounce"))
    transient = bounce.get("bounceType") == "Transient"
    recipients = bounce.get("bouncedRecipients")
    entries = recipients[:MAX_RECIPIENTS] if isinstance(recipients, list) else []
    bounces = tuple(_bounce(_object(entry), transient=transient) for entry in entries)
    return Report(
        kind="bounce", reason="Amazon SES bounce notice", bounces=bounces, original_message_id=_message_id(about)
    )


def _bounce(entry: dict[str, object], *, transient: bool) -> Bounce:
    diagnostic = str(entry.get("diagnosticCode", "")).partition(";")[2].strip()
    status = str(entry.get("status", ""))[:11]
    reason = bounce_reasons.reason_of(diagnostic, status)
    return Bounce(
        address=str(entry.get("emailAddress", ""))[:320],
        hard=not transient and bounce_reasons.is_hard(reason),
        status=status,
        reason=reason,
        diagnostic=diagnostic[:500],
    )


def _object(value: object) -> dict[str, object]:
    return value if isinstance(value, dict) else {}


def _message_id(about: dict[str, object]) -> str:
    headers = about.get("commonHeaders")
    return str(_object(headers).get("messageId", "")).strip("<> ")[:998]
