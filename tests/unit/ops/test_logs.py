"""What leaves a process by its log: no secret, no customer's address, no control character. Real loggers, a real handler."""

from __future__ import annotations

import io
import logging
import re
import subprocess
import sys
from collections.abc import Iterator

import pytest
from rich.console import Console
from rich.logging import RichHandler

from ops.cli._logs import Discreet

SECRET = "tok_0123456789abcdef"


@pytest.fixture
def log() -> Iterator[tuple[logging.Logger, io.StringIO]]:
    """A logger as the command sets it up, and what it writes."""
    written = io.StringIO()
    handler = RichHandler(console=Console(file=written, width=400), show_path=False, rich_tracebacks=False)
    discreet = Discreet()
    discreet.keep_out([SECRET, SECRET[:8], "abc"])
    handler.addFilter(discreet)
    logger = logging.getLogger("tests.logs")
    logger.addHandler(handler)
    logger.propagate = False
    yield logger, written
    logger.removeHandler(handler)
    logger.propagate = True


@pytest.mark.parametrize(
    ("said", "written"),
    [
        ("login of ann.o'hara+x@shop.example failed", "login of •••"),
        ("to <ann@shop.example>, bob@mail.example.com.", "to <•••@shop.example>, •••@mail.example.com."),
        ("called +49 151 1234-5678 and +14155550101.", "called ••• and •••."),
        ("wa_id 4915112345678 unknown", "wa_id ••• unknown"),
        (f"the server said: bad token {SECRET}!", "the server said: bad token •••!"),
        ("offset raw.mail/3/12345678901 of 1234567890123456 bytes", "offset raw.mail/3/12345678901 of 1234567890123456 bytes"),
        ("imap.example.com:993, 120 records, 2026-11-25", "imap.example.com:993, 120 records, 2026-11-25"),
        ("one\r\nWARNING forged line", "one\\r\\nWARNING forged line"),
        ("\x1b]0;owned\x07\x9b31m\u202e", "\\x1b]0;owned\\x07\\x9b31m\\u202e"),
        ("abc is no secret", "abc is no secret"),
    ],
)  # fmt: skip
def test_a_line_is_masked(log: tuple[logging.Logger, io.StringIO], said: str, written: str) -> None:
    """Whoever wrote it, also a library; what operators need stays: hosts, ports, offsets, sizes."""
    logger, found = log
    logger.warning("it says: %s", said)
    assert f"it says: {written}" in found.getvalue()
    assert "\x1b" not in found.getvalue()


def test_a_traceback_is_masked(log: tuple[logging.Logger, io.StringIO]) -> None:
    """Its stack stays, since somebody has to find the bug."""
    logger, found = log

    def breaks() -> None:
        raise ValueError(f"ann@shop.example sent {SECRET}")

    try:
        breaks()
    except ValueError:
        logger.exception("a bug")
    text = found.getvalue()
    assert "in breaks" in text
    assert "ValueError: •••@shop.example sent •••" in text
    assert SECRET not in text


def test_a_call_with_wrong_arguments_is_still_a_line(log: tuple[logging.Logger, io.StringIO]) -> None:
    """Nothing that logging prints by itself."""
    logger, found = log
    logger.warning("%d of %d", "x")
    assert "%d of %d" in found.getvalue()


PIPED = """
import logging, sys
import ops.cli
sys.argv = ["switchboard", *sys.argv[1:], "engine", "status"]
try:
    ops.cli.app()
except SystemExit:
    pass
logging.getLogger("switchboard.long").warning("word " * 100 + "end")
logging.getLogger("stamina").warning("stamina.retry_scheduled")
"""


def piped(*options: str) -> list[str]:
    """What a command logs where there is no terminal."""
    done = subprocess.run([sys.executable, "-c", PIPED, *options], capture_output=True, text=True, check=True)
    return done.stderr.splitlines()


def test_in_a_pipe_a_record_is_a_line() -> None:
    """However long; with its time and level, and nothing of libraries whose warnings we say ourselves."""
    [line] = piped()
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d WARNING (word ){100}end", line)


def test_verbose_shows_what_libraries_say() -> None:
    """When a person asks for it."""
    assert piped("--verbose")[-1].endswith("WARNING stamina.retry_scheduled")
