"""Markup, blocks and attachments as the text that a person sees."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import pytest

from connectors._slack.mrkdwn import mentioned, plain
from connectors.slack import Slack
from normalizer.errors import Rejected
from tests.servers.corpora import CORPORA, needs_corpora
from tests.unit.connectors.slack_told import one, raw, said

there = needs_corpora


@pytest.mark.parametrize(
    ("marked", "shown"),
    [
        ("<@U1> and <@U2> and <@U3|carol>", "@Ann Lee and @U2 and @carol"),
        ("in <#C1|support> and <#C2>", "in #support and #C2"),
        ("<!here> <!channel> <!subteam^S1|@ops> <!subteam^S2>", "@here @channel @ops @S2"),
        ("<!date^1392734382^{date}|Feb 18>", "Feb 18"),
        ("<https://x.test/a|our page> <https://x.test/a>", "our page (https://x.test/a) https://x.test/a"),
        ("<https://x.test|x.test> <mailto:a@x.test|a@x.test>", "https://x.test a@x.test"),
        ("1 &lt; 2 &amp;&amp; 3 &gt; 2 &amp;lt;", "1 < 2 && 3 > 2 &lt;"),
        ("*bold* _it_ `code` a < b >", "*bold* _it_ `code` a < b >"),
    ],
)
def test_mrkdwn_becomes_what_is_shown(marked: str, shown: str) -> None:
    """References by their names; escapes once; what is no reference stays."""
    assert plain(marked, {"U1": "Ann Lee"}) == shown


def test_who_is_mentioned_is_looked_up_once() -> None:
    """In order, without repeats."""
    assert mentioned("<@U1> <@W2|x> <@U1> <#C1> <@>") == ["U1", "W2"]


def section(text: str) -> dict[str, Any]:
    """A block with markup."""
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}}


def test_all_blocks_are_read_when_there_is_no_text() -> None:
    """Not only the first, and of every type."""
    blocks = [
        {"type": "header", "text": {"type": "plain_text", "text": "Alert & more"}},
        section("CPU of <https://x.test|web-1>"),
        {"type": "section", "fields": [{"type": "mrkdwn", "text": "*Env*"}, {"type": "plain_text", "text": "prod"}]},
        {"type": "divider"},
        {"type": "context", "elements": [{"type": "image", "alt_text": "icon"}, {"type": "mrkdwn", "text": "by bot"}]},
        {"type": "input", "label": {"text": "Why"}, "element": {"placeholder": {"text": "tell us"}}},
        {"type": "actions", "elements": [{"type": "button", "text": {"text": "Ack"}}]},
        {"type": "image", "title": {"text": "Graph"}, "image_url": "https://x.test/g.png", "alt_text": "graph"},
        {"type": "markdown", "text": "# Done"},
        {"type": "table", "rows": [[{"type": "raw_text", "text": "a"}, {"type": "raw_text", "text": "b"}]]},
    ]
    found = one(said("", bot_id="B9", blocks=blocks))
    assert found.text == (
        "Alert & more\nCPU of web-1 (https://x.test)\n*Env*\nprod\nicon\nby bot\nWhy\ntell us\nAck\nGraph\n# Done\na | b"
    )
    assert found.degradations == ()


def test_blocks_say_more_than_the_summary_beside_them() -> None:
    """The text of an app's message is for the notification; a person's text is what was typed."""
    assert one(said("New alert", blocks=[section("disk full on db-1")])).text == "New alert\ndisk full on db-1"
    assert one(said("disk full", blocks=[section("disk full on db-1")])).text == "disk full on db-1"
    typed = {
        "type": "rich_text",
        "elements": [{"type": "rich_text_section", "elements": [{"type": "text", "text": "x"}]}],
    }
    assert one(said("typed", blocks=[typed])).text == "typed"


def test_a_block_nobody_knows_is_named() -> None:
    """So that the message is there."""
    found = one(said("", blocks=[{"type": "hologram"}]))
    assert (found.text, found.degradations) == ("[hologram]", ("unsupported:hologram",))


def test_attachments_are_read_and_previews_are_not() -> None:
    """An old integration has all its words there; a preview of a link is nobody's word, a shared message is."""
    ticket = {"pretext": "New", "title": "#7", "text": "broken", "fields": [{"title": "Prio", "value": "1"}]}
    assert one(said("", attachments=[ticket])).text == "New\n#7\nbroken\nPrio: 1"
    assert one(said("", attachments=[{"fallback": "only this"}])).text == "only this"
    assert one(said("see", attachments=[{"from_url": "https://x.test", "text": "preview"}])).text == "see"
    shared = {"from_url": "https://x.slack.com/archives/C1/p1", "is_share": True, "text": "the original"}
    assert one(said("fyi", attachments=[shared])).text == "fyi\nthe original"


