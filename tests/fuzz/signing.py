"""Signs any body in the way a good delivery of a channel is signed, so that garbage gets past the signature."""

from __future__ import annotations

import base64
import hashlib
import hmac
import time
from collections.abc import Sequence
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
import msgspec

from connectors.fakes._slack.outbox import Outbox
from normalizer import secret

Headers = dict[str, str]


def signed(good: httpx.Request, path: str, body: bytes, settings: msgspec.Struct) -> Headers:
    """The headers of `good` with a signature for this body, posted to `path`.

    A request with a token is as good for any body. Raises `NotImplementedError` for a scheme that is not known here: teach it.
    """
    headers = {name: value for name, value in good.headers.items() if name not in ("content-length", "host")}
    keys = tuple(each.encode() for each in secret.values(settings))
    if "x-hub-signature-256" in headers:
        digests = [hmac.new(key, body, "sha256").hexdigest() for key in keys if key != b"x"]
        return headers | {"x-hub-signature-256": f"sha256={digests[0]}"}
    if "x-slack-signature" in headers:
        made = Outbox(keys[0].decode(), 1, ()).signed(body, str(int(time.time())))
        return headers | {name.lower(): value for name, value in made.items()}
    if "x-twilio-signature" in headers:
        url = str(getattr(settings, "public_url", "")) + path
        return headers | {"x-twilio-signature": _twilio(keys[0], url, body, headers)}
    if "webhook-signature" in headers:
        return headers | _standard(keys[0], headers["webhook-id"], body)
    if "authorization" in headers or not keys:  # a token, or a door for everybody
        return headers
    raise NotImplementedError(f"nobody here knows how a post with {sorted(headers)} is signed: teach {__name__}")


def _standard(key: bytes, delivery: str, body: bytes) -> Headers:
    key = base64.b64decode(key.removeprefix(b"whsec_")) if key.startswith(b"whsec_") else key
    now = str(int(time.time()))
    digest = hmac.digest(key, b".".join([delivery.encode(), now.encode(), body]), "sha256")
    return {"webhook-timestamp": now, "webhook-signature": f"v1,{base64.b64encode(digest).decode()}"}


def _twilio(key: bytes, url: str, body: bytes, headers: Headers) -> str:
    """As https://www.twilio.com/docs/usage/security has it, for bodies that no client of Twilio's would make."""
    fields: Sequence[tuple[str, Any]] = ()
    if headers.get("content-type", "").startswith("application/x-www-form-urlencoded") and body:
        text = body.decode("ascii", "surrogateescape")
        fields = sorted(set(parse_qsl(text, keep_blank_values=True, errors="surrogateescape")))
    parts = "".join(name + value for name, value in fields)
    made = hmac.digest(key, (url + parts).encode("utf-8", "surrogateescape"), hashlib.sha1)
    return base64.b64encode(made).decode() if urlsplit(url).netloc else ""
