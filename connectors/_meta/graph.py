"""What is asked of the Graph API: where a file is, what a person is called, how long the token lives.

Each question is one GET, bounded in time and bytes, and its failure costs nobody a message.
https://developers.facebook.com/docs/graph-api/guides/error-handling
"""

from __future__ import annotations

import logging
import re
import threading
import time
from collections import OrderedDict
from functools import cached_property

import httpx
import msgspec

from connectors._meta.json_view import NOTHING, Node

_ANSWER = 64 * 1024
_REMEMBERED = 10_000
_REVOKED = "190"
# Unknown and temporary errors, limits on calls, a token that was taken away: another time it may be answered.
_PASSES = re.compile(r"graph-(?:1|2|4|17|32|190|613|80\d\d\d|unreachable|http-5\d\d)")
_ID = re.compile(r"[A-Za-z0-9_.-]{1,200}")


class Refused(Exception):
    """Why the Graph API did not answer: a short slug such as ``graph-190``."""


class Graph:
    """The Graph API under one token. Safe for several threads. `problem` is set while the token is refused."""

    def __init__(self, url: str, token: str, *, seconds: float = 4.0, pause: float = 30.0) -> None:
        # At INFO the client logs whole addresses, and one of ours has the token in it.
        logging.getLogger("httpx").setLevel(logging.WARNING)
        self._url = url.rstrip("/")
        self._token = token
        self._seconds = seconds
        self._pause = pause
        self._not_before = 0.0
        self._names: OrderedDict[str, str] = OrderedDict()
        self._lock = threading.Lock()
        self.problem = ""

    @cached_property
    def _client(self) -> httpx.Client:
        return httpx.Client(timeout=self._seconds, trust_env=False)

    def media(self, media: str) -> str:
        """The url of a WhatsApp file, valid for five minutes. Raises `Refused`."""
        url = self._get(media, {})["url"].text
        if not url:
            raise Refused("graph-no-url")
        return url

    def name(self, person: str, fields: str) -> str:
        """What a person is called, "" when Meta does not say; asked once.

        While Meta is away, too busy or refuses the token nobody is asked for, so that names slow no message down.
        """
        with self._lock:
            known = self._names.get(person)
        if known is not None or time.monotonic() < self._not_before:
            return known or ""
        try:
            found = self._get(person, {"fields": fields})
        except Refused as refused:
            if _PASSES.fullmatch(str(refused)):
                self._not_before = time.monotonic() + self._pause
                return ""
            found = NOTHING  # a person who did not consent stays unknown
        whole = " ".join(filter(None, (found["first_name"].text, found["last_name"].text)))
        name = found["name"].text or whole or found["username"].text
        with self._lock:
            self._names[person] = name
            if len(self._names) > _REMEMBERED:
                self._names.popitem(last=False)
        return name

    def expiry(self) -> tuple[str, int]:
        """What is wrong with the token ("" for nothing), and the Unix time when it or its data access ends (0: never)."""
        found = self._get("debug_token", {"input_token": self._token})["data"]
        if found["is_valid"].value is False:
            return found["error"]["message"].text or "it is no longer valid", 0
        times = [found[name].text for name in ("expires_at", "data_access_expires_at")]
        ends = [int(text) for text in times if text.isascii() and text.isdigit() and int(text) > 0]
        return "", min(ends, default=0)

    def _get(self, path: str, query: dict[str, str]) -> Node:
        if not self._token:
            raise Refused("no-access-token")
        if not _ID.fullmatch(path):
            raise Refused("graph-no-id")
        headers = {"Authorization": f"Bearer {self._token}"}
        try:
            with self._client.stream("GET", f"{self._url}/{path}", params=query, headers=headers) as answer:
                body = b""
                for chunk in answer.iter_bytes():
                    body += chunk
                    if len(body) > _ANSWER:
                        raise Refused("graph-too-large")
        except (httpx.HTTPError, httpx.InvalidURL):
            raise Refused("graph-unreachable") from None
        return self._answer(answer.status_code, body)

    def _answer(self, status: int, body: bytes) -> Node:
        try:
            found = Node(msgspec.json.decode(body))
        except (msgspec.MsgspecError, ValueError, RecursionError):
            found = NOTHING
        error = found["error"]
        if error["code"].text == _REVOKED:
            self.problem = error["message"].text or "it is refused"
            raise Refused("graph-190")
        if status != 200 or error:
            code = error["code"].text if status < 500 else ""
            raise Refused(f"graph-{code}" if code else f"graph-http-{status}")
        self.problem = ""
        return found
