"""What customers wrote does not drive the terminal of whoever looks at it, and is no markup of ours."""

from __future__ import annotations

import json
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from normalizer.events import Attachment, Decision, Routed
from ops.cli._show import clean, lines, quoted
from sinks.sqlite import Sqlite
from tests.servers.switchboard import BIN, environment
from tests.unit.streams.line import Line
from tests.unit.streams.samples import message

HOSTILE = "\x1b]0;owned\x07\x1b[2J\x9b31m\u202egnp.exe [bold red]x[/] \x08\x7f"
DRIVES = set(HOSTILE) - set("]0;owned[2J31mgnp.exe [bold red]x[/] ")


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """A ticket whose every text is hostile."""
    hostile = msgspec.structs.replace(
        message("a", subject=HOSTILE, text=f"Hello\n{HOSTILE}\tend"),
        sender=msgspec.structs.replace(message("a").sender, name=HOSTILE),
        attachments=(Attachment(sha256="ab" * 32, size=3, name=HOSTILE, content_type="a/b"),),
    )
    (routed,) = [each for each in Line().feed(hostile) if isinstance(each, Routed)]
    told = msgspec.structs.replace(
        routed, decisions=(Decision("queue", HOSTILE, HOSTILE, HOSTILE),), suppressed=HOSTILE
    )
    sink = Sqlite(tmp_path / "tickets.db")
    sink.open()
    sink.write([told])
    sink.close()
    (tmp_path / "switchboard.toml").write_text(f'[store]\npath = "{tmp_path}/tickets.db"\n')
    return tmp_path


@pytest.mark.slow
@pytest.mark.parametrize(
    "command", [["list"], ["show", ""], ["search", "hello"], ["list", "--json"], ["show", "", "--json"]], ids=" ".join
)
def test_commands_show_it_harmlessly(store: Path, command: list[str]) -> None:
    """As text without what drives a terminal; in JSON escaped, so that a program still gets all of it."""
    done = subprocess.run(
        [BIN, "--config", store / "switchboard.toml", "tickets", *command],
        capture_output=True, check=False, env={**environment(store), "FORCE_COLOR": ""},
    )  # fmt: skip
    shown = done.stdout.decode()
    assert (done.returncode, done.stderr) == (0, b"")
    assert set(shown) & DRIVES == set()
    assert "[bold red]x[/]" in shown


def test_json_lines_give_all_of_it_back(capsys: pytest.CaptureFixture[str]) -> None:
    """What was escaped is what was written."""
    lines([{"text": HOSTILE}])
    shown = capsys.readouterr().out
    assert set(shown) & DRIVES == set()
    assert json.loads(shown) == {"text": HOSTILE}


def test_text_keeps_its_lines() -> None:
    """And loses what is no character; markup is quoted where ours is around it."""
    assert clean("a\tb\nc\x1b[2J\r", lines=True) == "a\tb\nc [2J "
    assert clean("a\nb") == "a b"
    assert quoted("[red]x\x1b") == "\\[red]x "


def test_the_time_is_not_hostile() -> None:
    """Ordinary text is shown as it is."""
    assert clean(f"Größe 👍 {datetime(2026, 1, 2, tzinfo=UTC):%F}") == "Größe 👍 2026-01-02"
