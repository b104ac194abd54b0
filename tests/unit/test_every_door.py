"""Every HTTP door there is has a stated guard, and those that ask for a credential let nobody in without one."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from starlette.routing import BaseRoute, Route, WebSocketRoute

from connectors._base import Receiver
from connectors._blobs import BlobStore
from connectors._edge import Edge
from connectors._guard import Limits
from connectors._http import application
from connectors._memory import MemoryKafka
from tests.conformance.receiver import ReceiverContract
from tests.conformance.test_fleet_connectors import CHANNELS, _connector, _test_classes

PAPER = Path(__file__).parents[2] / "docs" / "threat-model.md"
ROW = re.compile(r"^\| `(/\S*)` \| ([A-Z]+) \| (\w+) \| (.+) \|$", re.MULTILINE)
OPTIONS = [{}, {"challenge": "c"}]
"""Settings that add doors, tried on every channel that knows them."""

Door = tuple[str, str]


def stated() -> dict[Door, tuple[str, str]]:
    """Who may use each door and what limits it, as the paper says."""
    return {(path, method): (who, limits) for path, method, who, limits in ROW.findall(PAPER.read_text("utf-8"))}


def receivers(folder: Path) -> Iterator[Receiver[Any]]:
    """Every channel that is called, with the settings of its own tests."""
    for channel in CHANNELS:
        kind = _connector(channel)
        if not issubclass(kind, Receiver):
            continue
        kits = [each for each in _test_classes() if issubclass(each, ReceiverContract) and each.connector is kind]
        for kit in kits:
            for more in OPTIONS:
                if set(more) <= set(kind.settings_type.__struct_fields__):
                    settings = msgspec.convert(kit().settings() | more, kind.settings_type)
                    yield kind("main", settings, BlobStore(folder.as_uri()))


def served(folder: Path) -> list[tuple[Edge, Sequence[BaseRoute]]]:
    """The routes of each receiver as an edge serves them."""
    kafka = MemoryKafka()
    edges = [Edge([each], kafka, kafka, lambda _: None) for each in receivers(folder)]
    return [(edge, application(edge.routes(), Limits(), edge.problems).routes) for edge in edges]


def doors(routes: Sequence[BaseRoute]) -> Iterator[Door]:
    """Path and method of each; HEAD is a GET without its body."""
    for route in routes:
        assert isinstance(route, Route | WebSocketRoute), "a kind of route that this test cannot look into"
        methods = {"WEBSOCKET"} if isinstance(route, WebSocketRoute) else set(route.methods or ()) - {"HEAD"}
        for method in methods:
            yield re.sub("/main(?=/|$)", "/ACCOUNT", route.path), method


def test_every_door_has_a_stated_guard(tmp_path: Path) -> None:
    """The paper has each door that there is, and no other."""
    assert {door for _, routes in served(tmp_path) for door in doors(routes)} == set(stated())


def test_what_a_door_asks_for_is_known() -> None:
    """One of five words, and a limit for each."""
    assert {who for who, _ in stated().values()} <= {"signature", "token", "session", "anybody"}


@pytest.mark.parametrize("body", [b"{}", b'{"type":"message","text":"x"}', b"Body=x&From=%2B1"])
def test_without_a_credential_nobody_comes_in(tmp_path: Path, body: bytes) -> None:
    """Where the paper says signature, token or session: 401 or 403, whatever is posted, and nothing is published."""

    async def knocked() -> dict[Door, set[int]]:
        found: dict[Door, set[int]] = {}
        for edge, routes in served(tmp_path):
            app = application(edge.routes(), Limits(), edge.problems)
            async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://edge.test") as client:
                for path, method in doors(routes):
                    if method == "WEBSOCKET":
                        continue
                    address = path.replace("ACCOUNT", "main")
                    kind = "application/json" if body[:1] == b"{" else "application/x-www-form-urlencoded"
                    head = {"Content-Type": kind, "Origin": "http://edge.test"}
                    answer = await client.request(method, address, content=body, headers=head)
                    found.setdefault((path, method), set()).add(answer.status_code)
        return found

    closed = {door for door, (who, _) in stated().items() if who != "anybody"}
    let_in = {door: found - {401, 403} for door, found in asyncio.run(knocked()).items() if door in closed}
    assert {door: found for door, found in let_in.items() if found} == {}
    assert set(let_in) == closed
