"""What is read from the events of Slack: each trap by its name."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from connectors.slack import Slack
from normalizer.errors import Rejected
from tests.unit.connectors.slack_told import callback, id_of, one, raw, read, said

ROOT = "1700000000.000100"
ITEM = f"C1:{ROOT}"


def test_the_same_message_as_message_and_app_mention_has_one_id() -> None:
    """By socket, door and history too: conversation and ts make the id."""
    socket = {"envelope_id": "e", "type": "events_api", "payload": callback(said())}
    history = {name: value for name, value in said().items() if name not in ("channel", "channel_type")}
    found = [
        one(said()),
        one(said(type="app_mention", channel_type=None)),
        *Slack.read(raw(socket)),
        *Slack.read(raw(history, channel="C1", via="history", team="T1")),
    ]
    assert {message.id for message in found} == {id_of(ITEM)}
    assert {message.refs.provider for message in found} == {ITEM}
    assert {message.sender.address for message in found} == {"T1:U1"}


def test_a_ts_is_never_a_float() -> None:
    """Two that differ in the last digit are two messages, and trailing zeros are kept."""
    first, second = one(said(ts="1700000000.000100")), one(said(ts="1700000000.000101"))
    assert first.id != second.id
    assert first.refs.own.endswith(".000100")
    assert first.sent_at is not None
    assert first.sent_at.microsecond == 100


def test_a_reply_to_a_parent_that_was_not_seen_belongs_to_its_thread() -> None:
    """The thread's ts names the conversation, whoever saw its root."""
    reply = one(said(ts="1700000005.000200", thread_ts=ROOT, user="U2"))
    assert (reply.refs.provider, reply.refs.parents) == (ITEM, (ITEM,))


def test_a_thread_broadcast_is_a_reply() -> None:
    """It is shown in the channel as well, and stays in its thread."""
    found = one(said(subtype="thread_broadcast", ts="1700000005.000200", thread_ts=ROOT, root={"user": "U2"}))
    assert (found.kind, found.refs.provider, found.degradations) == ("message", ITEM, ())


@pytest.mark.parametrize("kind", ["im", "mpim"])
def test_a_direct_message_is_one_conversation(kind: str) -> None:
    """Among a few people there is one talk, threads or not; an app_mention does not say that, the hand does."""
    found = [
        one(said(channel="G1", channel_type=kind)),
        one(said(channel="G1", channel_type=kind, ts="1700000005.000200", thread_ts=ROOT)),
        one(said(channel="G1", channel_type=None, type="app_mention"), channeltype=kind),
        one(said(channel="D1", channel_type=None)),
    ]
    assert [message.refs.provider for message in found] == ["G1", "G1", "G1", "D1"]


def test_a_guest_of_slack_connect_belongs_to_the_other_workspace() -> None:
    """The person's team is the sender's; the outer team may be either side, and the id is the same."""
    guest = said(user="U9", team="T9", user_team="T9", source_team="T9")
    ours, theirs = Slack.read(raw(callback(guest)))[0], Slack.read(raw(callback(guest, team_id="T9")))[0]
    assert (ours.sender.address, ours.fields["team"]) == ("T9:U9", "T9")
    assert (ours.id, ours.refs) == (theirs.id, theirs.refs)
    reaction = {"type": "reaction_added", "user": "U9", "reaction": "eyes", "item": {"channel": "C1", "ts": ROOT}}
    assert one(reaction, teams='{"U9": "T9"}').sender.address == "T9:U9"


def changed(now: dict[str, Any], before: dict[str, Any] | None) -> dict[str, Any]:
    """A message_changed event."""
    event = {
        "type": "message",
        "subtype": "message_changed",
        "channel": "C1",
        "ts": "1700000009.000900",
        "message": now,
    }
    return event if before is None else {**event, "previous_message": before}


def test_message_changed_is_an_edit() -> None:
    """About the message, in its conversation, with an id of its own for each version."""
    now = said("better", edited={"user": "U1", "ts": "1700000009.000000"}, thread_ts="1690000000.000100")
    found = one(changed(now, said("good")))
    assert (found.kind, found.text, found.about, found.refs.parents) == ("edit", "better", id_of(ITEM), (ITEM,))
    assert found.id == id_of(f"{ITEM};edit;1700000009.000000")
    assert found.refs.provider == "C1:1690000000.000100"
    in_history = Slack.read(raw(now, channel="C1", via="edit"))
    assert (in_history[0].id, in_history[0].kind) == (found.id, "edit")


