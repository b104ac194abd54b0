"""The generated documents: never stale, never in the way of those who read our topics."""

from __future__ import annotations

import json
import re
import tomllib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from normalizer.cluster import TOPICS
from normalizer.events import RAW, Contact, Decision, Event, Fate, Message, Origin, Routed, StatusChange, Ticket
from normalizer.wire import encode, header, headers
from ops import channels, wiring
from ops.config import Config, load
from ops.reference.__main__ import main
from ops.reference.asyncapi import DOORWAYS, document
from ops.reference.compatible import breaks
from ops.reference.schemas import events, file_name, schema
from ops.reference.writing import documents, incompatible

DOCS = Path(__file__).parents[3] / "docs"
NOW = datetime(2026, 1, 5, 9, tzinfo=UTC)
ANN = Contact("email", "ann@example.com", "Ann")
MESSAGE = Message(
    id="m",
    channel="mail",
    account="a",
    source_id="INBOX;1;1",
    sender=ANN,
    received_at=NOW,
    origin=Origin("raw.mail", 0, 1),
)
TICKET = Ticket(
    id="t", revision=1, conversation_id="c", customer_id="k", customer=ANN, channel="mail", account="a",
    subject="Hello", status="open", priority="normal", queue="general", opened_at=NOW, updated_at=NOW, messages=1,
)  # fmt: skip
SAMPLES: list[Event] = [
    MESSAGE,
    Routed(ticket=TICKET, message=MESSAGE, decisions=(Decision("queue", "default", "general"),)),
    Fate(origin=Origin("raw.mail", 0, 1), outcome="routed", at=NOW),
    StatusChange(ticket_id="t", conversation_id="c", customer_id="k", status="closed", at=NOW),
]


@pytest.mark.parametrize("name", documents())
def test_no_document_is_stale(name: str) -> None:
    """What is committed is what the code makes."""
    assert documents()[name] == (DOCS / name).read_text("utf-8"), "run `python -m ops.reference docs`"


def test_no_published_schema_is_broken() -> None:
    """Whoever reads our topics today can read them tomorrow."""
    assert incompatible(DOCS) == []


def test_every_published_version_keeps_its_schema() -> None:
    """A file that no event makes is that of an older version, and its event lives on."""
    older = {path.name for path in (DOCS / "schemas").iterdir()} - {file_name(event) for event in events()}
    types = {event.type for event in events()}
    assert [name for name in older if re.sub(r"\.v\d+\.json$", "", name) not in types] == []


@pytest.mark.parametrize("event", events(), ids=file_name)
def test_every_schema_is_one(event: type[Event]) -> None:
    """It is valid draft 2020-12, and a record names it in its headers."""
    jsonschema.Draft202012Validator.check_schema(schema(event))


@pytest.mark.parametrize("event", SAMPLES, ids=lambda event: event.type)
def test_events_follow_their_schemas(event: Event) -> None:
    """What is written is what the schema says, and the header ``ce_dataschema`` is the schema's ``$id``."""
    found = schema(type(event))
    jsonschema.Draft202012Validator(found).validate(json.loads(encode(event)))
    assert header(headers(event, ce_id="1", source="test", time=NOW), "ce_dataschema") == found["$id"]


def test_a_schema_refuses_what_is_no_such_event() -> None:
    """It is not so wide that everything fits."""
    wrong = json.loads(encode(SAMPLES[1])) | {"ticket": {"id": 1}}
    assert not jsonschema.Draft202012Validator(schema(Routed)).is_valid(wrong)


def _object(required: tuple[str, ...] = (), **properties: Any) -> dict[str, Any]:
    part = {"type": "object", "properties": properties, "required": list(required)}
    return {"$ref": "#/$defs/A", "$defs": {"A": part, "B": {"type": "object", "properties": {"x": {"type": "string"}}}}}


