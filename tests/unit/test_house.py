"""The rules of the house, checked and not remembered: files, names, rooms, topics."""

from __future__ import annotations

import ast
import tomllib
from collections import Counter
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Any

import msgspec
import pytest

from normalizer.cluster import TOPICS
from normalizer.events import RAW
from normalizer.policy import Rule
from ops import channels, wiring
from ops.config import Config
from streams._stage import topics_of

REPO = Path(__file__).parents[2]
ROOMS = ("connectors", "normalizer", "ops", "sinks", "streams")
FOLDERS = (*ROOMS, "tests", "bench")
FILES = sorted(path for folder in FOLDERS for path in (REPO / folder).rglob("*.py"))
MOST_LINES = 299
SAYS_NOTHING = {"utils", "util", "common", "helpers", "helper", "misc"}

# A schema: the consumer groups that hold our offsets, and the tables in the changelogs. Renaming one forgets them.
STAGES = {
    "normalize": ({"raw.*"}, [], []),
    "thread": ({"messages.normalized"}, ["seen", "seen.queue", "threads"], ["thread.state"]),
    "route": (
        {"messages.threaded", "tickets.status"},
        ["tickets", "current", "applied", "applied.queue"],
        ["route.state"],
    ),
    "deliver.sqlite": ({"tickets.routed"}, [], []),
    "ledger": ({"fates"}, ["books", "settled", "parts", "dead", "refused"], ["ledger.state"]),
}


def shown(path: Path) -> str:
    """A file's name below the repository."""
    return str(path.relative_to(REPO))


def test_files_are_short() -> None:
    """A file has one idea, which fits in under 300 lines."""
    lines = {shown(path): len(path.read_text("utf-8").splitlines()) for path in FILES}
    assert {name: count for name, count in lines.items() if count > MOST_LINES} == {}


def test_names_say_what_is_in_them() -> None:
    """No file or folder is a drawer for the rest."""
    named = {part.strip("_") for path in FILES for part in path.relative_to(REPO).with_suffix("").parts}
    assert named & SAYS_NOTHING == set()


def test_modules_say_what_they_are_for() -> None:
    """Each begins with a docstring."""
    assert [shown(path) for path in FILES if not ast.get_docstring(ast.parse(path.read_text("utf-8")))] == []


def test_no_installed_package_is_named_like_a_room() -> None:
    """A dependency that ships a top-level package of the same name would shadow ours, or the other way round."""
    found = packages_distributions()
    assert {room: set(found.get(room, ())) - {"switchboard"} for room in ROOMS} == {room: set() for room in ROOMS}


def test_every_room_is_packaged() -> None:
    """What the wheel holds are the rooms, and the import contracts know each of them."""
    project = tomllib.loads((REPO / "pyproject.toml").read_text("utf-8"))
    assert project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"] == list(ROOMS)
    assert project["tool"]["importlinter"]["root_packages"] == list(ROOMS)
    assert [contract for contract in project["tool"]["importlinter"]["contracts"] if "ignore_imports" in contract] == []


def test_topics_have_one_home() -> None:
    """Each topic's name stands once in the rooms; whoever else needs it refers to it."""
    wanted = {spec.name for spec in TOPICS} | {RAW}
    found = Counter(text for room in ROOMS for path in (REPO / room).rglob("*.py") for text in _texts(path))
    assert {name: found[name] for name in wanted} == dict.fromkeys(wanted, 1)
    assert [name for name in found if name.startswith(RAW) and name.removeprefix(RAW) in channels.names()] == []


def _texts(path: Path) -> Iterator[str]:
    """The text literals of a module, parts of f-strings among them, without docstrings."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.Constant) and isinstance(child.value, str) and not isinstance(node, ast.Expr):
                yield child.value


def test_stages_keep_their_names() -> None:
    """Groups, inputs, tables and changelogs are as they were when the last version ran."""
    raw = {RAW + name for name in channels.names()}
    found = {
        stage.name: (
            {"raw.*" if topic in raw else topic for topic in stage.inputs},
            list(stage.tables),
            [spec.name for spec in topics_of(stage)],
        )
        for stage in wiring.stages(Config())
    }
    assert found == STAGES


def test_events_have_types_of_their_own() -> None:
    """A type is one event, and one on its topic can be told from the others by it."""
    from ops.reference.schemas import events

    assert [name for name, count in Counter(event.type for event in events()).items() if count > 1] == []


@pytest.mark.parametrize("settings", [Config, *(channels.channel(name).settings_type for name in channels.names())])
def test_unknown_settings_are_refused(settings: type[msgspec.Struct]) -> None:
    """A misspelt setting is an error wherever it stands."""
    lenient = [kind.__name__ for kind in _structs(settings) if not kind.__struct_config__.forbid_unknown_fields]
    assert lenient == []


def _structs(kind: type[msgspec.Struct]) -> Iterator[type[msgspec.Struct]]:
    """A struct, and those among its settings."""
    yield kind
    for field in msgspec.structs.fields(kind):
        found: Any = msgspec.inspect.type_info(field.type)
        for option in getattr(found, "types", (getattr(found, "item_type", found),)):
            if isinstance(option, msgspec.inspect.StructType):
                yield from _structs(option.cls)


def test_rules_are_among_the_settings_that_were_looked_at() -> None:
    """The test above reaches into lists."""
    assert Rule in set(_structs(Config))