@pytest.mark.parametrize(
    ("now", "before"),
    [
        (
            said("see https://x.test", attachments=[{"from_url": "https://x.test", "text": "x"}]),
            said("see https://x.test"),
        ),
        (said("root", reply_count=2, latest_reply="1700000009.000100"), said("root")),
        (said("a", edited={"ts": "1.1"}), said("a", edited={"ts": "1.1"})),
        (said("no edit is shown"), None),
        (said("New chat", subtype="assistant_app_thread", edited={"ts": "1.2"}), said("chat")),
    ],
)
def test_an_unfurled_link_is_no_edit(now: dict[str, Any], before: dict[str, Any] | None) -> None:
    """Slack sends the same event for previews, counters and titles."""
    assert read(changed(now, before)) == ()


def test_message_deleted_is_a_deletion() -> None:
    """With the deleted message's author, thread and id."""
    event = {
        "type": "message",
        "subtype": "message_deleted",
        "channel": "C1",
        "deleted_ts": ROOT,
        "ts": "1700000009.000900",
    }
    found = one({**event, "previous_message": said("oops", thread_ts="1690000000.000100", files=[{"id": "F1"}])})
    assert (found.kind, found.about, found.refs.parents, found.text) == ("deletion", id_of(ITEM), (ITEM,), "")
    assert (found.sender.address, found.refs.provider) == ("T1:U1", "C1:1690000000.000100")
    assert one(event).refs.provider == ""  # a thread that is not told is not guessed


def test_a_tombstone_is_a_deletion() -> None:
    """Of a deleted message with replies something stays, in an event and in a history; both are the same deletion."""
    gone = {"type": "message", "subtype": "tombstone", "user": "USLACKBOT", "ts": ROOT, "thread_ts": ROOT}
    live = one(changed(gone, said("oops")))
    (later,) = Slack.read(raw(gone, channel="C1", via="history"))
    assert (live.kind, live.id) == (later.kind, later.id) == ("deletion", id_of(f"{ITEM};deletion"))


def test_our_own_bot_is_an_echo() -> None:
    """By the app's id, by what auth.test says, or by the settings: no loop can begin."""
    answer = said(bot_id="B1", user="U0BOT", thread_ts="1690000000.000100", parent_user_id="U7")
    assert one({**answer, "app_id": "A1"}).kind == "echo"
    assert one({**answer, "bot_profile": {"app_id": "A1"}}).kind == "echo"
    found = one(answer, own="U0BOT B1")
    assert (found.kind, [each.address for each in found.to]) == ("echo", ["T1:U7"])
    assert one(said(), own="T1").kind == "echo"
    assert one(said(team=None), own="T1", teams='{"U1": "T1"}').kind == "echo"
    assert one(said(channel="D1", user="U0BOT"), own="U0BOT", partner="U3").to[0].address == "T1:U3"


def test_what_our_own_bot_changes_is_outgoing() -> None:
    """Its edits and deletions name whom it had answered; those of others are their own."""
    before = said("v1", user="U0BOT", bot_id="B1", thread_ts="1690000000.000100", parent_user_id="U7")
    edited = changed({**before, "text": "v2", "edited": {"user": "U0BOT", "ts": "1700000003.000000"}}, before)
    gone = {
        "type": "message",
        "subtype": "message_deleted",
        "channel": "C1",
        "deleted_ts": ROOT,
        "ts": "1700000009.000900",
    }
    for event, kind in ((edited, "edit"), ({**gone, "previous_message": before}, "deletion")):
        found = one(event, own="U0BOT B1")
        assert (found.kind, found.outgoing, [each.address for each in found.to]) == (kind, True, ["T1:U7"])
        other = one(event)
        assert (other.outgoing, other.to) == (False, ())


def test_another_bot_is_heard_and_starts_no_loop() -> None:
    """Forms and alerts come from bots; but a bot that answers us is an automatic reply, and so is Slackbot."""
    form = one(said("a form", subtype="bot_message", user=None, bot_id="B9", username="Intake"))
    assert (form.kind, form.sender.address, form.sender.name, form.fields["bot"]) == (
        "message",
        "T1:B9",
        "Intake",
        "B9",
    )
    again = one(said(bot_id="B9", user="U9", thread_ts="1690000000.000100", parent_user_id="U0BOT"), own="U0BOT")
    assert again.kind == "auto_reply"
    assert one(said(user="USLACKBOT")).kind == "auto_reply"


