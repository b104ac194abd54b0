"""A stand-in of Meta: the Graph API, and the webhooks of WhatsApp, Messenger and Instagram, on the loopback interface.

Webhooks are as in https://developers.facebook.com/docs/graph-api/webhooks/getting-started: a handshake when a url is registered,
``X-Hub-Signature-256`` over a body whose slashes and other letters than ASCII are escaped, several entries with several updates
in a post, no order, and the same post again until it is answered with 200.
"""

from __future__ import annotations

import hmac
import json
import secrets
from contextlib import ExitStack
from types import TracebackType
from typing import NamedTuple, TypeVar

import httpx

from connectors._http import HttpServer
from connectors.fakes._meta.graph import VERSION, GraphApi
from connectors.fakes._meta.number import Number
from connectors.fakes._meta.outbox import Json, Outbox
from connectors.fakes._meta.page import Page
from normalizer.errors import Misconfigured

B = TypeVar("B", bound=Outbox)


class _Subscription(NamedTuple):
    object: str
    door: str


class _Post(NamedTuple):
    door: str
    body: bytes


class FakeMeta:
    """Meta, for one app. `url` is the Graph API; `graph` is what it knows."""

    def __init__(
        self,
        *,
        app_secret: str = "0123456789abcdef0123456789abcdef",  # noqa: S107 - of an app that is none
        verify_token: str = "a text of your choice",  # noqa: S107 - as above
        token: str = "EAAG-a-token",  # noqa: S107 - as above
    ) -> None:
        self.app_secret = app_secret
        self.verify_token = verify_token
        self.graph = GraphApi(token)
        self._boxes: list[Outbox] = []
        self._subscriptions: list[_Subscription] = []
        self._unanswered: list[_Post] = []
        self._stack = ExitStack()
        self._origin = ""

    def __enter__(self) -> FakeMeta:
        server = self._stack.enter_context(HttpServer(self.graph.routes()).in_thread())
        self._origin = f"http://127.0.0.1:{server.port}"
        self._client = self._stack.enter_context(httpx.Client(timeout=20, trust_env=False))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    @property
    def url(self) -> str:
        """The Graph API with its version: the setting `graph_url`."""
        return f"{self._origin}/{VERSION}"

    @property
    def settings(self) -> Json:
        """The settings of an account that is registered here."""
        token = {"access_token": self.graph.token, "graph_url": self.url}
        return {"app_secrets": [self.app_secret], "verify_token": self.verify_token, **token}

    def number(self, display: str = "15550783881", phone_number_id: str = "106540352242922") -> Number:
        """A WhatsApp number of this app."""
        return self._box(Number("102290129340398", phone_number_id, display))

    def page(self, page: str = "1045672890") -> Page:
        """A Facebook page of this app."""
        return self._box(Page("page", page))

    def instagram(self, account: str = "17841405822304914") -> Page:
        """An Instagram account of this app."""
        return self._box(Page("instagram", account))

    def public(self, content: bytes, content_type: str) -> str:
        """The url of a file on Meta's public network, where the files of Messenger and Instagram are."""
        return f"{self._origin}/cdn/{self.graph.add(content, content_type)}"

    def subscribe(self, object_: str, door: str) -> None:
        """Register a url for ``whatsapp_business_account``, ``page`` or ``instagram``; twice gives everything twice.

        Raises `Misconfigured` when the door does not answer the handshake.
        """
        challenge = str(secrets.randbelow(2_000_000_000))
        query = {"hub.mode": "subscribe", "hub.verify_token": self.verify_token, "hub.challenge": challenge}
        answer = self._client.get(door, params=query)
        if answer.status_code != 200 or answer.text != challenge:
            raise Misconfigured(
                f"{door} answered the handshake with {answer.status_code}: give it the verify token of this app"
            )
        self._subscriptions.append(_Subscription(object_, door))

    def unsubscribe(self, door: str) -> None:
        """Take back the last registration of a url."""
        last = max(index for index, each in enumerate(self._subscriptions) if each.door == door)
        del self._subscriptions[last]

    def forget(self) -> None:
        """Give up what was not answered with 200, as Meta does after some days."""
        self._unanswered.clear()

    def deliver(self, *, per_entry: int = 10, newest_first: bool = False) -> list[int]:
        """Post all that happened, a post for each object and subscription, after what was not answered with 200 before.

        Returns the status codes, 0 for a door that is away.
        """
        for object_ in dict.fromkeys(box.object for box in self._boxes):
            boxes = [box for box in self._boxes if box.object == object_]
            entries = [entry for box in boxes for entry in box.take(per_entry, newest_first=newest_first)]
            if entries:
                body = encoded({"object": object_, "entry": entries})
                doors = (each.door for each in self._subscriptions if each.object == object_)
                self._unanswered += [_Post(door, body) for door in doors]
        posts, self._unanswered = self._unanswered, []
        return [self._send(post) for post in posts]

    def sign(self, body: bytes) -> dict[str, str]:
        """The headers of a genuine post."""
        digest = hmac.new(self.app_secret.encode(), body, "sha256").hexdigest()
        return {"Content-Type": "application/json", "X-Hub-Signature-256": f"sha256={digest}"}

    def _send(self, post: _Post) -> int:
        try:
            status = self._client.post(post.door, content=post.body, headers=self.sign(post.body)).status_code
        except httpx.HTTPError:
            status = 0
        if status != 200:
            self._unanswered.append(post)
        return status

    def _box(self, box: B) -> B:
        self._boxes.append(box)
        return box


def encoded(post: Json) -> bytes:
    """JSON as Meta writes it."""
    return json.dumps(post, separators=(",", ":")).replace("/", "\\/").encode()