TEXT, NUMBER = {"type": "string"}, {"type": "integer"}
KIND = {"enum": ["a", "b"]}


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (_object(a=TEXT), _object(), "a was removed"),
        (_object(a=TEXT), _object(a=NUMBER), "a had type string and has integer"),
        (_object(a=TEXT), _object(("a",), a=TEXT), "a is required now"),
        (_object(("a",), a=TEXT), _object(a=TEXT), "a was always there and need not be there now"),
        (_object(), _object(("a",), a=TEXT), "a is required now"),
        (_object(k=KIND), _object(k={"enum": ["a", "c"]}), "k cannot be b any more"),
        (_object(k=TEXT), _object(k=KIND), "k got enum"),
        (_object(a=TEXT | {"default": ""}), _object(a=TEXT | {"default": "x"}), "a had default  and has x"),
        (_object(a=TEXT), _object(a=TEXT | {"maxLength": 5}), "a had maxLength None and has 5"),
        (_object(l={"items": TEXT}), _object(l={"items": NUMBER}), "l[] had type string and has integer"),
        (_object(a={"anyOf": [TEXT, {"type": "null"}]}), _object(a={"anyOf": [TEXT]}), "a has other types"),
        (_object(a={"$ref": "#/$defs/B"}), _object(a=TEXT), "a had type object and has string"),
    ],
)
def test_an_incompatible_change_is_named(old: dict[str, Any], new: dict[str, Any], expected: str) -> None:
    """Each kind of change that breaks somebody is found, with its place."""
    assert expected in breaks(old, new)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (_object(a=TEXT), _object(a=TEXT, b=TEXT)),
        (_object(k=KIND), _object(k={"enum": ["a", "b", "c"]})),
        (_object(a=TEXT), _object(a=TEXT | {"description": "better said"})),
        (_object(a={"$ref": "#/$defs/A"}), _object(a={"$ref": "#/$defs/A"})),
    ],
)
def test_a_compatible_change_is_allowed(old: dict[str, Any], new: dict[str, Any]) -> None:
    """Further optional fields, further values, better words; and a type may hold itself."""
    assert breaks(old, new) == []


def test_the_command_refuses_to_break_a_schema(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing is written, and what would break is said."""
    assert main(tmp_path) == 0
    path = tmp_path / "schemas" / file_name(Fate)
    path.write_text(path.read_text("utf-8").replace('"routed"', '"routed", "lost"'), "utf-8")
    (tmp_path / "asyncapi.json").unlink()
    assert main(tmp_path) == 1
    assert "switchboard.fate.v1.json: outcome cannot be lost any more" in capsys.readouterr().err
    assert not (tmp_path / "asyncapi.json").exists()


def test_every_topic_has_its_doorway() -> None:
    """The AsyncAPI document knows each declared topic, and no other."""
    assert set(DOORWAYS) == {spec.name for spec in TOPICS}


def test_doorways_say_who_reads() -> None:
    """The stages that read a topic are those that the document names."""
    stages = wiring.stages(Config())
    for topic, doorway in DOORWAYS.items():
        reading = {stage.name.partition(".")[0] for stage in stages if topic in stage.inputs}
        assert reading == set(doorway.readers) & {stage.name.partition(".")[0] for stage in stages}, topic


def test_references_of_the_asyncapi_document_exist() -> None:
    """Each ``$ref`` leads to a part of the document or to a file beside it."""
    made = document(channels.names())
    for reference in _references(made):
        if reference.startswith("#/"):
            part: Any = made
            for step in reference.removeprefix("#/").split("/"):
                part = part[step]
        else:
            assert (DOCS / reference).is_file()


def _references(part: Any) -> list[str]:
    if isinstance(part, dict):
        own = [part["$ref"]] if isinstance(part.get("$ref"), str) else []
        return own + [found for value in part.values() for found in _references(value)]
    return [found for item in part for found in _references(item)] if isinstance(part, list) else []


def test_raw_topics_of_all_channels_are_in_the_asyncapi_document() -> None:
    """One channel with a parameter stands for them."""
    raw = document(channels.names())["channels"]["raw"]
    assert (raw["address"], raw["parameters"]["channel"]["enum"]) == (f"{RAW}{{channel}}", list(channels.names()))


def test_the_rules_of_the_reference_are_rules(tmp_path: Path) -> None:
    """What it shows can be copied into a configuration."""
    shown = re.findall(r"```toml\n(.*?)```", (DOCS / "configuration.md").read_text("utf-8"), re.DOTALL)
    assert len(shown) == 1
    path = tmp_path / "switchboard.toml"
    path.write_text(shown[0], "utf-8")
    wiring.stages(load(path))
    assert list(tomllib.loads(shown[0])) == ["rules"]
