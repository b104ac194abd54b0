"""A stand-in of Slack: a workspace with its Web API, Socket Mode and the Events API, on the loopback.

It keeps what https://docs.slack.dev says of paging, cursors, rate limits, tokens, signatures, retries and refreshed
connections; the real clients of slack-sdk talk to it.
"""

from __future__ import annotations

import contextlib
import itertools
import time
from collections.abc import Sequence
from typing import Any
from uuid import uuid4

from starlette.routing import Route, WebSocketRoute

from connectors._http import HttpServer
from connectors.fakes._slack.outbox import ANSWER_SECONDS, RETRY_SECONDS, Outbox
from connectors.fakes._slack.webapi import Fault as Fault
from connectors.fakes._slack.webapi import WebApi
from connectors.fakes._slack.workspace import APP, BOT, TEAM, Json, Workspace
from connectors.fakes._slack.workspace import BOT_USER as BOT_USER

BOT_TOKEN = "xoxb-0000-fake-bot-token"  # noqa: S105 - of a workspace in memory
APP_TOKEN = "xapp-1-A0OURAPP-fake-app-token"  # noqa: S105 - as above
SIGNING_SECRET = "0123456789abcdef0123456789abcdef"  # noqa: S105 - as above


class FakeSlack:
    """One workspace where our app is installed. Use it in a ``with`` block; `api_url` is what the clients are given.

    What people do (`say`, `edit`, `delete`, `react`) changes the workspace and is sent as events: to the request url once
    `subscribe` was called, else over the sockets. ``heard=False`` sends nothing, as when Slack has given up.
    Without `marketplace` history and replies have one call each minute and 15 messages a page.
    """

    def __init__(
        self,
        *,
        answer_seconds: float = ANSWER_SECONDS,
        retry_seconds: tuple[float, ...] = RETRY_SECONDS,
        marketplace: bool = True,
    ) -> None:
        self.workspace = Workspace()
        self.outbox = Outbox(SIGNING_SECRET, answer_seconds, retry_seconds)
        self.web = WebApi(self.workspace, (BOT_TOKEN, APP_TOKEN), self._ticket, marketplace=marketplace)
        self._server = HttpServer(
            [
                Route("/api/{method}", self.web.answer, methods=["GET", "POST"]),
                Route("/files-pri/{file}/{name}", self.web.download),
                Route("/files-pri/{file}/download/{name}", self.web.download),
                Route("/login", self.web.login),
                WebSocketRoute("/link", self.outbox.serve),
            ]
        )
        self.url = f"http://127.0.0.1:{self._server.port}"
        self.api_url = f"{self.url}/api/"
        self._events = itertools.count(1)
        self._run = uuid4().hex[:6].upper()
        self._stack = contextlib.ExitStack()

    def __enter__(self) -> FakeSlack:
        self._stack.enter_context(self._server.in_thread())
        self._stack.callback(self.outbox.stop)
        self.outbox.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def clear(self) -> None:
        """An empty workspace again, with no faults and nothing on the way."""
        self.workspace.clear()
        self.web.clear()
        self.outbox.clear()

    def channel(self, key: str, name: str = "", **more: Any) -> None:
        """A conversation that the bot is in. `more` are other fields: ``is_im=True, user="U1"``, ``is_archived=True``."""
        self.workspace.channel(key, name, **more)

    def user(self, key: str, name: str, *, team: str = TEAM) -> None:
        """Somebody, of this workspace or, over Slack Connect, of another."""
        self.workspace.user(key, name, team=team)

    def subscribe(self, request_url: str) -> bool:
        """Set the request url of the Events API, when its owner answers the challenge."""
        self.outbox.request_url, challenge = request_url, uuid4().hex
        answer = self.outbox.post({"type": "url_verification", "token": "fake", "challenge": challenge})
        if answer.is_success and challenge in answer.text:
            return True
        self.outbox.request_url = ""
        return False

    def fail(self, method: str, *faults: Fault) -> None:
        """Let the next calls of a method fail."""
        self.web.fail(method, faults)

    def refresh(self, reason: str = "refresh_requested") -> None:
        """Announce to every socket that it will be closed (``warning``, ``refresh_requested``, ``link_disabled``)."""
        self.outbox.control({"type": "disconnect", "reason": reason, "debug_info": {"host": "applink-fake"}})

    def connected(self, seconds: float = 30.0) -> bool:
        """Wait until a socket is open; False when none was in time."""
        return self.outbox.opened.wait(seconds)

    def file(self, name: str, content: bytes, mimetype: str = "text/plain") -> str:
        """Upload a file; its id, for `say`."""
        return self.workspace.file(name, content, mimetype, self.url)

    def say(
        self, channel: str, user: str, text: str, *, files: Sequence[str] = (), heard: bool = True, **more: Any
    ) -> str:
        """Somebody writes, in a thread with ``thread_ts``; the ts is returned. `more` are other fields of the message."""
        ts, team = self.workspace.ts(), self.workspace.users.get(user, {}).get("team_id", TEAM)
        message: Json = {"type": "message", "user": user, "text": text, "ts": ts, "team": team}
        if user == BOT_USER:
            message |= {"bot_id": BOT, "app_id": APP, "bot_profile": {"id": BOT, "app_id": APP, "team_id": TEAM}}
        if files:
            message |= {"subtype": "file_share", "files": [self.workspace.files[each] for each in files]}
        message |= more
        self.workspace.add(channel, message)
        if heard:
            self._tell(channel, message)
            if f"<@{BOT_USER}>" in text and not channel.startswith("D"):
                mention = {name: value for name, value in message.items() if name != "subtype"}
                self.send({**mention, "type": "app_mention", "channel": channel, "event_ts": ts})
        return ts

    def edit(self, channel: str, ts: str, text: str, *, heard: bool = True) -> None:
        """The author changes a message."""
        at = self.workspace.ts()
        author = next(each["user"] for each in self.workspace.messages[channel] if each["ts"] == ts)
        before, after = self.workspace.change(channel, ts, text=text, edited={"user": author, "ts": at})
        if heard:
            self._changed(channel, before, after, at)

    def unfurl(self, channel: str, ts: str, attachment: Json) -> None:
        """Slack adds the preview of a link, by the same event as for an edit."""
        before, after = self.workspace.change(channel, ts, attachments=[attachment])
        self._changed(channel, before, after, self.workspace.ts())

    def delete(self, channel: str, ts: str, *, heard: bool = True) -> None:
        """The author deletes a message."""
        at, before = self.workspace.ts(), self.workspace.remove(channel, ts)
        event = {"subtype": "message_deleted", "hidden": True, "deleted_ts": ts, "previous_message": before, "ts": at}
        if before.get("reply_count"):
            now = next(each for each in self.workspace.messages[channel] if each["ts"] == ts)
            event = {"subtype": "message_changed", "hidden": True, "message": now, "previous_message": before, "ts": at}
        if heard:
            self._tell(channel, {"type": "message", **event})

    def react(self, channel: str, ts: str, user: str, sign: str, *, added: bool = True) -> None:
        """Somebody puts a sign under a message, or takes it away."""
        found = self.workspace.react(channel, ts, user, sign, added=added)
        item = {"type": "message", "channel": channel, "ts": ts}
        event = {
            "type": "reaction_added" if added else "reaction_removed",
            "user": user,
            "reaction": sign,
            "item": item,
        }
        self.send({**event, "item_user": found.get("user"), "event_ts": self.workspace.ts()})

    def send(self, event: Json) -> str:
        """Send an event; its id."""
        callback = self.callback(event)
        self.outbox.put(callback)
        return str(callback["event_id"])

    def callback(self, event: Json) -> Json:
        """The payload around an event. Of a message from another workspace the outer team is that one."""
        installed = {"enterprise_id": None, "team_id": TEAM, "user_id": BOT_USER, "is_bot": True}
        return {
            "token": "fake",
            "team_id": event.get("team", TEAM),
            "api_app_id": APP,
            "event": event,
            "type": "event_callback",
            "event_id": f"Ev{self._run}{next(self._events):06d}",
            "event_time": int(time.time()),
            "authorizations": [installed],
            "is_ext_shared_channel": event.get("team", TEAM) != TEAM,
        }

    def _changed(self, channel: str, before: Json, after: Json, at: str) -> None:
        event = {"subtype": "message_changed", "hidden": True, "message": after, "previous_message": before, "ts": at}
        self._tell(channel, {"type": "message", **event})

    def _tell(self, channel: str, event: Json) -> None:
        place = self.workspace.channels[channel]
        kind = "im" if place["is_im"] else "mpim" if place["is_mpim"] else "channel"
        self.send({**event, "channel": channel, "event_ts": event["ts"], "channel_type": kind})

    def _ticket(self) -> str:
        return f"ws://127.0.0.1:{self._server.port}/link?ticket={uuid4().hex}"
