"""Documents and deployment say what is true: links lead somewhere, commands exist, the image has every room."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import msgspec
import pytest
import typer
import yaml
from typer.testing import CliRunner

from connectors._blobs import BlobStore
from normalizer.cluster import TOPICS
from ops import wiring
from ops.cli import COMMANDS, app
from ops.config import BlobSettings, Config, load

REPO = Path(__file__).parents[2]
ROOMS = ("connectors", "normalizer", "ops", "sinks", "streams")
PAGES = sorted([*REPO.glob("*.md"), *(REPO / "docs").rglob("*.md")])
TEXTS = sorted(
    path
    for folder in (*ROOMS, "tests", "bench", "docs", "deploy")
    for path in (REPO / folder).rglob("*")
    if path.suffix in (".py", ".md", ".toml", ".json", ".sql", ".html", ".js", ".css", ".svg", ".conf")
) + [path for path in REPO.iterdir() if path.is_file() and path.suffix != ".lock" and path.name != ".git"]
COMPOSE = yaml.safe_load((REPO / "docker-compose.yml").read_text("utf-8"))
SERVICES = {name: service["command"] for name, service in COMPOSE["services"].items() if "command" in service}
OTHERS = [
    ["topics", "declare"],
    ["store", "prepare"],
    ["reconcile", "--since", "1d", "--repair", "--every", "1h"],
    ["purge", "--every", "1d"],
    ["exporter", "--host", "0.0.0.0"],  # noqa: S104 - within the network of the containers
]
"""What the deployment runs beside connectors and stages."""
# In pieces, so that this file is not found itself.
PLACES_OF_A_MACHINE = re.compile(r"(?<![\w.}\"'-])/(?:wo" + r"rk|ro" + r"ot|ho" + r"me/\w+)(?:/|\b)")
REGISTRIES = re.compile("py" + r"pi\.org|python" + r"hosted|npm" + r"js\.|golang" + r"\.org|maven" + r"\.org")
LATER = re.compile(r"\b(?:TO" + r"DO|FIX" + r"ME)\b")


@pytest.fixture
def deployed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Config:
    """The configuration of the deployment, with blobs in a folder of this test."""
    for name in ("IMAP_HOST", "IMAP_USER", "IMAP_PASSWORD", "MONITOR_TOKEN"):
        monkeypatch.setenv(name, "imap.example.com")
    monkeypatch.setenv("STORE_URL", "postgresql://deliver@db/tickets")
    config = load(REPO / "deploy" / "switchboard.toml")
    return msgspec.structs.replace(config, blobs=BlobSettings(url=tmp_path.as_uri()))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(REPO)))
def test_links_lead_somewhere(page: Path) -> None:
    """A relative link names a file that is there."""
    text = re.sub(r"^```.*?^```", "", page.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
    links = re.findall(r"\]\(([^)\s#]+)(?:#[^)]*)?\)", text)
    local = [link for link in links if not re.match(r"[a-z]+:", link)]
    assert [link for link in local if not (page.parent / link).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(REPO)))
def test_settings_in_documents_exist(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever copies a configuration can run it; the example channel of one page has a test of its own."""
    for number, shown in enumerate(
        re.findall(r"^```toml\n(.*?)^```", page.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    ):
        for name in re.findall(r'"env:(\w+)"', shown):
            monkeypatch.setenv(name, "secret")
        path = tmp_path / f"{number}.toml"
        path.write_text(shown, "utf-8")
        assert "[channels.kiosk." in shown or load(path)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(REPO)))
def test_commands_in_documents_exist(page: Path) -> None:
    """Whoever copies a command finds it."""
    shown = re.findall(r"(?:[$`/ ])switchboard ((?:--?[a-z]+ \S+ )*[a-z-]+(?: [a-z-]+)?)", page.read_text("utf-8"))
    commands = [re.sub(r"--?[a-z]+ \S+ ", "", each).split() for each in shown if page.name != "CHANGELOG.md"]
    assert [" ".join(words) for words in commands if not is_command(words)] == []