@pytest.mark.parametrize(("kind", "action", "text"), [("added", "added", ":tada:"), ("removed", "removed", "")])
def test_a_reaction_is_about_its_message(kind: str, action: str, text: str) -> None:
    """Each of them has an id of its own."""
    item = {"type": "message", "channel": "C1", "ts": ROOT}
    event = {
        "type": f"reaction_{kind}",
        "user": "U2",
        "reaction": "tada",
        "item": item,
        "event_ts": "1700000007.000700",
    }
    found = one(event)
    assert (found.kind, found.about, found.refs.parents, found.text) == ("reaction", id_of(ITEM), (ITEM,), text)
    assert (found.fields["action"], found.sender.address) == (action, "T1:U2")
    assert read({**event, "item": {"type": "file", "file": "F1"}}) == ()


@pytest.mark.parametrize(
    "subtype",
    ["channel_join", "channel_leave", "channel_topic", "group_join", "pinned_item", "bot_add", "message_replied"],
)
def test_channel_join_and_the_like_concern_nobody(subtype: str) -> None:
    """They are kept in the raw topic and are no messages."""
    assert read(said("<@U1> has joined the channel", subtype=subtype)) == ()


@pytest.mark.parametrize(
    "kind", ["user_typing", "member_joined_channel", "file_shared", "team_join", "app_home_opened"]
)
def test_events_without_words_concern_nobody(kind: str) -> None:
    """There are more than a hundred of them."""
    assert read({"type": kind, "channel": "C1", "user": "U1"}) == ()


def test_an_unknown_subtype_is_kept() -> None:
    """With its text or with its name, and marked."""
    assert one(said("words", subtype="newest_thing")).degradations == ("unsupported:newest_thing",)
    assert one(said("", subtype="newest_thing")).text == "[newest_thing]"


def test_me_message_is_a_message() -> None:
    """What ``/me`` wrote."""
    assert (one(said("waves", subtype="me_message")).kind, one(said("waves", subtype="me_message")).text) == (
        "message",
        "waves",
    )


def test_files_that_were_not_fetched_are_said() -> None:
    """A message of a file alone still says which; files elsewhere are links, deleted ones are gone."""
    only = one(said("", subtype="file_share", files=[{"id": "F1", "name": "bill.pdf", "url_private": "https://x"}]))
    assert (only.text, only.degradations) == ("[file: bill.pdf]", ("media-missing:not-fetched",))
    media = msgspec.json.encode([{"url": "https://x", "sha256": "ab", "size": 3, "name": "bill.pdf"}]).decode()
    fetched = one(said("", subtype="file_share", files=[{"id": "F1", "name": "bill.pdf"}]), media=media)
    assert ([each.name for each in fetched.attachments], fetched.degradations) == (["bill.pdf"], ())
    elsewhere = {"is_external": True, "title": "Plan", "url_private": "https://docs.test/1"}
    assert one(said("look", files=[elsewhere, {"mode": "tombstone"}])).text == (
        "look\nPlan https://docs.test/1\n[a file that is no longer there]"
    )


def test_what_a_form_and_a_shortcut_say_is_read() -> None:
    """A submitted view by its labels; a shortcut with the message that it was used on."""
    state = {"values": {"b1": {"a": {"type": "plain_text_input", "value": "It broke"}}}}
    view = {"blocks": [{"block_id": "b1", "label": {"text": "What happened?"}}], "state": state}
    form = {"type": "view_submission", "user": {"id": "U1"}, "team": {"id": "T1"}, "trigger_id": "1", "view": view}
    (found,) = Slack.read(raw(form))
    assert (found.text, found.sender.address) == ("What happened?: It broke", "T1:U1")
    used = {"type": "message_action", "callback_id": "ticket", "user": {"id": "U1"}, "trigger_id": "2",
            "channel": {"id": "C1"}, "message": said("old words"), "response_url": "https://x"}  # fmt: skip
    (shortcut,) = Slack.read(raw(used))
    assert (shortcut.text, shortcut.refs.provider, shortcut.refs.parents) == ("[ticket]\nold words", ITEM, (ITEM,))


@pytest.mark.parametrize("body", [{"ok": True}, callback(said(ts="")), callback(said(channel=""))])
def test_what_slack_does_not_send_is_rejected(body: dict[str, Any]) -> None:
    """With a reason that can be counted."""
    with pytest.raises(Rejected, match="see who sends it"):
        Slack.read(raw(body))
