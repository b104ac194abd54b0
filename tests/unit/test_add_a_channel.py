"""The page that shows how to add a channel is run: its command over a copy of the rooms, with the kits."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from normalizer.errors import Misconfigured
from ops.scaffold import new_channel, write

REPO = Path(__file__).parents[2]
PAGE = (REPO / "docs" / "add-a-channel.md").read_text("utf-8")
ROOMS = ("connectors", "normalizer", "ops", "sinks", "streams")
LINE = {"id": "7", "email": "Ann@Example.com", "name": "Ann", "text": "Nice shop!"}
PAGES = 2 * 55  # lines of two printed pages


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The rooms and the kits, with two new channels."""
    folder = tmp_path_factory.mktemp("copy")
    ignored = shutil.ignore_patterns("__pycache__")
    for room in (*ROOMS, "tests/conformance"):
        shutil.copytree(REPO / room, folder / room, ignore=ignored)
    shutil.copy(REPO / "pyproject.toml", folder)
    command(folder, "new", "channel", "kiosk")
    command(folder, "new", "channel", "till", "--push")
    (folder / "visitors.jsonl").write_text(json.dumps(LINE) + "\n")
    return folder


def run(folder: Path, *arguments: str) -> str:
    """Python in the copy, which imports nothing of the original; what it wrote to standard output."""
    environment = {**os.environ, "PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [sys.executable, *arguments], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    return done.stdout


def command(folder: Path, *arguments: str) -> str:
    """The `switchboard` command of the copy."""
    start = "import sys; from ops.cli import main; sys.argv[0] = 'switchboard'; main()"
    return run(folder, "-c", start, *arguments)


def test_the_page_has_two_pages() -> None:
    """An engineer reads it to its end."""
    assert len(PAGE.splitlines()) <= PAGES


def test_the_page_shows_what_the_command_writes() -> None:
    """Each block of code stands in the new files, as it is here."""
    written = "\n".join(
        text for name, push in (("kiosk", False), ("till", True)) for text in new_channel(name, push=push).values()
    )
    blocks = re.findall(r"^```(?:python|toml)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    assert len(blocks) >= 5
    assert [block for block in blocks if block not in written] == []


@pytest.mark.engine  # whole suites in processes of their own are of the long half
@pytest.mark.parametrize(("name", "kits"), [("kiosk", 2), ("till", 2)])
def test_the_new_channel_keeps_the_kits(copy: Path, name: str, kits: int) -> None:
    """Its own test is green, and the fleet's test finds it."""
    tests = [f"tests/unit/connectors/test_{name}.py", "tests/conformance/test_fleet_connectors.py"]
    said = run(copy, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", name, *tests)
    assert re.search(r"^\d\d passed", said, re.MULTILINE)
    assert (copy / tests[0]).read_text().count("Contract)") == kits


@pytest.mark.engine
def test_the_new_channel_can_be_configured_and_read(copy: Path) -> None:
    """The commands of the page do what it says."""
    assert "kiosk:main" in command(copy, "--config", "kiosk.toml", "config", "check")
    (copy / "one.json").write_text((copy / "visitors.jsonl").read_text().splitlines()[0])
    (line,) = command(copy, "read", "kiosk", "one.json").splitlines()
    assert (json.loads(line)["visible_text"], json.loads(line)["kind"]) == ("Nice shop!", "message")


@pytest.mark.engine
def test_the_new_files_are_in_good_order(copy: Path) -> None:
    """They pass the same linter and the same type checker as the product."""
    files = [path for n in ("kiosk", "till") for path in new_channel(n, push=n == "till") if path.endswith(".py")]
    run(copy, "-m", "ruff", "check", *files)
    run(copy, "-m", "ruff", "format", "--check", *files)
    run(copy, "-m", "mypy", "--follow-imports=silent", *files)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("Kiosk", "use lower-case letters, digits and '_'"),
        ("class", "use lower-case letters"),
        ("mail", "there is a channel 'mail' already"),
        ("page", "a class Page would hide another of that name"),
    ],
)
def test_a_name_that_cannot_be_is_refused(name: str, said: str) -> None:
    """With what to do about it."""
    with pytest.raises(Misconfigured, match=said):
        new_channel(name, push=False)


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    """Neither outside of a checkout, nor what is there already."""
    found = new_channel("kiosk", push=False)
    with pytest.raises(Misconfigured, match="is no checkout of Switchboard"):
        write(found, tmp_path)
    (tmp_path / "connectors").mkdir()
    (tmp_path / "connectors" / "_base.py").touch()
    (tmp_path / "kiosk.toml").write_text("mine")
    with pytest.raises(Misconfigured, match=r"kiosk\.toml is there already"):
        write(found, tmp_path)
    assert sorted(path.name for path in tmp_path.rglob("*") if path.is_file()) == ["_base.py", "kiosk.toml"]
