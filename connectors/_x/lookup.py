"""The hand for deletions, which X tells nobody who does not ask: the posts of the last 30 days, looked up now and then.

X's rules ask for it: what is deleted there, or has become private, is to be treated so within a day
(https://docs.x.com/developer-terms/policy).
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from typing import Any

import msgspec

from connectors._arrival import arrived
from connectors._base import Page
from connectors._x import snowflake
from connectors._x.api import Api
from connectors._x.budget import page_pause
from connectors._x.known import Known
from connectors._x.payload import rows, text
from connectors._x.place import Seen
from connectors._x.reading import DELETION_TYPE
from connectors._x.settings import XSettings
from normalizer.events import RawEvent

_BATCH = 100
_MOST = 1000
_DAYS = 30
_LOOK_SECONDS = 60.0
_GONE = ("resource-not-found", "not-authorized-for-resource")


class Watch(msgspec.Struct, frozen=True):
    """The posts that are looked up, the newest last; when the next round is `due` (an epoch), and how many it has `done`."""

    posts: tuple[Seen, ...] = ()
    due: float = 0.0
    done: int = 0


class Lookup:
    """The deletions of one account."""

    def __init__(self, scope: tuple[str, str, str], settings: XSettings, api: Api, known: Known) -> None:
        self._channel, self._account, self._source = scope
        self._settings, self._api, self._known = settings, api, known

    def pages(self, watch: Watch | None, stop: threading.Event) -> Iterator[Page]:
        """Rounds, for ever."""
        period = self._settings.lookup_hours * 3600
        saved = watch
        watch = watch or Watch(due=time.time() + period)
        while not stop.is_set():
            if not watch.done:
                watch = self._joined(watch)
            if time.time() >= watch.due and watch.posts:
                page, pause = self._batch(watch, period)
                yield page
                watch = saved = page.position
            else:
                if watch != saved:
                    yield Page((), watch)
                    saved = watch
                pause = min(_LOOK_SECONDS, self._settings.poll_seconds)
            stop.wait(pause)

    def _joined(self, watch: Watch) -> Watch:
        """With what the other sources have received since. A post stays for 30 days, the newest 1,000 do."""
        bound = snowflake.at(time.time() - _DAYS * 86_400)
        known = {each.name: each for each in (*watch.posts, *self._known.posts())}
        kept = [each for name, each in known.items() if snowflake.number(name) >= bound]
        kept.sort(key=lambda each: snowflake.number(each.name))
        return msgspec.structs.replace(watch, posts=tuple(kept[-_MOST:]))

    def _batch(self, watch: Watch, period: float) -> tuple[Page, float]:
        asked = watch.posts[watch.done : watch.done + _BATCH]
        answer = self._api.posts([each.name for each in asked])
        threads = {each.name: each.key for each in asked}
        gone = {name: each for each in rows(answer.body, "errors") if (name := _gone(each)) in threads}
        self._known.forget(gone)
        rest = tuple(each for each in watch.posts if each.name not in gone)
        done = watch.done + len(asked) - len(gone)
        after = Watch(rest, watch.due, done) if done < len(rest) else Watch(rest, time.time() + period)
        events = tuple(self._raw(name, threads[name], problem) for name, problem in gone.items())
        return Page(events, after, max(0, len(rest) - done)), page_pause(answer.budgets)

    def _raw(self, name: str, thread: str, problem: dict[str, Any]) -> RawEvent:
        return RawEvent(
            channel=self._channel,
            account=self._account,
            source_id=f"{self._source};{name};deletion",
            body=json.dumps(problem).encode(),
            content_type=DELETION_TYPE,
            received_at=arrived(),
            key=thread,
            attributes={"source": self._source, "user": self._settings.user_id, "id": name, "thread": thread},
        )


def _gone(problem: dict[str, Any]) -> str:
    """The id of a post that an error says is gone or hidden, "" for other errors."""
    if not text(problem, "type").endswith(_GONE) or text(problem, "resource_type") not in ("tweet", "post"):
        return ""
    return text(problem, "resource_id") or text(problem, "value")
