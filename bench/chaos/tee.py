"""A proxy before our doors that gives every post to two Switchboards: the one that is hurt, and the one that is not."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import httpx
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from connectors._http import HttpServer

_OWN = {"host", "content-length", "connection", "transfer-encoding", "accept-encoding"}
_SECONDS = 15.0


class Tee:
    """The first Switchboard answers, unless the second refused: then the caller comes again, and either knows repeats.

    `hurt` is where each channel's door is, `calm` where all of the other Switchboard's are.
    """

    def __init__(self, hurt: Mapping[str, str], calm: str) -> None:
        self._hurt = hurt
        self._calm = calm

    async def answer(self, request: Request) -> Response:
        """Pass on, both at once."""
        body = await request.body()
        bases = self._hurt[request.path_params["channel"]], self._calm
        async with httpx.AsyncClient(trust_env=False, timeout=_SECONDS) as client:
            hurt, calm = await asyncio.gather(*(_passed(client, base, request, body) for base in bases))
        return calm if hurt.status_code < 400 <= calm.status_code else hurt


async def _passed(client: httpx.AsyncClient, base: str, request: Request, body: bytes) -> Response:
    url = f"{base}{request.url.path}" + (f"?{request.url.query}" if request.url.query else "")
    head = [(name, value) for name, value in request.headers.items() if name not in _OWN]
    try:
        answer = await client.request(request.method, url, content=body, headers=head)
    except httpx.HTTPError:
        return Response("the door is away", 503)
    kept = {name: value for name, value in answer.headers.items() if name in ("content-type", "retry-after")}
    return Response(answer.content, answer.status_code, kept)


@contextmanager
def running(hurt: Mapping[str, str], calm: str) -> Iterator[str]:
    """The proxy; where it is."""
    route = Route("/{channel}/{rest:path}", Tee(hurt, calm).answer, methods=["GET", "POST"])
    with HttpServer([route]).in_thread() as server:
        yield f"http://127.0.0.1:{server.port}"