def test_deep_and_huge_blocks_are_bounded() -> None:
    """Elements within elements end somewhere, and the rest is read."""
    deep: dict[str, Any] = {"type": "text", "text": "bottom"}
    for _ in range(200):
        deep = {"type": "rich_text_section", "elements": [deep]}
    found = one(said("", blocks=[{"type": "rich_text", "elements": [deep]}, section("read")]))
    assert found.text == "read"


def test_blocks_of_wrong_types_stop_nothing() -> None:
    """Whatever stands where a text or a list should be."""
    odd = [
        {"type": ["x"]},
        {"elements": [{"type": {}}]},
        {"type": "rich_text", "elements": [{"type": [], "elements": 3}]},
    ]
    assert (
        one(said("typed", blocks=[*odd, "x", None], attachments=[7, {"fields": "x"}], files={"a": 1})).text == "typed"
    )


@there
def test_rich_text_of_the_corpus_is_read() -> None:
    """Lists, quotes, code, mentions, dates and links."""
    found = _payloads()
    rich = [payload["blocks"] for payload, kind in found if kind == "other:None" and "blocks" in payload]
    texts = [one(said("", blocks=blocks), users='{"U12345678": "Ann"}').text for blocks in rich]
    assert "- list item one\n- list item two" in texts[0]
    assert "> I am a basic quote block following rich text" in texts[0]
    assert "- @here\n- @channel\n- @everyone" in texts[1]
    assert "Slack API (https://api.slack.com)" in texts[1]
    assert "@Ann" in texts[1]


@there
def test_every_payload_of_the_corpus_has_the_right_action() -> None:
    """117 payloads of Slack's own tests: what each kind becomes, and none that crashes."""
    found: dict[str, Counter[str]] = {}
    for payload, kind in _payloads():
        found.setdefault(kind.removeprefix("inner:").removeprefix("other:"), Counter())[_became(payload)] += 1
    said_so = {"message", "app_mention", "app_mention:bot_message", "event_callback:app_mention", "message:me_message",
               "events_api", "interactive", "slash_commands", "dialog_submission", "message_action"}  # fmt: skip
    assert {kind for kind in said_so if set(found[kind]) != {"message"}} == set()
    assert found["event_callback:message"] == {"message": 1, "echo": 1}  # one is our own app's
    assert found["message:message_deleted"] == {"deletion": 1}
    assert found["event_callback:reaction_added"] == found["reaction_removed"] == {"reaction": 1}
    assert found["None"] == {"not-slack": 12}
    assert found["api_response"] == {"not-slack": 3}
    mixed = {"block_actions", "view_submission", "event_callback:message", "message:message_deleted", "reaction_removed",
             "event_callback:reaction_added", "None", "api_response"}  # fmt: skip
    rest = {kind: set(became) for kind, became in found.items() if kind not in said_so | mixed}
    assert {kind for kind, became in rest.items() if became != {"nothing"}} == set()
    assert len(rest) > 40
    assert {became for kind in ("block_actions", "view_submission") for became in found[kind]} == {"message", "nothing"}


@there
def test_no_schema_sample_crashes_the_reader() -> None:
    """Every event that Slack's Java SDK has logged, with its values blanked."""
    samples = sorted((CORPORA / "slack" / "json-logs" / "samples").rglob("*.json"))
    became = Counter(_became(json.loads(path.read_text("utf-8"))) for path in samples)
    assert sum(became.values()) == len(samples) > 100
    assert set(became) <= {"nothing", "not-slack", "no-id"}


def _payloads() -> list[tuple[dict[str, Any], str]]:
    found = json.loads((CORPORA / "slack" / "from_sdk_tests" / "payloads.json").read_text("utf-8"))
    return [(each["payload"], each["kind"]) for each in found]


def _became(payload: Any) -> str:
    try:
        found = Slack.read(raw(payload))
    except Rejected as rejected:
        return rejected.reason
    return "+".join(message.kind for message in found) or "nothing"
