"""What a post only names is fetched while Meta waits: files, and what people are called. For some seconds, and no longer."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, TypeVar

import msgspec

from connectors._media import Fetched, Media, Wanted, noted
from connectors._meta.content import PROFILE, Draft, File
from connectors._meta.graph import Graph, Refused

R = TypeVar("R")

_THREADS = 8


class _Started(msgspec.Struct, frozen=True):
    """What is under way for one message."""

    draft: Draft
    files: list[asyncio.Future[Fetched]]
    names: list[asyncio.Future[str]]


class Fetching:
    """Fetches what the messages of a post name, all at once; what is not there after `seconds` is noted as late.

    `name_fields` are the Graph API's fields of a person that make a name, "" when nobody is to be asked for.
    """

    def __init__(self, graph: Graph, media: Media, *, name_fields: str, seconds: float) -> None:
        self._graph = graph
        self._media = media
        self._name_fields = name_fields
        self._seconds = seconds
        self._pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="meta")

    async def attributes(self, drafts: Sequence[Draft | None]) -> list[dict[str, str]]:
        """The attributes of each message's raw event, in order.

        Raises what the blob store raises: then nothing is taken, and Meta has to send the post again.
        """
        started = [None if draft is None else self._started(draft) for draft in drafts]
        waiting: list[asyncio.Future[Any]] = []
        for each in filter(None, started):
            waiting += [*each.files]
            waiting += [*each.names]
        if waiting:
            await asyncio.wait(waiting, timeout=self._seconds)
        return [_attributes(each) if each else {} for each in started]

    def _started(self, draft: Draft) -> _Started:
        run = partial(asyncio.get_running_loop().run_in_executor, self._pool)
        asks = self._name_fields and draft.kind == "message" and not draft.sender.name
        person = draft.sender.address.partition(":")[2]
        return _Started(
            draft,
            [run(self._file, file) for file in draft.content.files],
            [run(self._graph.name, person, self._name_fields)] if asks else [],
        )

    def _file(self, file: File) -> Fetched:
        """Blocks for some seconds at most."""
        try:
            url = file.url or self._graph.media(file.id)
        except Refused as refused:
            return _missing(file, str(refused))
        (fetched,) = self._media.fetch([Wanted(url, file.name, file.content_type)])
        return fetched


def _attributes(started: _Started) -> dict[str, str]:
    files = zip(started.draft.content.files, started.files, strict=True)
    found = noted([_in_time(task) or _missing(file, "late") for file, task in files])
    name = "".join(_in_time(task) or "" for task in started.names)[:200]
    return found | ({PROFILE: name} if name else {})


def _in_time(task: asyncio.Future[R]) -> R | None:
    """The result of a task that is done; one that is still waiting is not begun any more."""
    if task.done():
        return task.result()
    task.cancel()
    return None


def _missing(file: File, error: str) -> Fetched:
    return Fetched(file.url[:2000], file.name[:200], file.content_type[:100] or "application/octet-stream", error=error)
