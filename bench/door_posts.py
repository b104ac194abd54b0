"""Posts as the vendors send them: signed, each with an id of its own."""

from __future__ import annotations

import base64
import hmac
import time
from collections.abc import Callable
from itertools import count
from typing import Any
from urllib.parse import urlencode

import msgspec
from twilio.request_validator import RequestValidator  # type: ignore[import-untyped]  # it ships no types

from bench.http_load import post

_numbers = count(1)
_SECRET = "0123456789abcdef0123456789abcdef"  # noqa: S105 - of servers that live for seconds
_ACCOUNT, _PUBLIC = f"AC{'0' * 32}", "https://hooks.example.com"
_TEXT = "My parcel has not arrived, and the page says that it has. Could you please look? " * 6


class Door(msgspec.Struct, frozen=True):
    """A channel with settings for an account ``bench``, and what makes the bytes of its next post."""

    what: str
    channel: str
    settings: dict[str, Any]
    post: Callable[[], bytes]


def _webform() -> bytes:
    body = {"email": "ann@example.org", "message": _TEXT, "submission_id": f"bench-{next(_numbers)}"}
    return post("/webform/bench", msgspec.json.encode(body))


def _sms() -> bytes:
    told = {
        "MessageSid": f"SM{next(_numbers):032x}",
        "AccountSid": _ACCOUNT,
        "From": "+4930123456",
        "To": "+4930654321",
        "Body": _TEXT[:160],
        "NumMedia": "0",
        "NumSegments": "1",
    }
    url = f"{_PUBLIC}/sms/bench"
    signature = RequestValidator(_SECRET).compute_signature(url, told)
    kind = "application/x-www-form-urlencoded"
    return post("/sms/bench", urlencode(told).encode(), {"X-Twilio-Signature": signature}, kind)


def _slack() -> bytes:
    ts = f"1767323045.{next(_numbers):06d}"
    event = {
        "type": "message",
        "channel": "C1",
        "user": "U1",
        "team": "T1",
        "ts": ts,
        "text": _TEXT,
        "channel_type": "channel",
    }
    told = {"type": "event_callback", "team_id": "T1", "api_app_id": "A1", "event_id": f"Ev{ts}", "event": event}
    body, now = msgspec.json.encode(told), str(int(time.time()))
    signature = hmac.new(_SECRET.encode(), f"v0:{now}:".encode() + body, "sha256").hexdigest()
    return post("/slack/bench", body, {"X-Slack-Request-Timestamp": now, "X-Slack-Signature": f"v0={signature}"})


def _whatsapp() -> bytes:
    said = {
        "from": "4930123456",
        "id": f"wamid.{next(_numbers)}",
        "timestamp": "1767323045",
        "type": "text",
        "text": {"body": _TEXT},
    }
    value = {"messaging_product": "whatsapp", "metadata": {"phone_number_id": "1"}, "messages": [said]}
    told = {
        "object": "whatsapp_business_account",
        "entry": [{"id": "2", "changes": [{"field": "messages", "value": value}]}],
    }
    body = msgspec.json.encode(told)
    signature = hmac.new(_SECRET.encode(), body, "sha256").hexdigest()
    return post("/whatsapp/bench", body, {"X-Hub-Signature-256": f"sha256={signature}"})


def _webhook() -> bytes:
    number = f"msg_{next(_numbers)}"
    told = {
        "specversion": "1.0",
        "type": "said",
        "source": "bench",
        "id": number,
        "data": {"text": _TEXT, "email": "ann@example.org"},
    }
    body, now = msgspec.json.encode(told), str(int(time.time()))
    digest = hmac.digest(_SECRET.encode(), b".".join([number.encode(), now.encode(), body]), "sha256")
    marks = {
        "webhook-id": number,
        "webhook-timestamp": now,
        "webhook-signature": f"v1,{base64.b64encode(digest).decode()}",
    }
    return post("/webhook/bench", body, marks, "application/cloudevents+json")


_TWILIO = {"account_sid": _ACCOUNT, "auth_tokens": [_SECRET], "public_url": _PUBLIC}
_META = {"app_secrets": [_SECRET], "verify_token": "bench"}
DOORS = (
    Door("web form, JSON, unsigned", "webform", {"posts_per_minute": 10_000_000}, _webform),
    Door("SMS (Twilio)", "sms", _TWILIO, _sms),
    Door("Slack, Events API", "slack", {"signing_secrets": [_SECRET]}, _slack),
    Door("WhatsApp (Cloud API)", "whatsapp", _META, _whatsapp),
    Door("generic webhook, CloudEvents", "webhook", {"secrets": [_SECRET]}, _webhook),
)
