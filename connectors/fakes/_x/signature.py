"""Who calls the stand-in: a bearer of a token, or somebody who signs (OAuth 1.0a, RFC 5849)."""

from __future__ import annotations

import base64
import hmac
from urllib.parse import parse_qsl, quote, unquote

from oauthlib.oauth1.rfc5849 import signature  # type: ignore[import-untyped]  # it ships no types
from starlette.requests import Request

SIGNED_HOST = "https://api.twitter.com"
"""What tweepy signs, whatever the address that the request is sent to."""


def signed_by(request: Request, url: str, api_secret: str, access_secret: str) -> tuple[str, str] | None:
    """The api key and access token of a request whose signature is good, else None. `url` is what was signed, without its query."""
    scheme, _, rest = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "oauth":
        return None
    told = [part.strip().partition("=") for part in rest.split(",")]
    params = {name: unquote(value.strip('"')) for name, _, value in told}
    given = params.pop("oauth_signature", "")
    pairs = [*params.items(), *parse_qsl(request.url.query, keep_blank_values=True)]
    normal = signature.normalize_parameters(pairs)
    base = signature.signature_base_string("GET", url, normal)
    key = f"{quote(api_secret, safe='~')}&{quote(access_secret, safe='~')}"
    wanted = base64.b64encode(hmac.digest(key.encode(), base.encode(), "sha1")).decode()
    if not hmac.compare_digest(wanted, given):
        return None
    return params.get("oauth_consumer_key", ""), params.get("oauth_token", "")