def is_command(words: list[str]) -> bool:
    """Whether words are a command, with its subcommand when it has any."""
    if words[0] not in COMMANDS:
        return False
    command: Any = typer.main.get_command(app)
    found = command.get_command(None, words[0])
    subcommands = getattr(found, "commands", None)
    return subcommands is None or len(words) == 1 or words[1] in subcommands


def test_commands_are_told_from_other_words() -> None:
    """The test above can fail."""
    assert is_command(["config", "check"])
    assert not is_command(["config", "chekc"])
    assert not is_command(["confg"])


@pytest.mark.parametrize("service", SERVICES)
def test_services_run_real_commands(service: str, deployed: Config, tmp_path: Path) -> None:
    """Every service of the compose file is a command, and what it runs exists and is configured."""
    words = SERVICES[service].split()
    assert is_command(words)
    match words:
        case ["run", "stage", name]:
            assert wiring.stage(deployed, name).name == name
        case ["run", "connector", name]:
            assert [each.channel for each in deployed.connectors(BlobStore(tmp_path.as_uri()), name)] == [name]
        case _:
            assert words in OTHERS
            assert is_readable(words)


def is_readable(words: list[str]) -> bool:
    """Whether the program would take a command line; it reads all of it before it helps."""
    return CliRunner().invoke(app, [*words, "--help"]).exit_code == 0


def test_a_wrong_option_is_told_from_a_right_one() -> None:
    """The test above can fail."""
    assert is_readable(["purge", "--every", "1d"])
    assert not is_readable(["purge", "--evry", "1d"])


def test_every_stage_and_account_is_deployed(deployed: Config) -> None:
    """Nothing of the way is missing in the compose file."""
    stages = {f"run stage {stage.name}" for stage in wiring.stages(deployed)}
    connectors = {f"run connector {name}" for name in deployed.channel_names}
    assert set(SERVICES.values()) == stages | connectors | set(map(" ".join, OTHERS))


def test_the_image_has_every_room() -> None:
    """What the compose file runs can be imported."""
    copied = re.findall(r"^COPY (\w+) \1$", (REPO / "Dockerfile").read_text("utf-8"), re.MULTILINE)
    assert sorted(copied) == sorted(ROOMS)


def test_the_version_is_one() -> None:
    """The change log has what is in this version, and the deployment names it."""
    version = tomllib.loads((REPO / "pyproject.toml").read_text("utf-8"))["project"]["version"]
    sections = re.findall(r"^## \[?([\w.]+)", (REPO / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE)
    assert sections[0] in ("Unreleased", version)
    assert COMPOSE["x-switchboard"]["image"] == f"switchboard:{version}"


def test_no_text_names_a_machine() -> None:
    """Paths of the place where it was written, and hosts of package registries, mean nothing to others."""
    found = {
        str(path.relative_to(REPO)): match[0]
        for path in TEXTS
        if (match := (PLACES_OF_A_MACHINE.search(path.read_text("utf-8", "replace"))))
        or (path.suffix == ".md" and (match := REGISTRIES.search(path.read_text("utf-8"))))
    }
    assert found == {}


def test_nothing_is_left_for_later() -> None:
    """What must be done is done, or is an issue."""
    assert [str(path.relative_to(REPO)) for path in TEXTS if LATER.search(path.read_text("utf-8", "replace"))] == []


def test_the_architecture_names_every_topic() -> None:
    """Each declared topic is in its table, with how long it is kept."""
    text = (REPO / "docs" / "architecture.md").read_text("utf-8")
    kept = {spec.name: f"{spec.retention_hours // 24} d" if spec.retention_hours else "compacted" for spec in TOPICS}
    rows = {
        name: re.search(rf"^\| `{re.escape(name)}` \|[^\n]*\| {kept[name]} \|", text, re.MULTILINE) for name in kept
    }
    assert [name for name, row in rows.items() if row is None] == []
