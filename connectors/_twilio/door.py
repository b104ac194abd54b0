"""What every door of Twilio's does first: a bounded body, signed by Twilio for our public address."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response

from connectors._guard import Problem, read_body
from connectors._twilio.signature import genuine, public_address
from normalizer.errors import Misconfigured

BODY_LIMIT = 1024 * 1024
"""Bytes of a webhook: a form with ten addresses of files is a few KiB, a batch of an event stream some hundred."""

_TOKENS = 2  # the one in use and, while it is rotated, the one before
_TWIML = '<?xml version="1.0" encoding="UTF-8"?><Response/>'


def signing_keys(auth_tokens: Sequence[str], webhook_keys: Sequence[str], where: str) -> tuple[bytes, ...]:
    """The keys that webhooks may be signed with. Raises `Misconfigured`; no message holds a secret."""
    for name, secrets in (("auth_tokens", auth_tokens), ("webhook_keys", webhook_keys)):
        if len(secrets) > _TOKENS:
            raise Misconfigured(f"{where}.{name} has {len(secrets)}: keep the new one and the one before it")
        if not all(secrets):
            raise Misconfigured(f"{where}.{name} has an empty one: copy it from the console")
    if not auth_tokens:
        raise Misconfigured(f"{where}.auth_tokens is empty: set the auth token of the account")
    return tuple(secret.encode() for secret in (*auth_tokens, *webhook_keys))


def check_public_url(public_url: str, where: str) -> None:
    """Raises `Misconfigured` unless it is an address that Twilio can call, without a query."""
    parts = urlsplit(public_url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise Misconfigured(
            f"{where}.public_url is no address: write https://HOST as Twilio calls it, without the path of the door"
        )


async def signed_body(request: Request, keys: Sequence[bytes], public_url: str) -> bytes:
    """The raw body of a request that Twilio signed. Raises `Problem` 413 and 403.

    The address that was signed is `public_url` with the path and the query of this request: whatever a proxy makes
    of scheme, host and port does not matter, as long as it leaves these two.
    """
    body = await read_body(request, BODY_LIMIT)
    path = request.scope.get("raw_path", b"").decode("latin-1").partition("?")[0]
    url = public_address(public_url, path, request.scope["query_string"].decode("latin-1"))
    if not genuine(keys, url, request.headers, body):
        raise Problem(
            403,
            "bad-signature",
            "no token fits X-Twilio-Signature: check auth_tokens, and that public_url is what Twilio calls",
        )
    return body


def twiml() -> Response:
    """The answer that asks Twilio for nothing."""
    return Response(_TWIML, 200, media_type="text/xml")
