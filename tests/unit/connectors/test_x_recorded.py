"""Exchanges with X that others recorded, replayed: every id comes out exactly once, whatever fields they lack."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from connectors._blobs import BlobStore
from connectors._http import HttpServer
from connectors._x.settings import XSettings
from connectors.fakes.x import SECRETS, USER_ID
from connectors.x import X
from tests.servers.corpora import CORPORA, needs_corpora
from tests.unit.connectors.x_account import KEYS, chain, events, messages, place

CASSETTES = CORPORA / "tweepy" / "cassettes"
pytestmark = needs_corpora

_LARGEST = 200_000  # the recorded upload of a film
_PAGE = 40


def bodies() -> Iterator[tuple[str, Any]]:
    """Every recorded answer of the API v2, with its cassette's name."""
    for path in sorted(CASSETTES.glob("*.yaml")):
        if path.stat().st_size > _LARGEST:
            continue
        for each in yaml.load(path.read_text(), Loader=yaml.CSafeLoader)["interactions"]:
            body = each["response"]["body"].get("string")
            text = gzip.decompress(body) if isinstance(body, bytes) else body
            if "/2/" in each["request"]["uri"] and text:
                yield path.stem, json.loads(text)


def recorded() -> list[Any]:
    """Those that list posts or direct messages, each under a name of its own."""
    found = [(name, body) for name, body in bodies() if isinstance(body.get("data"), list)]
    wanted = [(name, body) for name, body in found if body["data"] and "text" in body["data"][0]]
    return [pytest.param(body, id=f"{name}-{n}") for n, (name, body) in enumerate(wanted)]


class Replay:
    """Gives the items of one recorded answer, 40 at a time, and after them what its own next_token leads to: nothing."""

    def __init__(self) -> None:
        self.body: dict[str, Any] = {}
        self.asked: list[str] = []

    def routes(self) -> list[Route]:
        """The endpoints that the hand asks."""
        me = Route("/2/users/me", lambda _: JSONResponse({"data": {"id": USER_ID}}))
        return [me, *(Route(path, self._answer) for path in ("/2/users/{user}/mentions", "/2/dm_events"))]

    def _answer(self, request: Request) -> Response:
        token = request.query_params.get("pagination_token", "0")
        self.asked.append(token)
        if not token.isdigit() or len(token) > 4:
            return JSONResponse({"meta": {"result_count": 0}})
        start = int(token)
        rest = self.body["data"][start + _PAGE :]
        last = self.body.get("meta", {}).get("next_token", "")
        onward = str(start + _PAGE) if rest else last
        meta = {"next_token": onward} if onward else {}
        return JSONResponse(self.body | {"data": self.body["data"][start : start + _PAGE], "meta": meta})


@pytest.fixture(scope="module")
def served() -> Iterator[tuple[Replay, str]]:
    """A server for all of them."""
    replay = Replay()
    with HttpServer(replay.routes()).in_thread() as server:
        yield replay, f"http://127.0.0.1:{server.port}"


@pytest.mark.parametrize("body", recorded() if CASSETTES.is_dir() else [])
def test_every_recorded_id_comes_out_exactly_once(
    served: tuple[Replay, str], body: dict[str, Any], tmp_path: Path
) -> None:
    """Pages are followed to the last, and each item is a message with its words."""
    replay, url = served
    replay.body, replay.asked = body, []
    direct = "event_type" in body["data"][0]
    sources = ("dms",) if direct else ("mentions",)
    told = {"user_id": USER_ID, "bearer_token": SECRETS["bearer_token"], "api_url": url, "poll_seconds": 0.01}
    settings = msgspec.convert(told | KEYS | {"sources": sources}, XSettings)
    pages = chain(X("main", settings, BlobStore(tmp_path.as_uri())), *sources, place(20 * 365 * 86_400))
    wanted = [each["id"] for each in body["data"]]
    assert sorted(raw.attributes["id"] for raw in events(pages) if "id" in raw.attributes) == sorted(wanted)
    assert sorted(each.refs.own for each in messages(pages)) == sorted(wanted)
    assert len(replay.asked) == -(-len(wanted) // _PAGE) + ("next_token" in body.get("meta", {}))
    assert all(each.visible_text for each in messages(pages))


def test_there_are_recordings() -> None:
    """Posts and direct messages, so that this file does not pass by finding nothing."""
    assert len(recorded()) >= 12
