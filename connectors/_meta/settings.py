"""What every account of a Meta channel is told in the configuration."""

from __future__ import annotations

import ipaddress
import re
from urllib.parse import urlsplit

import msgspec

from connectors._signature import keys
from normalizer.errors import Misconfigured
from normalizer.secret import Secret

_ACCOUNT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


class MetaSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One callback url of a Meta app.

    `app_secrets` sign what arrives: one, or two while it is rotated. `verify_token` is the text of your choice that Meta
    repeats when the url is registered. `access_token` fetches files and names, and may be missing: messages arrive
    without it. `graph_url` is the Graph API with its version.
    """

    app_secrets: tuple[Secret, ...]
    verify_token: Secret
    access_token: Secret = ""
    graph_url: str = "https://graph.facebook.com/v24.0"

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.graph_url!r}, {len(self.app_secrets)} secrets)"


def checked(settings: MetaSettings, channel: str, account: str) -> tuple[bytes, ...]:
    """The keys that sign. Raises `Misconfigured` for settings that cannot work; no message holds a secret."""
    where = f"channels.{channel}.{account}"
    if not _ACCOUNT.fullmatch(account):
        raise Misconfigured(f"{where}: an account is part of a url; use letters, digits, '.', '_' and '-'")
    if not settings.app_secrets:
        raise Misconfigured(f"{where}.app_secrets is empty: copy the app secret from the app's basic settings at Meta")
    if not settings.verify_token:
        raise Misconfigured(f"{where}.verify_token is empty: make up a text, and give Meta the same one")
    parts = urlsplit(settings.graph_url)
    if parts.scheme != "https" and not (parts.scheme == "http" and _loopback(parts.hostname or "")):
        raise Misconfigured(
            f"{where}.graph_url is {settings.graph_url!r}: the access token goes there, so use https://"
        )
    return keys(settings.app_secrets, f"{where}.app_secrets")


def _loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
