"""The settings of a mail account, refused when they could not work or would be unsafe."""

from __future__ import annotations

import ipaddress
import subprocess
from datetime import date
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from normalizer.errors import Misconfigured, Retriable
from normalizer.secret import Secret

_TOKEN_SECONDS = 30
_TOKEN_BYTES = 64 << 10


class MailSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One mailbox over IMAP4rev1 (RFC 3501).

    Exactly one of `password`, `token` (an OAuth 2 access token, sent by XOAUTH2) and `token_command` (an argument
    list; what it prints is a fresh access token, asked for at every connect) is set. `port` 0 is the usual one.
    `since` skips older mail at the first sync only. `poll_seconds` is how often the folder is looked at; `idle`
    (RFC 2177) makes new mail known sooner where the server can. A mail over `max_bytes` is published as its
    first `max_bytes` bytes, the whole going to the blob store. `page_size` mails at most are published at once.
    A server that sends nothing for `timeout_seconds` when asked is taken for dead. `ca_file` (PEM) names the
    authority of a private certificate; `plaintext` allows ``tls = "none"`` beyond the loopback.
    `trusted_hosts` are the names under which your own mail servers write Authentication-Results (RFC 8601), as in
    ``mx.google.com``, and "" for Exchange Online; with none, nobody is ever found to be spoofed. They must remove forged
    headers of their names, as RFC 8601, section 5, asks them to. `own` are the addresses that your machines answer from and
    the domains of the Message-IDs that they write: what comes back with them is a loop, kept, and wakes nobody.
    """

    host: str
    user: str
    port: Annotated[int, Meta(ge=0, le=65535)] = 0
    tls: Literal["tls", "starttls", "none"] = "tls"
    plaintext: bool = False
    ca_file: str = ""
    password: Secret = ""
    token: Secret = ""
    token_command: tuple[str, ...] = ()
    folders: Annotated[tuple[str, ...], Meta(min_length=1)] = ("INBOX",)
    since: date | None = None
    idle: bool = True
    # A server may end an IDLE after 30 minutes, and routers forget quiet connections sooner: nine at most.
    poll_seconds: Annotated[float, Meta(gt=0, le=540)] = 60.0
    max_bytes: Annotated[int, Meta(ge=1024, le=900_000)] = 512 << 10
    trusted_hosts: tuple[Annotated[str, Meta(pattern=r"^\S*$")], ...] = ()
    own: tuple[Annotated[str, Meta(pattern=r"^\S+$")], ...] = ()
    page_size: Annotated[int, Meta(ge=1, le=500)] = 200
    timeout_seconds: Annotated[float, Meta(gt=0, le=600)] = 30.0

    def __post_init__(self) -> None:
        ways = [name for name in ("password", "token", "token_command") if getattr(self, name)]
        if len(ways) != 1:
            raise ValueError(
                f"mail account {self.user} has {' and '.join(ways) or 'no credential'}: "
                "set exactly one of password, token and token_command"
            )
        if self.tls == "none" and not self.plaintext and not _is_loopback(self.host):
            raise ValueError(
                f'tls = "none" would send the credential of {self.user} to {self.host} in the clear: '
                'set tls to "tls" or "starttls", or plaintext = true if that network is safe'
            )

    def __repr__(self) -> str:
        """Names the mailbox and never a credential."""
        return f"MailSettings({self.user!r} at {self.host}:{self.real_port}, tls={self.tls!r}, folders={self.folders})"

    @property
    def real_port(self) -> int:
        """The port that is connected to."""
        return self.port or (993 if self.tls == "tls" else 143)

    def access_token(self) -> str:
        """The OAuth 2 access token of now, "" when a password is used.

        Raises `Misconfigured` when `token_command` cannot be run or refuses, `Retriable` when it takes too long.
        """
        return _printed(self.token_command) if self.token_command else self.token


def _printed(command: tuple[str, ...]) -> str:
    try:
        done = subprocess.run(command, capture_output=True, timeout=_TOKEN_SECONDS, check=True)
    except subprocess.TimeoutExpired as error:
        raise Retriable(f"the token command {command[0]} printed no token in {_TOKEN_SECONDS} s") from error
    except subprocess.CalledProcessError as error:  # what it printed may be a secret
        raise Misconfigured(
            f"the token command {command[0]} ended with {error.returncode}: run it by hand to see why"
        ) from None
    except OSError as error:
        raise Misconfigured(
            f"the token command {command[0]} cannot be run ({error.strerror}): correct token_command"
        ) from error
    token = done.stdout[:_TOKEN_BYTES].decode("ascii", "replace").strip()
    if not token or not token.isprintable() or " " in token:
        raise Misconfigured(f"the token command {command[0]} printed no token: it must print one and nothing else")
    return token


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
