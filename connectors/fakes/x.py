"""A stand-in of X: the endpoints of its API v2 that bring customers' words, for one app and one account.

Source: https://docs.x.com/x-api (mentions, recent search, posts by ids, direct message events, users/me).
"""

from __future__ import annotations

import contextlib
import time
from collections import deque
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any, Self

from connectors._http import HttpServer
from connectors.fakes._x.doors import Doors, Refusal
from connectors.fakes._x.limits import LIMITS, Limits
from connectors.fakes._x.world import Event, File, Post, World

USER_ID = "2244994945"
SECRETS = {
    name: f"{name}-of-the-stand-in"
    for name in ("bearer_token", "user_token", "api_key", "api_secret", "access_token", "access_secret")
}
USAGE_CAPPED = {
    "title": "UsageCapExceeded",
    "detail": "Usage cap exceeded: Monthly product cap",
    "type": "https://api.twitter.com/2/problems/usage-capped",
    "period": "Monthly",
    "scope": "Product",
}
"""The problem of an app whose paid usage is spent: a 429 that no waiting cures."""


class FakeX:
    """A server on this machine, at `url` (the setting ``api_url``), for as long as its context.

    `clock` (seconds since 1970) makes the ids and ends the rate-limit windows, each of `window` seconds, in which an endpoint
    (`LIMITS`) takes so many requests as `limits` says. `requests` are all that came, by endpoint, with their parameters.
    """

    def __init__(
        self,
        username: str = "acme",
        *,
        clock: Callable[[], float] = time.time,
        limits: Mapping[str, int] | None = None,
        window: float = 900.0,
    ) -> None:
        self._world = World(clock)
        self.user = self._world.join(username, username.title(), USER_ID)
        self._doors = Doors(self._world, self.user, Limits(clock, LIMITS | dict(limits or {}), window), SECRETS, clock)
        self._running = contextlib.ExitStack()

    def __enter__(self) -> Self:
        server = self._running.enter_context(HttpServer(self._doors.routes()).in_thread())
        self._doors.base = f"http://127.0.0.1:{server.port}"
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._running.close()

    @property
    def url(self) -> str:
        """Where it is."""
        return self._doors.base

    @property
    def requests(self) -> list[tuple[str, dict[str, str]]]:
        """Every request so far: the endpoint's name and the parameters."""
        return list(self._doors.requests)

    def post(
        self,
        author: str,
        text: str,
        *,
        reply_to: str = "",
        quotes: str = "",
        reposts: str = "",
        photo: bytes | None = b"",
        long: str = "",
        links: Mapping[str, str] | None = None,
        ago: float = 0.0,
        more: Mapping[str, Any] | None = None,
    ) -> str:
        """Somebody posts, some seconds `ago`; returns the id. A `photo` of None cannot be fetched, an empty one is none.

        `links` are t.co addresses in the text and where they lead, `long` the whole of a long post, `more` are fields as they are.
        """
        world = self._world
        with world.lock:
            made, parent = world.next_id(ago), world.posts.get(reply_to)
            refers = {"replied_to": reply_to, "quoted": quotes, "retweeted": reposts}
            file = self._file(photo, private=False)
            world.posts[made] = Post(
                id=made,
                author=world.named(author),
                text=f"{text} https://t.co/photo" if file else text,
                conversation=parent.conversation if parent else made,
                history=[made],
                reply_to=parent,
                refers=[(kind, ref) for kind, ref in refers.items() if ref],
                file=file,
                long=long,
                links=dict(links or {}),
                more=dict(more or {}),
            )
            return made

    def edit(self, post: str, text: str) -> str:
        """Its author changes a post, which gets one more id; returns that."""
        world = self._world
        with world.lock:
            old = world.posts[post]
            made = world.next_id()
            old.history.append(made)  # one list for all versions, as X tells it with each of them
            world.posts[made] = Post(
                id=made,
                author=old.author,
                text=text,
                conversation=old.conversation,
                history=old.history,
                reply_to=old.reply_to,
                refers=old.refers,
            )
            return made

    def delete(self, post: str) -> None:
        """Its author deletes a post, with all its versions."""
        with self._world.lock:
            for version in self._world.posts[post].history:
                self._world.posts[version].deleted = True

    def hide(self, username: str, why: str = "suspended") -> None:
        """A user is ``suspended`` or ``protected`` from now on; "" makes him public again."""
        self._world.named(username).hidden = why

    def message(
        self,
        sender: str,
        text: str,
        *,
        group: str = "",
        photo: bytes | None = b"",
        shares: str = "",
        to: str = "",
        kind: str = "MessageCreate",
        ago: float = 0.0,
    ) -> str:
        """Somebody writes a direct message to the account (or the account to `to`), or into a `group`; returns the id."""
        world = self._world
        with world.lock:
            who = world.named(sender)
            other = world.named(to) if to else self.user
            made = world.next_id(ago)
            world.events[made] = Event(
                id=made,
                kind=kind,
                conversation=group or "-".join(sorted((who.id, other.id), key=int)),
                sender=who,
                participants=[who.id],
                text=text,
                file=self._file(photo, private=True),
                shares=shares,
            )
            return made

    def fail(self, endpoint: str, *faults: int | Mapping[str, Any] | bytes) -> None:
        """The next answers of an endpoint: a status, a problem (``status`` in it), or a body of 200 as it is."""
        waiting: deque[Refusal | bytes] = self._doors.faults[endpoint]
        for fault in faults:
            if isinstance(fault, bytes):
                waiting.append(fault)
            elif isinstance(fault, int):
                waiting.append(Refusal(fault, title="A fault", detail="of the test"))
            else:
                waiting.append(Refusal(**{"status": 429, **fault}))

    def clear(self) -> None:
        """Forget what was said, asked and set; the users stay."""
        self._world.clear()
        self._doors.clear()

    def revoke(self) -> None:
        """No credential is good from now on."""
        self._doors.revoked = True

    def expire_tokens(self) -> None:
        """No page can be asked for by the tokens given so far."""
        self._doors.tokens += 1

    def _file(self, content: bytes | None, *, private: bool) -> File | None:
        if content == b"":
            return None
        file = File(f"3_{len(self._world.files) + 1}", content, private)
        self._world.files[file.key] = file
        return file
