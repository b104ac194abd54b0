"""Slack: channels, threads and direct messages that an app's bot is in.

Three ways, by what is configured: Socket Mode (`app_token`), the Events API over HTTP at ``/slack/ACCOUNT``
(`signing_secrets`), and history (`bot_token`), which brings what was said while neither was there. A message has one id,
made of its conversation and its ts, by whichever of them it comes, and however often.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from functools import partial
from typing import ClassVar

import msgspec
from starlette.routing import BaseRoute, Route

from connectors._base import Accept, Blobs, Page, Receiver
from connectors._recount import Listed, Recounted
from connectors._slack.deliveries import Deliveries
from connectors._slack.directory import Directory
from connectors._slack.door import Door
from connectors._slack.history import History
from connectors._slack.reading import read
from connectors._slack.settings import SlackSettings
from connectors._slack.socket import Sockets
from connectors._slack.value import Json, mapping, text
from normalizer.errors import Misconfigured
from normalizer.events import Message, RawEvent

_ACCOUNT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_HISTORY = "history"
_DAY = 86_400.0
_LIMITED_SECONDS = 3600.0
_REVOKED = ("tokens_revoked", "app_uninstalled")


class Slack(Receiver[SlackSettings], Recounted[SlackSettings]):
    """One app in one workspace. Its sources are its sockets (``socket-1`` …) and ``history``.

    Delivery: at least once. An envelope is acknowledged, and a request answered with 200, only after Kafka has it; what
    Slack gives up to send is found in the history, whose cursor is the ts of each conversation and moves after its page.
    Edits of messages are found there too; reactions, deletions and edits of replies of such a time are not, since
    a history does not tell them.
    """

    channel: ClassVar[str] = "slack"
    settings_type: ClassVar[type[msgspec.Struct]] = SlackSettings

    def __init__(self, account: str, settings: SlackSettings, blobs: Blobs) -> None:
        super().__init__(account, settings, blobs)
        if not _ACCOUNT.fullmatch(account):
            raise Misconfigured(
                f"channels.slack.{account}: an account is part of a url; use letters, digits, '.', '_' and '-'"
            )
        who = f"slack account {account}"
        self._directory = Directory(settings, who, blobs)
        deliveries = Deliveries(self.channel, account, self._directory)
        self._history = History(settings, who, deliveries)
        self._sockets = Sockets(settings, who, deliveries, self._heard)
        self._door = Door(
            settings.signing_secrets, f"channels.slack.{account}.signing_secrets", deliveries, self._heard
        )
        self._limited_at: float | None = None
        self._revoked = ""

    def __repr__(self) -> str:
        return f"Slack({self.account!r}, {self.settings!r})"

    def sources(self) -> Sequence[str]:
        """What the tokens allow."""
        sockets = range(1, self.settings.connections + 1) if self.settings.app_token else ()
        return [*(f"socket-{number}" for number in sockets), *([_HISTORY] if self.settings.bot_token else [])]

    def receive(self, source: str, position: bytes | None, stop: threading.Event) -> Iterator[Page]:
        """Pages of a socket, which has no position since Slack remembers what was not acknowledged, or of the history."""
        return self._history.pages(position, stop) if source == _HISTORY else self._sockets.pages(stop)

    def recount(
        self, source: str, since: datetime, known: Callable[[str], bool], stop: threading.Event
    ) -> Iterator[Listed]:
        """One round through the histories; a socket has none."""
        del known  # a round gives each message whole
        if source != _HISTORY:
            return
        for page in self._history.round(since, stop):
            yield Listed(len(page.events), page.events)

    def routes(self, accept: Accept) -> Sequence[BaseRoute]:
        """The request url for events, commands and interactions; none without a signing secret."""
        if not self.settings.signing_secrets:
            return []
        return [Route(f"/slack/{self.account}", partial(self._door.answer, accept), methods=["POST"])]

    def warnings(self) -> Sequence[str]:
        """A token that ends within a day or was revoked, and events that Slack held back."""
        found = [self._revoked] if self._revoked else []
        left = self._directory.seconds_left()
        if left is not None and left < _DAY:
            found.append(
                f"the bot_token of slack account {self.account} ends in {max(0.0, left) / 3600:.1f} hours: "
                "set a fresh one, or turn token rotation off"
            )
        if self._limited_at is not None and time.monotonic() - self._limited_at < _LIMITED_SECONDS:
            found.append(
                f"Slack held back events of slack account {self.account}, which come faster than it sends: "
                "they are read from the history"
            )
        return found

    @staticmethod
    def read(raw: RawEvent) -> tuple[Message, ...]:
        """The message of an event, a command or a click; none for what concerns nobody."""
        return read(raw)

    def _heard(self, found: Json) -> None:
        """Notice what Slack tells about the app itself."""
        if found.get("type") == "app_rate_limited":
            self._limited_at = time.monotonic()
        elif (kind := text(mapping(found.get("event")).get("type"))) in _REVOKED:
            self._revoked = (
                f"Slack told slack account {self.account} {kind}: install the app again and set the new token"
            )
