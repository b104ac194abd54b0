"""Every revision of every ticket as a signed post to one HTTP endpoint, in order for each ticket."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import ClassVar, NamedTuple

import msgspec

from normalizer import wire
from normalizer.errors import Misconfigured, Rejected, Retriable
from normalizer.events import Routed
from sinks._base import Sink
from sinks._endpoint import Answer, Endpoint
from sinks._rows import moment

FIRST_WAIT = 1.0
LONGEST_WAIT = 900.0
_HOUR = 3600.0

Name = tuple[str, int]
"""The id of an event for those who dedupe, and its revision: the id is of a message, which may be told of again."""


class Post(NamedTuple):
    """One event, ready to be sent."""

    place: int
    name: Name
    body: str
    ticket_id: str


class Webhook(Sink):
    """Posts each revision to `url`, at most `concurrency` at the same time and one at a time for each ticket.

    Delivery: at least once; after a crash the last batch is posted again with the same ``webhook-id``, by which the
    endpoint tells repeats. A later revision of a ticket is posted when the earlier was taken or refused. What the endpoint
    cannot take now is posted again after growing waits of up to 15 minutes, or as it asks (Retry-After); what has
    failed for `give_up_after_hours` since its first attempt in this process is refused here (0: never).
    """

    name: ClassVar[str] = "webhook"

    def __init__(
        self,
        url: str,
        secrets: Sequence[str],
        *,
        plain_http: bool = False,
        concurrency: int = 8,
        timeout_seconds: float = 15.0,
        give_up_after_hours: float = 72.0,
    ) -> None:
        self._new = partial(
            Endpoint, url, secrets, plain_http=plain_http, timeout=timeout_seconds, connections=concurrency
        )
        self._endpoint: Endpoint | None = self._new()
        self._shown = str(self._endpoint)
        self._concurrency = concurrency
        self._give_up_after = give_up_after_hours * _HOUR
        self._pool: ThreadPoolExecutor | None = None
        self._one_batch = threading.Lock()
        # Of the batch in hand only: what is settled (None: taken), and when what is not failed for the first time.
        self._settled: dict[Name, Rejected | None] = {}
        self._failing: dict[Name, float] = {}
        self._rounds = 0
        self._halt = threading.Event()

    def open(self) -> None:
        """Get ready. Nothing is sent: there is no question that an endpoint must answer. Opening twice is harmless."""
        self._endpoint = self._endpoint or self._new()
        self._pool = self._pool or ThreadPoolExecutor(self._concurrency, thread_name_prefix="webhook")

    def close(self) -> None:
        """Begin no further post, and let go of the connections. Closing twice is harmless."""
        self._halt.set()
        if self._pool is not None:
            self._pool.shutdown()
            self._pool = None
        if self._endpoint is not None:
            self._endpoint.close()
            self._endpoint = None

    def write(self, batch: Sequence[Routed]) -> Mapping[int, Rejected]:
        """Post what is not settled yet of a batch; returns when all of it was taken or refused."""
        # A batch that was given back by a rebalance may still be on its way in another thread.
        with self._one_batch:
            refused, posts = _read(batch)
            wanted = {post.name for post in posts}
            self._settled = {name: answer for name, answer in self._settled.items() if name in wanted}
            self._failing = {name: since for name, since in self._failing.items() if name in wanted}
            self._round(posts)
            for post in posts:
                if (why := self._settled[post.name]) is not None:
                    refused[post.place] = why
            return refused

    def _round(self, posts: Sequence[Post]) -> None:
        """One attempt for everything that is not settled. Raises `Retriable` when something is not after it."""
        if self._pool is None or self._endpoint is None:
            raise Misconfigured(f"the webhook at {self._shown} is not open: call open() before write()")
        chains: dict[str, list[Post]] = {}
        for post in posts:
            if post.name not in self._settled:
                chains.setdefault(post.ticket_id, []).append(post)
        before = len(self._settled)
        halt = self._halt = threading.Event()
        # What failed comes last, so that it holds up only its own ticket.
        ordered = sorted(chains.values(), key=lambda chain: self._failing.get(chain[0].name, 0.0))
        endpoint = self._endpoint
        answers = list(self._pool.map(lambda chain: self._follow(endpoint, chain, halt), ordered))
        if any(answer is not None and answer.meaning == "gone" for answer in answers):
            raise Misconfigured(
                f"the webhook at {self._shown} answered 410 Gone, so it wants no more: take its section out of the "
                "configuration, or correct its url; what waits for it is kept for 30 days"
            )
        waiting = [post for post in posts if post.name not in self._settled]
        if not waiting:
            self._rounds = 0
            return
        self._rounds = 1 if len(self._settled) > before else self._rounds + 1
        self._wait(len(waiting), [answer for answer in answers if answer is not None])

    def _follow(self, endpoint: Endpoint, chain: Sequence[Post], halt: threading.Event) -> Answer | None:
        """Post the revisions of one ticket in order, up to the first that is not settled; gives why it is not."""
        for post in chain:
            if post.name in self._settled:  # twice in a batch
                continue
            if halt.is_set():
                return None
            answer = endpoint.post(post.name[0], post.body)
            if answer.meaning == "taken":
                self._settled[post.name] = None
            elif answer.meaning == "refused":
                self._settled[post.name] = _refusal(post, f"the webhook at {self._shown} {answer.said}")
            elif answer.meaning == "later" and self._is_hopeless(post):
                said = f"the webhook at {self._shown} has not taken it for {self._give_up_after / _HOUR:g} hours"
                self._settled[post.name] = _refusal(post, f"{said} ({answer.said})")
            else:
                if answer.halt:
                    halt.set()
                return answer
        return None

    def _is_hopeless(self, post: Post) -> bool:
        since = self._failing.setdefault(post.name, time.monotonic())
        return 0 < self._give_up_after <= time.monotonic() - since

    def _wait(self, waiting: int, answers: Sequence[Answer]) -> None:
        pause = min(FIRST_WAIT * 2 ** min(self._rounds - 1, 30), LONGEST_WAIT) * random.uniform(0.5, 1.0)  # noqa: S311 - jitter
        asked = max((answer.retry_after for answer in answers), default=0.0)
        said = answers[0].said if answers else "is left alone"
        raise Retriable(
            f"the webhook at {self._shown} {said}: {waiting} revisions of this batch wait; look at the endpoint",
            retry_after=max(pause, asked),
        )


def _read(batch: Sequence[Routed]) -> tuple[dict[int, Rejected], list[Post]]:
    """The events of a batch as posts; those that cannot travel as JSON are refused."""
    refused: dict[int, Rejected] = {}
    posts = []
    for index, event in enumerate(batch):
        try:
            posts.append(Post(index, (event_name(event), event.ticket.revision), body(event), event.ticket.id))
        except Rejected:
            refused[index] = Rejected(
                "not-storable",
                f"revision {event.ticket.revision} of ticket {event.ticket.id} is not valid Unicode: "
                "correct what made it, then redrive it",
            )
    return refused, posts


def event_name(event: Routed) -> str:
    """The CloudEvents id of an event: what the stage `route` puts into its headers."""
    return f"{event.ticket.id}/{event.message.id if event.message else f'r{event.ticket.revision}'}"


def body(event: Routed) -> str:
    """What is posted: type, timestamp and data, as Standard Webhooks advises; the same for equal events."""
    shown = {
        "type": wire.versioned_type(Routed),
        "timestamp": moment(event.ticket.updated_at),
        "data": msgspec.Raw(wire.encode(event)),
    }
    return msgspec.json.encode(shown).decode()


def _refusal(post: Post, said: str) -> Rejected:
    return Rejected(
        "endpoint-refused",
        f"{said} to revision {post.name[1]} of ticket {post.ticket_id}: correct the endpoint, then redrive it",
    )
