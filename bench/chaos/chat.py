"""Browser tabs in a web chat: one for each person, which come back when the line is lost."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import msgspec
from websockets.exceptions import WebSocketException
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin

from bench.chaos.sources import ACCOUNT

_SECONDS = 10.0


class Chat:
    """The chat of one Switchboard, at `base`. A session that another one opened is known here too: they share the secret."""

    def __init__(self, base: str) -> None:
        self._base = base
        self._tabs: dict[int, ClientConnection] = {}
        self._tokens: dict[int, str] = {}

    def say(self, person: int, frame: dict[str, Any], token: str) -> str | None:
        """Say it and wait for the answer: the person's token, or None when the line is lost and all must be said again."""
        try:
            tab = self._tabs.get(person) or self._open(person, token)
            self._told(tab, frame)
        except (OSError, WebSocketException, TimeoutError):
            self._drop(person)
            return None
        return self._tokens[person]

    def close(self) -> None:
        """Close all tabs."""
        for person in list(self._tabs):
            self._drop(person)

    def _open(self, person: int, token: str) -> ClientConnection:
        url = f"ws{self._base.removeprefix('http')}/webchat/{ACCOUNT}/socket"
        tab = connect(url, origin=Origin(self._base), proxy=None, open_timeout=_SECONDS, close_timeout=0.1)
        self._tabs[person] = tab
        known = self._tokens.get(person, token)
        self._tokens[person] = self._told(tab, {"type": "hello", "token": known, "after": 0})["token"]
        return tab

    @staticmethod
    def _told(tab: ClientConnection, frame: dict[str, Any]) -> dict[str, Any]:
        tab.send(msgspec.json.encode(frame).decode())
        while True:
            answer: dict[str, Any] = msgspec.json.decode(tab.recv(timeout=_SECONDS))
            if answer["type"] == "refused":
                raise ConnectionError(f"the chat refused a frame: {answer}")
            if answer["type"] == "welcome" or answer.get("id") == frame.get("id", ""):
                return answer

    def _drop(self, person: int) -> None:
        tab = self._tabs.pop(person, None)
        if tab is not None:
            with suppress(OSError, WebSocketException):
                tab.close()
