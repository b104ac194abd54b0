"""Signed posts: HMAC over the raw body, in constant time, inside a replay window, with two secrets at a time.

`matches` and `fresh` fit every vendor's scheme; `verify` is the one of Standard Webhooks 1.0
(https://www.standardwebhooks.com): ``webhook-id``, ``webhook-timestamp`` and ``webhook-signature``, which is
``v1,`` and the base64 of HMAC-SHA256 over ``id.timestamp.body``; several are separated by spaces.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Iterable, Mapping, Sequence

from connectors._guard import Problem
from normalizer.errors import Misconfigured

WINDOW = 300.0
"""Seconds that a signed post may be old, or early by a wrong clock."""

_SECRETS = 2  # the one in use and, while it is rotated, the one before
_SHORTEST = 16  # bytes; a shorter secret can be guessed from one signed body
_MOST_SIGNATURES = 8


def keys(secrets: Sequence[str], where: str) -> tuple[bytes, ...]:
    """The keys of some secrets: ``whsec_`` and base64, or any text. `where` names the setting in errors.

    Raises `Misconfigured` for more than two secrets and for one that is broken or short; no message holds a secret.
    """
    if len(secrets) > _SECRETS:
        raise Misconfigured(f"{where} has {len(secrets)} secrets: keep the new one and the one before it")
    return tuple(_key(secret, f"{where}[{index}]") for index, secret in enumerate(secrets))


def _key(secret: str, where: str) -> bytes:
    key = secret.encode()
    if secret.startswith("whsec_"):
        try:
            key = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
        except binascii.Error:
            raise Misconfigured(f"{where} starts with whsec_ and is not base64: copy it whole") from None
    if len(key) < _SHORTEST:
        raise Misconfigured(f"{where} has {len(key)} bytes: use at least {_SHORTEST} random ones")
    return key


def matches(keys: Sequence[bytes], signed: bytes, given: Iterable[bytes], algorithm: str = "sha256") -> bool:
    """Whether any of the `given` digests is the HMAC of `signed` under any of the keys. Takes the same time for all."""
    expected = [hmac.digest(key, signed, algorithm) for key in keys]
    found = False
    for digest in given:
        for right in expected:
            found |= hmac.compare_digest(digest, right)
    return found


def fresh(timestamp: str, now: float, window: float = WINDOW) -> bool:
    """Whether a Unix time in seconds is within `window` of `now`. Only plain digits are a time."""
    return timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 12 and abs(now - int(timestamp)) <= window


def verify(keys: Sequence[bytes], headers: Mapping[str, str], body: bytes, now: float) -> str:
    """The ``webhook-id`` of a genuine post.

    `body` is raw, as it came; `now` is Unix time in seconds. Raises `Problem` 401 for one that is not genuine
    or too old; the sender must sign it again, with the time of sending.
    """
    delivery, timestamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    signatures = headers.get("webhook-signature", "")
    if not (delivery and timestamp and signatures):
        raise Problem(
            401, "unsigned", "this door takes signed posts: send webhook-id, webhook-timestamp and webhook-signature"
        )
    if not fresh(timestamp, now):
        raise Problem(
            401,
            "stale-signature",
            f"webhook-timestamp is not within {WINDOW:g} seconds of now: sign when sending, and check the clock",
        )
    signed = b".".join([delivery.encode("utf-8", "surrogateescape"), timestamp.encode(), body])
    if not matches(keys, signed, _digests(signatures)):
        raise Problem(
            401,
            "bad-signature",
            "no signature fits the body: sign the raw body with the current secret; "
            "the key of one that starts with whsec_ is what the rest decodes to from base64",
        )
    return delivery


def _digests(signatures: str) -> Iterable[bytes]:
    for each in signatures.split(" ")[:_MOST_SIGNATURES]:
        version, _, encoded = each.partition(",")
        if version != "v1" or not encoded.isascii():
            continue
        try:
            digest = base64.b64decode(encoded, validate=True)
        except binascii.Error:
            continue
        if len(digest) == hashlib.sha256().digest_size:
            yield digest
