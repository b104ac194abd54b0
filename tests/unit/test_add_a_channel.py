"""The page that shows how to add a channel is run: its command over a copy of the rooms, with the kits."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import threading
import time
import tomllib
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from connectors._signature import keys, verify
from normalizer.errors import Misconfigured
from ops.scaffold import new_channel, write

REPO = Path(__file__).parents[2]
PAGE = (REPO / "docs" / "add-a-channel.md").read_text("utf-8")
ROOMS = ("connectors", "normalizer", "ops", "sinks", "streams")
COMMANDS = re.findall(r"^\$ (.*?)(?: {2,}#.*)?$", PAGE, re.MULTILINE)
PAGES = 2 * 55  # lines of two printed pages


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The rooms and the kits, with two new channels."""
    folder = tmp_path_factory.mktemp("copy")
    ignored = shutil.ignore_patterns("__pycache__")
    for room in (*ROOMS, "tests/conformance"):
        shutil.copytree(REPO / room, folder / room, ignore=ignored)
    shutil.copy(REPO / "pyproject.toml", folder)
    assert ".venv/bin/switchboard new channel kiosk" in COMMANDS
    said = command(folder, "new", "channel", "kiosk")
    [hint] = [line for line in said.splitlines() if line.startswith("now: ")]
    assert hint == f"now: make dev && {COMMANDS[2]}; then docs/add-a-channel.md"
    command(folder, "new", "channel", "till", "--push")
    subprocess.run(["bash", "-c", starting("echo")], cwd=folder, check=True)  # noqa: S607 - the page says so
    return folder


def starting(beginning: str) -> str:
    """The one line of the page's terminals that begins so."""
    [found] = [str(line) for line in COMMANDS if line.startswith(beginning)]
    return found


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
    check = starting(".venv/bin/switchboard --config kiosk.toml config check").split()
    assert "kiosk:main" in command(copy, *check[1:])
    (line,) = command(copy, *starting(".venv/bin/switchboard read").split()[1:]).splitlines()
    assert (json.loads(line)["visible_text"], json.loads(line)["kind"]) == ("Nice shop!", "message")


def test_a_post_can_be_signed_in_a_terminal() -> None:
    """The lines of the page, in a shell; what they post is genuine, and at the door that the new channel has."""
    met: list[tuple[str, str, bytes]] = []

    class Door(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            head = {name.lower(): value for name, value in self.headers.items()}
            met.append((self.path, verify(keys([head["x-secret"]], "x"), head, body, time.time()), body))
            self.send_response(202)
            self.end_headers()

    post = starting("curl")
    settings = tomllib.loads(new_channel("till", push=True)["till.toml"])
    assert f"http://127.0.0.1:{settings['http']['port']}/till/main " in post
    with HTTPServer(("127.0.0.1", 0), Door) as server:
        threading.Thread(target=server.handle_request, daemon=True).start()
        told = (
            post.replace(str(settings["http"]["port"]), str(server.server_port)) + ' -H "x-secret: $SWITCHBOARD_SECRET"'
        )
        script = [starting("export"), starting("body="), starting("signature="), told]
        subprocess.run(["bash", "-ec", "\n".join(script)], check=True)  # noqa: S607 - as above
    assert met == [("/till/main", "post-1", b'{"id": "1", "email": "ann@shop.example", "text": "Nice shop!"}')]


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
