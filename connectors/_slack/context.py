"""What the reader knows beside a message: where it was said, who we are, and what people are called."""

from __future__ import annotations

import re
from collections.abc import Mapping

import msgspec

from connectors._slack.payload import channel_of, direct, event_of, workspace
from connectors._slack.value import Json, first, mapping, text
from normalizer.events import Contact, RawEvent
from normalizer.identity import contact
from normalizer.ids import message_id

OWN = "own"
"""The attribute with the ids that speak for us, separated by blanks."""
TEAM = "team"
"""The attribute with the id of our workspace."""
USERS = "users"
"""The attribute with names by user id, as JSON."""
TEAMS = "teams"
"""The attribute with workspaces by user id, as JSON."""
CHANNEL = "channel"
"""The attribute with the conversation of a message that comes from a history, which does not say it."""
CHANNEL_TYPE = "channeltype"
"""The attribute with ``im``, ``mpim``, ``group`` or ``channel``, where the event does not say it."""
PARTNER = "partner"
"""The attribute with the other party of a direct message."""

_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f]")


class Context(msgspec.Struct, frozen=True):
    """Around one payload. `app` is the id of our own app, where the payload says it."""

    raw: RawEvent
    channel: str
    direct: bool
    team: str
    app: str
    own: frozenset[str]
    names: Mapping[str, str]
    teams: Mapping[str, str]
    partner: str

    @classmethod
    def of(cls, raw: RawEvent, found: Json) -> Context:
        """The context of a payload."""
        told, event = raw.attributes, event_of(found)
        channel = told.get(CHANNEL) or channel_of(event)
        return cls(
            raw=raw,
            channel=channel[:50],
            direct=direct(channel, told.get(CHANNEL_TYPE) or text(event.get("channel_type"))),
            team=told.get(TEAM) or workspace(found),
            app=text(found.get("api_app_id")),
            own=frozenset(told.get(OWN, "").split()),
            names=_by_id(told.get(USERS, "")),
            teams=_by_id(told.get(TEAMS, "")),
            partner=told.get(PARTNER, ""),
        )

    def item(self, ts: str) -> str:
        """The id of a message: a ts is unique within its conversation."""
        return f"{self.channel}:{ts}"

    def id(self, item: str) -> str:
        """The id of a message within Switchboard.

        The account stands for the workspace: of a shared channel Slack names now one side, now the other.
        """
        return message_id(self.raw.channel, self.raw.account, item)

    def provider(self, root: str) -> str:
        """The conversation of a thread; direct messages have only one."""
        return self.channel if self.direct else self.item(root)

    def is_ours(self, said: Json) -> bool:
        """Whether our own app, or somebody whom the settings name as our own, said it."""
        profile = mapping(said.get("bot_profile"))
        apps = {text(said.get("app_id")), text(profile.get("app_id"))} - {""}
        team = team_of(said) or self.teams.get(text(said.get("user")), "")
        return bool(self.app in apps or self.own & {*apps, *_speakers(said), team})

    def party(self, said: Json) -> Contact:
        """Who said it, in the workspace that the person belongs to."""
        speaker = next(iter(_speakers(said)), "")
        profile, bot = mapping(said.get("user_profile")), mapping(said.get("bot_profile"))
        called = (profile.get("display_name"), profile.get("real_name"), said.get("username"), bot.get("name"))
        name = first((self.names.get(speaker), *called))
        return self.person(speaker or "unknown", team_of(said), name)

    def person(self, user: str, team: str = "", name: str = "") -> Contact:
        """A user, of our own workspace when nothing else is known."""
        return contact(
            "slack", f"{team or self.teams.get(user) or self.team}:{user}", clean(name or self.names.get(user, ""))
        )


def team_of(said: Json) -> str:
    """The workspace of whoever said it; a guest of Slack Connect has another than the channel."""
    return first((said.get("user_team"), said.get("team"), mapping(said.get("user_profile")).get("team")))


def clean(said: str) -> str:
    """Without the control characters that no store takes."""
    return _CONTROL.sub("", said)


def _speakers(said: Json) -> list[str]:
    """The ids under which a message was said: the user's, the bot's."""
    return [each for name in ("user", "bot_id") if (each := text(said.get(name)))]


def _by_id(told: str) -> Mapping[str, str]:
    try:
        return msgspec.json.decode(told or "{}", type=dict[str, str])
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return {}
