"""Genuine webhooks of Twilio: ``X-Twilio-Signature`` over the public address and the parameters.

https://www.twilio.com/docs/usage/security: the base64 of HMAC-SHA1 under the auth token over the whole URL and then, for a
form, each name and value in the order of the names. A JSON body is covered by ``bodySHA256`` in the query. Webhooks that
are signed with a shared key say so in ``X-Twilio-Webhooks-Signature-Settings`` and use SHA-256.

The client package's `RequestValidator` takes hosts of IPv6 apart, raises on a bad port and for bodies without a hash, and its
comparison ends early; so this is our own, checked against its published vectors.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from urllib.parse import SplitResult, parse_qs, parse_qsl, urlsplit

from connectors._signature import matches

FORM = "application/x-www-form-urlencoded"
_ALGORITHMS = {"HMAC_SHA1": "sha1", "HMAC_SHA256": "sha256"}
_PORTS = {"https": 443, "http": 80}
_MOST_FIELDS = 1000


def public_address(public_url: str, path: str, query: str) -> str:
    """The address that Twilio called: ours to the world, with the path and query as they came, still encoded."""
    return public_url.rstrip("/") + path + (f"?{query}" if query else "")


def genuine(keys: Sequence[bytes], url: str, headers: Mapping[str, str], body: bytes) -> bool:
    """Whether Twilio signed this request with one of `keys`.

    `url` is the exact public address, `headers` have lower-case names (or ignore case), `body` is raw. Never raises;
    there is no time in the signature, so that a replay is genuine too and is known by its Sid.
    """
    algorithm = _algorithm(headers.get("x-twilio-webhooks-signature-settings", ""))
    try:
        given = base64.b64decode(headers.get("x-twilio-signature", ""), validate=True)
        parameters, covered = _parameters(url, headers.get("content-type", ""), body)
        addresses = _addresses(url)
    except (binascii.Error, ValueError):
        return False
    if not given or not algorithm:
        return False
    found = False
    for address in addresses:
        signed = (address + parameters).encode("utf-8", "surrogateescape")
        found |= matches(keys, signed, [given], algorithm)
    return found and covered


def _algorithm(settings: str) -> str:
    """The name for `hmac`, "" for one that we do not know. Without a header it is that of the auth token."""
    for part in settings.split(","):
        name, _, value = part.partition("=")
        if name.strip() == "algorithm" and value.strip():
            return _ALGORITHMS.get(value.strip().upper(), "")
    return "sha1"


def _parameters(url: str, content_type: str, body: bytes) -> tuple[str, bool]:
    """What is signed after the address, and whether the signature covers the body."""
    if not body:
        return "", True
    if content_type.partition(";")[0].strip().lower() == FORM:
        text = body.decode("ascii", "surrogateescape")
        fields = parse_qsl(text, keep_blank_values=True, errors="surrogateescape", max_num_fields=_MOST_FIELDS)
        return "".join(name + value for name, value in sorted(set(fields))), True
    told = parse_qs(urlsplit(url).query, max_num_fields=_MOST_FIELDS).get("bodySHA256", [""])[0]
    digest = hashlib.sha256(body).hexdigest()
    return "", hmac.compare_digest(digest.encode(), told.lower().encode("utf-8", "surrogateescape"))


def _addresses(url: str) -> tuple[str, ...]:
    """The address as it is, without a port and with the usual one: Twilio is not consistent in which it signs."""
    parts = urlsplit(url)
    bare = _without_port(parts)
    port = parts.port or _PORTS.get(parts.scheme, 443)
    variants = (url, _at(parts, url, bare), _at(parts, url, f"{bare}:{port}"))
    return tuple(dict.fromkeys(variants))


def _without_port(parts: SplitResult) -> str:
    host, colon, port = parts.netloc.rpartition(":")
    return host if colon and (not port or port.isdigit()) else parts.netloc


def _at(parts: SplitResult, url: str, netloc: str) -> str:
    """`url` at another host and port, its other characters untouched."""
    return url.replace(f"{parts.scheme}://{parts.netloc}", f"{parts.scheme}://{netloc}", 1)
