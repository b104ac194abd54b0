"""What an IMAP failure means for the caller: wait, or tell a person.

Response codes are those of RFC 5530; the phrases are those of servers that know no codes.
"""

from __future__ import annotations

import imaplib
import re
import ssl
from collections.abc import Iterator
from contextlib import contextmanager

from imapclient.exceptions import LoginError  # type: ignore[import-untyped]  # it ships no types

from normalizer.errors import Misconfigured, Retriable

_BUSY = re.compile(
    r"\[(THROTTLED|LIMIT|OVERQUOTA)\]|throttled|too many|maximum number of connections|rate limit|bandwidth", re.I
)
_LATER = re.compile(r"\[(UNAVAILABLE|INUSE|SERVERBUG|CONTACTADMIN)\]|temporar|try again|internal error", re.I)
_SUGGESTED = re.compile(r"backoff time:?\s*(\d{1,9})\s*milliseconds", re.I)  # Exchange Online says for how long
_GONE = re.compile(
    r"\[(NONEXISTENT|TRYCREATE|CANNOT|NOPERM)\]|doesn't exist|does not exist|no such|unknown mailbox", re.I
)
_BUSY_SECONDS = 300.0


class Broken(Retriable):
    """The conversation broke, perhaps over what was asked for. Any other `Retriable` is not the fault of a mail."""


@contextmanager
def understood(who: str, doing: str) -> Iterator[None]:
    """Turn whatever IMAP, TLS or the network raises into `Retriable` or `Misconfigured` that names `who`."""
    try:
        yield
    except LoginError as error:
        raise _login(who, error) from None  # the chain would show the command, and with it the credential
    except imaplib.IMAP4.error as error:
        raise _refused(who, doing, error) from error
    except ssl.SSLCertVerificationError as error:
        raise Misconfigured(
            f"{who}: the server's certificate is not trusted ({error.verify_message}): "
            "correct host, or set ca_file to the authority that signed it"
        ) from error
    except OSError as error:
        raise Broken(
            f"{who}: {doing} failed ({error.strerror or error or type(error).__name__}): "
            "check that the server can be reached; this is tried again"
        ) from error
    except (ValueError, TypeError, IndexError, KeyError) as error:  # out of the parser of the server's answers
        raise Broken(f"{who}: {doing} gave an answer that is not IMAP ({type(error).__name__})") from error


def _login(who: str, error: LoginError) -> Misconfigured | Retriable:
    said = _said(error)
    # imapclient wraps a lost connection as a LoginError too; that says nothing about the credential.
    lost = isinstance(error.__context__, imaplib.IMAP4.abort)
    if _BUSY.search(said):
        return _pause(who, said)
    if lost or _LATER.search(said):
        return Retriable(f"{who}: the server cannot log anybody in now ({said}): this is tried again")
    return Misconfigured(
        f"{who}: the server refused the credential ({said}): correct the user, the password or the token, "
        "and see that IMAP is allowed for this mailbox"
    )


def _refused(who: str, doing: str, error: Exception) -> Misconfigured | Retriable:
    said = _said(error)
    if _BUSY.search(said):
        return _pause(who, said)
    if _GONE.search(said) and not isinstance(error, imaplib.IMAP4.abort):
        return Misconfigured(f"{who}: {doing} was refused ({said}): correct the folders, or the rights of this user")
    return Broken(f"{who}: {doing} failed ({said}): this is tried again over a new connection")


def _pause(who: str, said: str) -> Retriable:
    suggested = _SUGGESTED.search(said)
    seconds = int(suggested[1]) / 1000 if suggested else _BUSY_SECONDS
    return Retriable(f"{who}: the server asks for a pause ({said}): fewer connections or a longer poll help", seconds)


def _said(error: Exception) -> str:
    """The server's own words, on one line and short."""
    text = " ".join(str(error).split())
    if text.startswith(("b'", 'b"')):  # imaplib shows some answers as the repr of their bytes
        text = text[2:-1]
    return text[:200] or type(error).__name__
