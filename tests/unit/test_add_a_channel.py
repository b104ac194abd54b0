"""The page that shows how to add a channel is run: its code over a copy of the rooms, with the kits."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

# Runs whole suites in processes of their own, and so is of the long half.
pytestmark = pytest.mark.engine

REPO = Path(__file__).parents[2]
PAGE = REPO / "docs" / "add-a-channel.md"
ROOMS = ("connectors", "normalizer", "ops", "sinks", "streams")
LINE = {"id": "7", "email": "Ann@Example.com", "name": "Ann", "text": "Nice shop!"}


def blocks() -> dict[str, str]:
    """The files of the page: a path in a line of its own, then a fenced block."""
    found = re.findall(r"^`([\w./-]+)`\n\n```\w+\n(.*?)^```$", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    return dict(found)


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The rooms and the kits, with the files of the page."""
    folder = tmp_path_factory.mktemp("copy")
    ignored = shutil.ignore_patterns("__pycache__")
    for room in (*ROOMS, "tests/conformance"):
        shutil.copytree(REPO / room, folder / room, ignore=ignored)
    shutil.copy(REPO / "pyproject.toml", folder)
    for name, text in blocks().items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        assert not path.exists(), f"{name} is in the product already: the page must show a channel that is not"
        path.write_text(text, "utf-8")
    (folder / "kiosk.jsonl").write_text(json.dumps(LINE) + "\n")
    return folder


def run(folder: Path, *arguments: str) -> str:
    """Python in the copy, which imports nothing of the original; what it wrote to standard output."""
    environment = {**os.environ, "PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [sys.executable, *arguments], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    return done.stdout


def test_the_page_has_all_parts() -> None:
    """The code file, the test file, the configuration."""
    assert list(blocks()) == ["connectors/jsonl.py", "tests/unit/connectors/test_jsonl.py", "switchboard.toml"]


def test_the_new_channel_keeps_the_kits(copy: Path) -> None:
    """Its own test is green, and the fleet's test finds it."""
    tests = ["tests/unit/connectors/test_jsonl.py", "tests/conformance/test_fleet_connectors.py"]
    said = run(copy, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", "jsonl", *tests)
    assert re.search(r"^\d\d passed", said, re.MULTILINE)


def test_the_new_channel_can_be_configured_and_read(copy: Path) -> None:
    """The commands of the page do what it says."""
    command = "import sys; from ops.cli import main; sys.argv[0] = 'switchboard'; main()"
    assert "jsonl:lobby" in run(copy, "-c", command, "--config", "switchboard.toml", "config", "check")
    (copy / "one.json").write_text((copy / "kiosk.jsonl").read_text().splitlines()[0])
    (line,) = run(copy, "-c", command, "read", "jsonl", "one.json").splitlines()
    assert (json.loads(line)["visible_text"], json.loads(line)["kind"]) == ("Nice shop!", "message")


def test_the_page_is_in_good_order(copy: Path) -> None:
    """The code passes the same linter as the product."""
    files = [name for name in blocks() if name.endswith(".py")]
    run(copy, "-m", "ruff", "check", *files)
    run(copy, "-m", "ruff", "format", "--check", *files)
