"""Who is who, without a table: sessions and files are signed by the edge, identities by the site's own server.

A session is 128 random bits; whoever holds its token is in it. Two secrets are valid at a time, so that one can be
exchanged while sessions go on. What the edge signs and what the site signs use different keys.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import secrets
import time
from collections.abc import Sequence
from typing import Annotated, TypeVar

import jwt
import msgspec
from msgspec import Meta

from connectors._guard import Problem
from connectors._signature import matches
from normalizer.errors import Misconfigured
from normalizer.ids import event_id

_SHORTEST = 32  # bytes; RFC 7518 section 3.2 for HS256
_CLOCK = 60.0  # seconds that the site's clock may differ
_KNOWN_SECONDS = 12 * 3600  # after that whoever is logged in must say so again

T = TypeVar("T", bound=msgspec.Struct)
_Short = Annotated[str, Meta(max_length=320)]


class Profile(msgspec.Struct, frozen=True, omit_defaults=True):
    """What somebody typed into the form before the chat: claims, all of it."""

    name: _Short = ""
    email: _Short = ""
    phone: _Short = ""
    topic: _Short = ""


class Identity(msgspec.Struct, frozen=True, omit_defaults=True):
    """What the site's server signed: its own id of the customer, and what it knows of him."""

    sub: Annotated[str, Meta(min_length=1, max_length=200)]
    email: _Short = ""
    name: _Short = ""
    email_verified: bool = True


class Visitor(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag="session"):
    """A session, and whose it is once the site has said so. Times are Unix seconds; `active` is of the last sign of life."""

    session: str
    active: int
    expires: int
    user: str = ""
    email: str = ""
    name: str = ""


class File(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag="file"):
    """A file that was taken from a session and lies in the blob store."""

    session: str
    sha256: str
    size: int
    name: str
    content_type: str


class Tokens:
    """Signs and checks for one account. `keys` are the secrets in bytes, the one in use first."""

    def __init__(self, keys: Sequence[bytes], account: str, where: str) -> None:
        if not keys:
            raise Misconfigured(f"{where} has no secret: set one of {_SHORTEST} random bytes or more")
        if any(len(key) < _SHORTEST for key in keys):
            raise Misconfigured(f"{where} has a secret of less than {_SHORTEST} bytes: use that many random ones")
        self._keys = tuple(keys)
        self._account = account
        self._seals = tuple(hmac.digest(key, b"switchboard webchat\0" + account.encode(), "sha256") for key in keys)

    def seal(self, value: msgspec.Struct) -> str:
        """A value as a token that only this account's edges can make."""
        payload = _text(msgspec.json.encode(value))
        return f"{payload}.{_text(hmac.digest(self._seals[0], payload.encode(), 'sha256'))}"

    def unseal(self, token: str, kind: type[T]) -> T | None:
        """The value of a genuine token, else None."""
        payload, _, digest = token.partition(".")
        given = _bytes(digest)
        if given is None or not payload.isascii() or not matches(self._seals, payload.encode(), [given]):
            return None
        try:
            return msgspec.json.decode(_bytes(payload) or b"", type=kind)
        except msgspec.MsgspecError:  # genuine, and of another kind
            return None

    def visitor(self, token: str) -> Visitor:
        """Whoever holds a session's token. Raises `Problem` 401 when it is not genuine or has ended."""
        found = self.unseal(token, Visitor)
        now = time.time()
        if found is None or found.expires < now or (found.user and found.active + _KNOWN_SECONDS < now):
            raise Problem(401, "no-session", "this session has ended or was never ours: say hello again")
        return found

    def identity(self, token: str) -> Identity:
        """What a JWT (RFC 7519, HS256) of the site's server says. Raises `Problem` 401 when it is not genuine or too old."""
        problem: Exception | None = None
        for key in self._keys:
            try:
                claims = jwt.decode(
                    token, key, algorithms=["HS256"], leeway=_CLOCK, options={"require": ["exp", "sub"]}
                )
                found = msgspec.convert(claims, Identity)
                return found if found.email_verified else msgspec.structs.replace(found, email="")
            except jwt.InvalidSignatureError as error:
                problem = error
            except (jwt.InvalidTokenError, msgspec.ValidationError) as error:
                problem = error
                break
        raise Problem(
            401,
            "bad-identity",
            f"the identity was not taken ({problem}): let your server sign a new one, HS256, with sub and exp",
        )

    def personal_session(self, user: str) -> str:
        """The session that all devices of a customer share. It is no secret: only a token lets one in."""
        return event_id("webchat-session", self._account, user).replace("-", "")


def anonymous_session() -> str:
    """A session that nobody can guess."""
    return secrets.token_hex(16)


def _text(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).decode().rstrip("=")


def _bytes(text: str) -> bytes | None:
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None
