"""The doors: every receiver's routes behind the real application, in process, with and without a good signature."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
from starlette.routing import Route, WebSocketRoute

from connectors._base import Receiver
from connectors._blobs import BlobStore
from connectors._edge import Edge
from connectors._guard import Limits
from connectors._http import application
from connectors._memory import MemoryKafka
from ops import channels
from tests.conformance.receiver import ReceiverContract
from tests.conformance.test_fleet_connectors import _test_classes
from tests.fuzz import asgi
from tests.fuzz.found import Input
from tests.fuzz.mutate import Mutator
from tests.fuzz.signing import signed
from tests.fuzz.target import Target

_WIDE = 1_000_000_000  # a rate that nobody reaches: what is behind the limit is what is looked for
_METHODS = ("POST", "POST", "POST", "POST", "GET", "OPTIONS", "HEAD", "PUT", "DELETE", "x\x00")
_FOLDERS: list[tempfile.TemporaryDirectory[str]] = []


@cache
def _blobs() -> BlobStore:
    folder = tempfile.TemporaryDirectory(prefix="fuzz-")
    _FOLDERS.append(folder)
    return BlobStore(Path(folder.name).as_uri())


def doors() -> Iterator[Target]:
    """Two targets for each door's kit, and one for each socket."""
    for name in channels.names():
        kind = channels.channel(name)
        kits = [each for each in _test_classes() if issubclass(each, ReceiverContract) and each.connector is kind]
        for kit in kits:
            label = "" if len(kits) == 1 else f":{kit.__name__.removeprefix('Test').lower()}"
            yield from _door(name, label, kind, kit())


def _door(name: str, label: str, kind: type[Any], kit: ReceiverContract) -> Iterator[Target]:
    told = kit.settings()
    told |= {each: _WIDE for each in kind.settings_type.__struct_fields__ if each.endswith("per_minute")}
    settings = msgspec.convert(told, kind.settings_type)
    receiver: Receiver[Any] = kind("main", settings, _blobs())
    kafka = MemoryKafka()
    edge = Edge([receiver], kafka, kafka, lambda _: None)
    app = application(edge.routes(), Limits(), edge.problems)
    paths = [each.path for each in app.routes if isinstance(each, Route)]
    mine = [
        each.path
        for each in app.routes
        if isinstance(each, Route) and name in each.path and "POST" in (each.methods or ())
    ]
    sockets = [each.path for each in app.routes if isinstance(each, WebSocketRoute)]
    good = [kit.request(number) for number in range(3)]
    bodies = [each.content for each in good]
    loop = asyncio.new_event_loop()

    def answer(found: Input) -> str:
        method, _, path = found.name.partition(" ")
        path, _, query = path.partition("?")
        head = [(key.encode("latin-1", "replace"), value) for key, value in found.headers]
        status = loop.run_until_complete(
            asgi.request(app, method, path, found.body, head, query.encode("utf-8", "surrogateescape"))
        )
        kafka.events.clear()
        if status >= 500:
            raise AssertionError(f"{found.name} was answered with {status}")
        return f"{status // 100}xx"

    def signed_garbage(mutator: Mutator) -> Input:
        like, body = mutator.random.choice(good), mutator.body(bodies)
        path = like.url.path if mutator.random.random() < 0.6 else mutator.random.choice(mine)
        return _post(f"door{label}:{name}:signed", path, body, signed(like, path, body, settings))

    def strange_garbage(mutator: Mutator) -> Input:
        like, draw = mutator.random.choice(good), mutator.random
        path = mutator.text(draw.choice(paths)) + draw.choice(
            ("", "", "?", f"?{mutator.text('after=1&hub.mode=subscribe')}")
        )
        heads = {
            key: mutator.text(value) for key, value in like.headers.items() if key not in ("host", "content-length")
        }
        heads |= draw.choice(({}, {"content-encoding": "gzip"}, {"authorization": "Bearer \x80"}, {"origin": "null"}))
        made = _post(f"door{label}:{name}:stranger", path, mutator.body(bodies), heads)
        drawn = f"{draw.choice(_METHODS)} {path}".encode("utf-8", "replace").decode()
        return msgspec.structs.replace(made, name=drawn)

    yield Target(f"door{label}:{name}:signed", signed_garbage, answer)
    yield Target(f"door{label}:{name}:stranger", strange_garbage, answer)
    if sockets:
        yield _socket(
            f"socket{label}:{name}", sockets[0], bodies, lambda *told: loop.run_until_complete(asgi.socket(app, *told))
        )


def _post(target: str, path: str, body: bytes, head: dict[str, str]) -> Input:
    sent = tuple((key, value.encode("utf-8", "surrogateescape")) for key, value in head.items())
    return Input(target, body, name=f"POST {path}", headers=sent)


def _socket(name: str, path: str, bodies: Sequence[bytes], talk: Callable[..., int]) -> Target:
    hello = b'{"type":"hello"}'
    head = [(b"origin", b"http://edge.test")]

    def make(mutator: Mutator) -> Input:
        first = hello if mutator.random.random() < 0.8 else mutator.body([hello])
        return Input(name, b"\n\x00\n".join([first, *(mutator.body([*bodies, hello]) for _ in range(3))]))

    def run(found: Input) -> str:
        frames = [each.decode("utf-8", "replace") for each in found.body.split(b"\n\x00\n")]
        return "answered" if talk(path, frames, head) else "silent"

    return Target(name, make, run)
