"""A real HTTP server that takes signed posts as a customer's program would: it verifies each with the library."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple

import uvicorn
from standardwebhooks import Webhook, WebhookVerificationError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ops.engine.java import free_ports


class Taken(NamedTuple):
    """A post that was verified. `status` is what it was answered."""

    name: str
    data: Mapping[str, Any]
    status: int

    @property
    def revision(self) -> tuple[str, int]:
        """Which revision of which ticket it tells of."""
        return self.data["ticket"]["id"], self.data["ticket"]["revision"]


Answer = Callable[[Taken], Response]


class Endpoint:
    """What came in, and how it is answered: `answer` may be exchanged while it runs."""

    def __init__(self, secret: str) -> None:
        self.url = f"http://127.0.0.1:{free_ports(1)[0]}/hooks?token=hidden"
        self.secret = secret
        self.came: list[Taken] = []
        self.forged = 0
        self.at_once = 0
        self.most_at_once = 0
        self.seconds = 0.0
        self.answer: Answer = lambda _: Response(status_code=204)

    def taken(self) -> list[Taken]:
        """What was answered 2xx, each once, by the order of the first."""
        found: dict[str, Taken] = {}
        for each in self.came:
            if each.status < 300:
                found.setdefault(each.name, each)
        return list(found.values())

    async def __call__(self, request: Request) -> Response:
        """Verify, note, answer."""
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            body = await request.body()
            try:
                Webhook(self.secret).verify(body, dict(request.headers))
            except WebhookVerificationError:
                self.forged += 1
                return Response(status_code=401)
            await asyncio.sleep(self.seconds)
            post = Taken(request.headers["webhook-id"], json.loads(body)["data"], 0)
            response = self.answer(post)
            self.came.append(post._replace(status=response.status_code))
            return response
        finally:
            self.at_once -= 1


@contextmanager
def serving(endpoint: Endpoint) -> Iterator[Endpoint]:
    """The endpoint, listening at its URL."""
    port = int(endpoint.url.split(":")[2].split("/")[0])
    app = Starlette(routes=[Route("/hooks", endpoint.__call__, methods=["POST"])])
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=port, log_level="critical", lifespan="off"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive()
        threading.Event().wait(0.01)
    try:
        yield endpoint
    finally:
        server.should_exit = True
        thread.join()
