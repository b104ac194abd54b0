"""Payloads that nobody here wrote: from the tests of pywa and of Chatwoot."""

from __future__ import annotations

import json
from typing import Any

import pytest

from normalizer.errors import Rejected
from normalizer.events import Message
from tests.servers.corpora import ABSENT, CORPORA, WHY
from tests.unit.connectors.meta_posts import read

if ABSENT:
    pytest.skip(WHY, allow_module_level=True)


def pywa() -> list[tuple[str, Any]]:
    """Every payload, by file and name."""
    files = sorted((CORPORA / "pywa/tests/data/updates").glob("*.json"))
    return [(f"{file.stem}/{name}", post) for file in files for name, post in json.loads(file.read_text()).items()]


def chatwoot(part: str) -> list[dict[str, Any]]:
    """The payloads whose source has this in its name."""
    found = json.loads((CORPORA / "chatwoot/webhook_payloads.json").read_text())
    return [each for each in found if part in each["source"]]


def strings(value: Any) -> set[str]:
    """All texts in a payload."""
    if isinstance(value, dict):
        return set().union(*map(strings, value.values())) if value else set()
    if isinstance(value, list):
        return set().union(*map(strings, value)) if value else set()
    return {value} if isinstance(value, str) else set()


@pytest.mark.parametrize(("name", "post"), pywa())
def test_pywa_is_read_and_its_fields_are_kept(name: str, post: Any) -> None:
    """A message for each that a customer caused, with his ids and words; none for what concerns our templates."""
    found = read(json.dumps(post).encode())
    if name.startswith("template"):
        assert found == ()
        return
    (message,) = found
    value = post["entry"][0]["changes"][0]["value"]
    assert message.refs.provider.startswith(value["metadata"]["phone_number_id"])
    assert message.sender.name == "Test Name"
    assert not [note for note in message.degradations if note.startswith("unsupported")]
    shown = json.dumps(strings_of(message), ensure_ascii=False)
    for told in value.get("messages", ()):
        kept = strings(told[told["type"]]) - {told[told["type"]].get("type", ""), "user_action"}
        assert [text for text in kept if not text.startswith("{") and text not in shown] == []


def strings_of(message: Message) -> list[str]:
    """Everything that a reader of a message sees."""
    return [message.text, *message.fields.values(), *message.refs.parents, message.refs.own]


@pytest.mark.parametrize("each", chatwoot("instagram_message"), ids=lambda each: str(each["factory"]))
def test_instagram_of_chatwoot_is_read(each: dict[str, Any]) -> None:
    """Messages, standby, stories, unsend, echo; their times are ISO 8601."""
    (message,) = read(json.dumps({"object": "instagram", "entry": each["payload"]}).encode(), "instagram")
    told = each["payload"][0].get("messaging", each["payload"][0].get("standby"))[0]["message"]
    kind = "deletion" if told.get("is_deleted") else "echo" if told.get("is_echo") else "message"
    assert (message.kind, message.text) == (kind, told.get("text", "" if kind == "deletion" else "[story mention]"))
    assert message.sent_at is not None


@pytest.mark.parametrize(
    "each", chatwoot("whatsapp_events") + chatwoot("whatsapp/incoming"), ids=lambda each: str(each["name"])
)
def test_whatsapp_of_chatwoot_is_read(each: dict[str, Any]) -> None:
    """A message for each message and status; nothing for a change without any."""
    text = json.dumps(each["payload"])
    assert len(read(text.encode())) == text.count('"messages"') + text.count('"statuses"')


@pytest.mark.parametrize("channel", ["whatsapp", "messenger", "instagram"])
def test_posts_of_others_are_rejected_and_crash_nothing(channel: str) -> None:
    """Telegram, SMS, X: not ours, and said so."""
    for each in chatwoot(""):
        if "whatsapp" not in each["source"] and "instagram_message" not in each["source"]:
            with pytest.raises(Rejected, match="is no webhook post of Meta"):
                read(json.dumps(each["payload"]).encode(), channel)
