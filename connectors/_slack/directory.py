"""What a delivery only names: people, files, the kind of a conversation, ourselves. Looked up by the hand, and remembered.

Nothing here holds up a message for long, since Slack wants its answer within three seconds: what is not known by then
is left out, and said.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Any
from urllib.parse import urlsplit

import msgspec

from connectors._base import Blobs
from connectors._media import Fetched, Media, Wanted, noted
from connectors._slack.api import Api, Limited, Refused
from connectors._slack.context import CHANNEL_TYPE, OWN, PARTNER, TEAM, TEAMS, USERS
from connectors._slack.messages import is_hosted
from connectors._slack.mrkdwn import mentioned
from connectors._slack.payload import channel_of
from connectors._slack.settings import SlackSettings
from connectors._slack.value import Json, first, items, mapping, text
from normalizer.errors import Misconfigured, Retriable

IN_TIME = 2.0
"""Seconds for the look-ups of a delivery whose sender waits."""

_HOST = "files.slack.com"
_REMEMBERED = 2_000
_FRESH, _AGAIN = 3600.0, 60.0  # seconds until an answer, or a failure, is asked for anew
_MOST_NAMES, _MOST_FILES, _WORKERS = 20, 20, 8


class Directory:
    """Look-ups of one account with its bot token; without one nothing is looked up."""

    def __init__(self, settings: SlackSettings, who: str, blobs: Blobs) -> None:
        self._settings = settings
        self._api = Api(settings, who, token=settings.bot_token, seconds=IN_TIME)
        self._media = Media(
            (_HOST,),
            blobs,
            headers={"Authorization": f"Bearer {settings.bot_token}"},
            insecure="{0.scheme}://{0.netloc}".format(urlsplit(settings.api_url)) if settings.on_loopback else "",
            limit=settings.max_file_bytes,
        )
        self._pool = ThreadPoolExecutor(_WORKERS, thread_name_prefix="slack-look-up")
        self._known: OrderedDict[tuple[str, str], tuple[float, Json]] = OrderedDict()
        self._lock = threading.Lock()
        self._ends: float | None = None

    def seconds_left(self) -> float | None:
        """Until the token ends, where Slack has said so (token rotation)."""
        return None if self._ends is None else self._ends - time.monotonic()

    def attributes(self, event: Json, seconds: float, place: Json | None = None) -> dict[str, str]:
        """What the reader is told of an event, after `seconds` at most. `place` is its conversation, if the caller has it."""
        told = {OWN: " ".join(self._settings.own)} if self._settings.own else {}
        if not self._settings.bot_token:
            return told
        files = [(each, self._pool.submit(self._file, each)) for each in _files(event)]
        people = {user: self._ask("users.info", "user", user) for user in _people(event)}
        me = self._ask("auth.test", "", "")
        where: Future[Json] = _known(place or {})
        if place is None and _is_vague(event):
            where = self._ask("conversations.info", "channel", channel_of(event))
        asked: list[Future[Any]] = [me, where, *people.values(), *(future for _, future in files)]
        wait(asked, seconds)
        fetched = [_fetched(each, future) for each, future in files]
        found = place if place is not None else mapping(_answer(where).get("channel"))
        users = {user: mapping(_answer(each).get("user")) for user, each in people.items()}
        return told | self._of_us(_answer(me)) | _of_users(users) | _of_place(found) | noted(fetched)

    def _of_us(self, me: Json) -> dict[str, str]:
        ours = [*self._settings.own, *(text(me.get(name)) for name in ("user_id", "bot_id", "app_id"))]
        told = {OWN: " ".join(filter(None, ours)), TEAM: text(me.get("team_id"))}
        return {name: value for name, value in told.items() if value}

    def _ask(self, method: str, name: str, value: str) -> Future[Json]:
        """The answer of a method, remembered by its argument; {} when there is none."""
        with self._lock:
            until, found = self._known.get((method, value), (0.0, {}))
        if time.monotonic() < until:
            return _known(found)
        return self._pool.submit(self._look_up, method, name, value)

    def _look_up(self, method: str, name: str, value: str) -> Json:
        try:
            found = self._api.call(method, **({name: value} if name else {}))
        except (Refused, Limited, Misconfigured, Retriable):
            found = {}
        now = time.monotonic()
        with self._lock:
            self._known[method, value] = (now + (_FRESH if found else _AGAIN), found)
            self._known.move_to_end((method, value))
            while len(self._known) > _REMEMBERED:
                self._known.popitem(last=False)
        if isinstance(lasts := found.get("expires_in"), int):
            self._ends = now + lasts
        return found

    def _file(self, file: Json) -> Fetched:
        """One file; its details first where the event leaves them out, as it does for those of other workspaces."""
        known = file
        if file.get("file_access") == "check_file_info" or not text(file.get("url_private")):
            known = mapping(self._look_up("files.info", "file", text(file.get("id"))).get("file")) or file
        wanted = _wanted(known)
        if not wanted.url:
            return _missing(wanted, "no-address")
        try:
            (fetched,) = self._media.fetch([wanted])
        except OSError as error:
            return _missing(wanted, type(error).__name__)
        if fetched.content_type == "text/html" and wanted.content_type != "text/html":
            return _missing(wanted, "login-page")  # what Slack shows to whom it does not let in
        return fetched


def _files(event: Json) -> list[Json]:
    said = mapping(event.get("message")) if event.get("subtype") == "message_changed" else event
    return [file for file in items(said.get("files")) if is_hosted(file)][:_MOST_FILES]


def _people(event: Json) -> list[str]:
    """Whoever speaks and is mentioned in an event."""
    said = [event, mapping(event.get("message")), mapping(event.get("previous_message"))]
    users = [text(each.get("user")) for each in said]
    found = dict.fromkeys([*users, *(user for each in said for user in mentioned(text(each.get("text"))))])
    return [user for user in found if user][:_MOST_NAMES]


def _is_vague(event: Json) -> bool:
    """Whether an event leaves out of what kind its conversation is, or with whom we talk in it."""
    channel = channel_of(event)
    ours = bool(event.get("bot_id")) and channel.startswith("D")
    return bool(channel) and (ours or not (event.get("channel_type") or channel.startswith("D")))


def _of_place(place: Json) -> dict[str, str]:
    kinds = {"is_im": "im", "is_mpim": "mpim"}
    kind = next((kinds[name] for name in kinds if place.get(name)), "channel" if place else "")
    told = {CHANNEL_TYPE: kind, PARTNER: text(place.get("user")) if kind == "im" else ""}
    return {name: value for name, value in told.items() if value}


def _of_users(users: Mapping[str, Json]) -> dict[str, str]:
    told = {
        USERS: {user: name[:200] for user, found in users.items() if (name := _called(found))},
        TEAMS: {user: team[:50] for user, found in users.items() if (team := text(found.get("team_id")))},
    }
    return {name: msgspec.json.encode(values).decode() for name, values in told.items() if values}


def _called(user: Json) -> str:
    profile = mapping(user.get("profile"))
    return first((profile.get("display_name"), profile.get("real_name"), user.get("real_name"), user.get("name")))


def _wanted(file: Json) -> Wanted:
    url = first((file.get("url_private_download"), file.get("url_private")))
    return Wanted(url, first((file.get("name"), file.get("title"))), text(file.get("mimetype")))


def _missing(wanted: Wanted, error: str) -> Fetched:
    return Fetched(wanted.url[:2000], wanted.name[:200], wanted.content_type[:100], error=error)


def _fetched(file: Json, future: Future[Fetched]) -> Fetched:
    return future.result() if future.done() else _missing(_wanted(file), "late")


def _answer(future: Future[Json]) -> Json:
    return future.result() if future.done() else {}


def _known(found: Json) -> Future[Json]:
    future: Future[Json] = Future()
    future.set_result(found)
    return future
