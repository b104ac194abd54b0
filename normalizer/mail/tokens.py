"""Signed reply tokens: an answer to ``support+<token>@…`` finds its conversation, whatever its headers lost.

A token is the conversation's UUID and the first 80 bits of an HMAC-SHA256 (RFC 2104) over it, in base32 (RFC 4648)
without padding: 42 letters and digits, the same in either case, since some servers fold local parts to lower case.
With ``support+`` before it stays within the 64 octets of a local part (RFC 5321, 4.5.3.1.1).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from uuid import UUID

MIN_SECRET = 16  # bytes
_LENGTH = 42
_MAC_BYTES = 10
_LABEL = b"switchboard reply token 1\0"
_TOKEN = re.compile(rf"(?:\+|^|[<.\s])([a-z2-7]{{{_LENGTH}}})(?=[@.>\s]|$)", re.IGNORECASE)

_PLUS = re.compile(rf"\+[a-z2-7]{{{_LENGTH}}}@", re.IGNORECASE)


def make(conversation_id: str, secret: bytes) -> str:
    """The token of a conversation. Raises ValueError for an id that is no UUID, or a secret that is too short."""
    if len(secret) < MIN_SECRET:
        raise ValueError(f"the secret for reply tokens has {len(secret)} bytes: set one of at least {MIN_SECRET}")
    try:
        conversation = UUID(conversation_id).bytes
    except ValueError:
        raise ValueError(f"conversation id {conversation_id!r} is no UUID: only such ids get reply tokens") from None
    return _text(conversation + _mac(conversation, secret))


def verify(token: str, secrets: tuple[bytes, ...]) -> str | None:
    """The conversation that `token` was made for with one of `secrets` (the new and the old), None when forged.

    The comparison takes the same time wherever the signatures differ.
    """
    if len(token) != _LENGTH or not token.isascii():
        return None
    try:
        raw = base64.b32decode(token.upper() + "=" * (-_LENGTH % 8))
    except binascii.Error:
        return None
    if _text(raw) != token.lower():
        return None  # bits beyond the last byte are not signed, so they must be zero
    conversation, mac = raw[:16], raw[16:]
    genuine = [hmac.compare_digest(mac, _mac(conversation, secret)) for secret in secrets if len(secret) >= MIN_SECRET]
    return str(UUID(bytes=conversation)) if any(genuine) else None


def plus_address(mailbox: str, token: str) -> str:
    """`mailbox` with the token in it: ``support@shop.example`` becomes ``support+<token>@shop.example``."""
    local, _, domain = mailbox.rpartition("@")
    return f"{local}+{token}@{domain}"


def mailbox(address: str) -> str:
    """The opposite of `plus_address`: an address without the token in it, genuine or not."""
    return _PLUS.sub("@", address)


def find(text: str, secrets: tuple[bytes, ...]) -> str | None:
    """The conversation of the first genuine token in an address list or in Message-IDs, None when there is none."""
    found = (verify(token, secrets) for token in _TOKEN.findall(text[: 64 * 1024]))
    return next((conversation for conversation in found if conversation is not None), None)


def _text(raw: bytes) -> str:
    return base64.b32encode(raw).decode().rstrip("=").lower()


def _mac(conversation: bytes, secret: bytes) -> bytes:
    return hmac.new(secret, _LABEL + conversation, hashlib.sha256).digest()[:_MAC_BYTES]
