"""The settings of a mailbox: what is refused, and how a token is come by."""

from __future__ import annotations

from datetime import date
from typing import Any

import msgspec
import pytest

from connectors._mailsettings import MailSettings
from normalizer.errors import Misconfigured

GOOD = {"host": "imap.example.org", "user": "help@shop.example", "password": "hunter2"}


def made(**settings: Any) -> MailSettings:
    """As read from a configuration file."""
    return msgspec.convert(GOOD | settings, MailSettings)


def test_the_least_that_is_needed() -> None:
    """Host, user and password: TLS, the INBOX, IDLE."""
    found = made()
    assert (found.real_port, found.tls, found.folders, found.idle, found.since) == (993, "tls", ("INBOX",), True, None)
    assert made(tls="starttls").real_port == 143
    assert made(since="2026-01-31").since == date(2026, 1, 31)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"password": ""}, "mail account help@shop.example has no credential: set exactly one of"),
        ({"token": "x"}, "has password and token: set exactly one of"),
        (
            {"tls": "none"},
            'tls = "none" would send the credential of help@shop.example to imap.example.org in the clear',
        ),
        ({"folders": []}, r"length >= 1 - at `\$.folders`"),
        ({"trusted_hosts": ["mx.shop.example, mx2"]}, r"matching regex .* - at `\$.trusted_hosts"),
        ({"poll_seconds": 600}, r"<= 540.0 - at `\$.poll_seconds`"),
        ({"max_bytes": 10_000_000}, r"<= 900000 - at `\$.max_bytes`"),
        ({"page_size": 0}, r">= 1 - at `\$.page_size`"),
        ({"password": 5}, r"Expected `str`, got `int` - at `\$.password`"),
    ],
)
def test_what_could_not_work_is_refused(settings: dict[str, Any], said: str) -> None:
    """With the setting's name."""
    with pytest.raises(msgspec.ValidationError, match=said):
        made(**settings)


@pytest.mark.parametrize(
    "settings", [{"host": "localhost"}, {"host": "127.0.0.1"}, {"host": "::1"}, {"plaintext": True}]
)
def test_plaintext_is_for_the_loopback_or_for_who_asks(settings: dict[str, Any]) -> None:
    """A safe network is the operator's word."""
    assert made(tls="none", **settings).tls == "none"


def test_the_repr_names_the_mailbox_and_no_secret() -> None:
    """It ends in logs."""
    shown = repr(made(password="", token="hunter2"))
    assert shown == "MailSettings('help@shop.example' at imap.example.org:993, tls='tls', folders=('INBOX',))"


def test_a_token_command_is_asked_each_time() -> None:
    """What it prints is the token."""
    assert made(password="", token_command=["echo", "fresh"]).access_token() == "fresh"
    assert made(password="", token="fixed").access_token() == "fixed"
    assert made().access_token() == ""


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (["no-such-command-here"], "no-such-command-here cannot be run .* correct token_command"),
        (["sh", "-c", "echo hunter2; exit 3"], "sh ended with 3: run it by hand"),
        (["true"], "true printed no token"),
        (["echo", "two words"], "echo printed no token"),
    ],
)
def test_a_token_command_that_fails_is_a_persons_task(command: list[str], said: str) -> None:
    """The message says which command, and never what it printed."""
    with pytest.raises(Misconfigured, match=said) as failed:
        made(password="", token_command=command).access_token()
    assert "hunter2" not in str(failed.value)
    assert failed.value.__cause__ is None or "hunter2" not in str(failed.value.__cause__)
