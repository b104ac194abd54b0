"""`switchboard read` and `switchboard thread` on files: what they say, and that they start without a server's parts."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from normalizer.errors import Misconfigured
from ops.cli import app
from ops.cli._files import raw_file, reader

pytestmark = pytest.mark.slow

MAIL = b"From: ann@example.org\nMessage-ID: <1@example.org>\nSubject: Hi\n\nMy order is late.\n\n-- \nAnn\n"


def _command(*arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", "from ops.cli import main; main()", *arguments], capture_output=True, check=True
    )
    return done.stdout.decode()


@pytest.fixture
def mail(tmp_path: Path) -> Path:
    """A mail in a file."""
    path = tmp_path / "one.eml"
    path.write_bytes(MAIL)
    return path


def test_read_says_what_a_mail_becomes(mail: Path) -> None:
    """One JSON line for a mail, with its path and its visible text."""
    (line,) = _command("read", "mail", str(mail.parent)).splitlines()
    found = json.loads(line)
    assert (found["path"], found["visible_text"]) == (str(mail), "My order is late.")


def test_a_file_that_is_rejected_shows_in_the_exit_status(tmp_path: Path) -> None:
    """The others are read all the same, and each rejection has its line."""
    (tmp_path / "1.json").write_text("no JSON")
    (tmp_path / "2.json").write_text('{"email": "ann@example.org", "message": "My order is late."}')
    done = CliRunner().invoke(app, ["read", "webform", str(tmp_path)])
    bad, good = map(json.loads, done.stdout.splitlines())
    assert (done.exit_code, bad["rejected"], good["visible_text"]) == (1, "not-json", "My order is late.")


def test_a_command_that_is_none_is_told_with_the_nearest() -> None:
    """A slip of the fingers costs no look into the help."""
    done = CliRunner().invoke(app, ["tikets", "list"])
    assert done.exit_code == 2
    assert "No such command 'tikets'. Did you mean 'tickets'?" in " ".join(done.output.split())


def test_thread_says_where_a_mail_belongs(mail: Path) -> None:
    """One JSON line for a mail, with its own id."""
    (line,) = _command("thread", str(mail)).splitlines()
    assert json.loads(line)["message_id"] == "1@example.org"


def test_a_reader_of_a_channel_that_is_none() -> None:
    """A wrong name of a channel is told with the nearest that is right."""
    with pytest.raises(Misconfigured, match="there is no channel 'mial': did you mean 'mail'"):
        reader("mial")


@pytest.mark.parametrize(
    ("channel", "file", "expected"),
    [
        ("mail", "a.txt", "message/rfc822"),
        ("webform", "a.json", "application/json"),
        ("webform", "a", "application/json"),
    ],
)
def test_what_a_file_is(tmp_path: Path, channel: str, file: str, expected: str) -> None:
    """A file of the mail channel is a mail whatever its name; others are what their names say, or JSON."""
    (tmp_path / file).write_bytes(b"x")
    assert raw_file(channel, tmp_path / file).content_type == expected


def test_reading_mail_starts_without_servers() -> None:
    """Reading files needs neither a web server nor Kafka, and starts without them."""
    code = "import sys, ops.cli.read, connectors.mail; print({'starlette', 'uvicorn', 'aiokafka', 'faust'} & {*sys.modules})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert done.stdout == b"set()\n"
