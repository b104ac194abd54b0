"""Who may post: a signature over the raw body, as the vendor makes it, or a token. All comparisons take constant time."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from typing import Literal

import msgspec

from connectors._guard import Problem
from connectors._signature import WINDOW, fresh, keys, matches, verify
from normalizer.errors import Misconfigured

_MOST = 2  # the one in use and, while it is rotated, the one before
_SHORTEST_TOKEN = 16  # bytes
_SHORTEST_SECRET = 8  # bytes; it is the vendor's own, not ours to choose
_PLACES = re.compile(r"(\{body\}|\{timestamp\})")


class Signature(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a vendor signs: an HMAC of `signed`, written in the header `header` as `prefix` and `encoding`.

    In `signed`, ``{body}`` is the raw body and ``{timestamp}`` the text of the header `timestamp`, a Unix time in seconds; a
    post that is more than five minutes old is refused then. Without `timestamp` a recorded post can be sent again:
    it has the same ids, and is a duplicate.
    """

    header: str
    prefix: str = ""
    encoding: Literal["hex", "base64"] = "hex"
    algorithm: Literal["sha256", "sha1", "sha512"] = "sha256"
    timestamp: str = ""
    signed: str = "{body}"


class Gate:
    """The check of one account. Raises `Misconfigured`, which names the setting below `where` and never a secret."""

    def __init__(
        self, secrets: Sequence[str], signature: Signature | None, tokens: Sequence[str], token_header: str, where: str
    ) -> None:
        if bool(secrets) == bool(tokens):
            raise Misconfigured(
                f"{where} has {'both secrets and tokens' if secrets else 'neither secrets nor tokens'}: "
                "set `secrets` when posts are signed, or else `tokens`"
            )
        if signature and tokens:
            raise Misconfigured(
                f"{where} has a signature and tokens: set `secrets` to what signs, or leave `signature` out"
            )
        self._signature = signature
        self._token_header = token_header
        self._tokens = _chosen(tokens, _SHORTEST_TOKEN, f"{where}.tokens")
        if signature is None:
            self._keys = keys(secrets, f"{where}.secrets")
        else:
            self._keys = _chosen(secrets, _SHORTEST_SECRET, f"{where}.secrets")
            _check(signature, f"{where}.signature")

    def admit(self, headers: Mapping[str, str], body: bytes, now: float) -> str:
        """The sender's own name of a genuine delivery, "" when it gives none. Raises `Problem` 401 for any other."""
        if self._tokens:
            self._token(headers)
            return ""
        if self._signature is None:
            return verify(self._keys, headers, body, now)
        self._signed(self._signature, headers, body, now)
        return ""

    def _token(self, headers: Mapping[str, str]) -> None:
        given = headers.get(self._token_header, "")
        if given[:7].lower() == "bearer ":
            given = given[7:]
        digest = hashlib.sha256(given.strip().encode("utf-8", "surrogateescape")).digest()
        found = False
        for token in self._tokens:
            found |= hmac.compare_digest(digest, hashlib.sha256(token).digest())
        if not found:
            raise Problem(
                401,
                "bad-token",
                f"this door takes posts with a token in the header {self._token_header}: send the current one",
                {"WWW-Authenticate": "Bearer"},
            )

    def _signed(self, signature: Signature, headers: Mapping[str, str], body: bytes, now: float) -> None:
        given, timestamp = headers.get(signature.header, ""), headers.get(signature.timestamp, "")
        if not given.startswith(signature.prefix) or given == signature.prefix:
            raise Problem(401, "unsigned", f"this door takes signed posts: send the header {signature.header}")
        if signature.timestamp and not fresh(timestamp, now):
            raise Problem(
                401,
                "stale-signature",
                f"{signature.timestamp} is not within {WINDOW:g} seconds of now: sign when sending, and check the clock",
            )
        known = {"{body}": body, "{timestamp}": timestamp.encode()}
        signed = b"".join(known.get(part, part.encode()) for part in _PLACES.split(signature.signed))
        digest = _digest(given.removeprefix(signature.prefix), signature.encoding)
        if not matches(self._keys, signed, (digest,), signature.algorithm):
            raise Problem(
                401, "bad-signature", "the signature does not fit the body: sign the raw body with the secret"
            )


def _digest(text: str, encoding: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True) if encoding == "base64" else binascii.unhexlify(text)
    except ValueError:  # binascii.Error among them, and text beyond ASCII
        return b""


def _chosen(secrets: Sequence[str], shortest: int, where: str) -> tuple[bytes, ...]:
    if len(secrets) > _MOST:
        raise Misconfigured(f"{where} has {len(secrets)} entries: keep the new one and the one before it")
    for index, secret in enumerate(secrets):
        if len(secret.encode()) < shortest:
            raise Misconfigured(
                f"{where}[{index}] has {len(secret.encode())} bytes: use at least {shortest} random ones"
            )
    return tuple(secret.encode() for secret in secrets)


def _check(signature: Signature, where: str) -> None:
    if not signature.header:
        raise Misconfigured(f"{where}.header is empty: name the header that holds the signature")
    if "{body}" not in signature.signed:
        raise Misconfigured(
            f"{where}.signed is {signature.signed!r}: it must hold {{body}}, else anybody may change it"
        )
    if ("{timestamp}" in signature.signed) != bool(signature.timestamp):
        raise Misconfigured(
            f"{where}: a time counts only when it is signed: set `timestamp` to its header and put {{timestamp}} "
            "into `signed`, or do neither"
        )
