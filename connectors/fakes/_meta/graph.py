"""The part of the Graph API that a receiver asks: files, people, the token.

Errors are as in https://developers.facebook.com/docs/graph-api/guides/error-handling, files as in
https://developers.facebook.com/docs/whatsapp/cloud-api/reference/media: an id gives a url for some minutes, and the url gives the
bytes, both only with the token.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Sequence
from itertools import count

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from connectors.fakes._meta.outbox import Json

VERSION = "v24.0"


class GraphApi:
    """What Meta knows. `expires_at` is the token's end (Unix time, 0: never); `people` are profiles by id."""

    def __init__(self, token: str) -> None:
        self.token = token
        self.expires_at = 0
        self.people: dict[str, Json] = {}
        self.asked: list[str] = []
        self._files: dict[str, tuple[bytes, str]] = {}
        self._numbers = count(100_200_300)
        self._round = 0
        self._failures: list[Response] = []
        self._held_seconds = 0.0

    def add(self, content: bytes, content_type: str) -> str:
        """Store a file and return its media id."""
        media = str(next(self._numbers))
        self._files[media] = (content, content_type)
        return media

    def fail_next(self, status: int, code: int, message: str = "An unknown error occurred", times: int = 1) -> None:
        """Answer the next questions with an error of Meta's: 500 and 1 (unknown), 400 and 190 (token), 400 and 4 (limit)."""
        error = {"message": message, "type": "OAuthException", "code": code, "fbtrace_id": "A1b2C3"}
        self._failures += [JSONResponse({"error": error}, status)] * times

    def hold(self, seconds: float) -> None:
        """Take so long for each answer from now on."""
        self._held_seconds = seconds

    def expire_urls(self) -> None:
        """Make every url that was given out invalid, as after five minutes."""
        self._round += 1

    def routes(self) -> Sequence[BaseRoute]:
        """The API, the files behind the token, and the files of the public network (``/cdn``)."""
        return [
            Route("/files/{number}/{media}", self._file),
            Route("/cdn/{media}", self._public),
            Route(f"/{VERSION}/debug_token", self._debug_token),
            Route(f"/{VERSION}/{{node}}", self._node),
        ]

    async def _refusal(self, request: Request) -> Response | None:
        self.asked.append(request.url.path)
        await asyncio.sleep(self._held_seconds)
        if self._failures:
            return self._failures.pop(0)
        if request.headers.get("authorization") != f"Bearer {self.token}":
            return _error(401, 190, "Invalid OAuth access token - Cannot parse access token")
        return None

    async def _node(self, request: Request) -> Response:
        if refusal := await self._refusal(request):
            return refusal
        node = request.path_params["node"]
        if node in self._files:
            content, content_type = self._files[node]
            url = f"{str(request.base_url).rstrip('/')}/files/{self._round}/{node}"
            digest = hashlib.sha256(content).hexdigest()
            told = {"url": url, "mime_type": content_type, "sha256": digest, "file_size": len(content), "id": node}
            return JSONResponse(told | {"messaging_product": "whatsapp"})
        if node in self.people:
            asked = request.query_params.get("fields", "").split(",")
            return JSONResponse(
                {name: self.people[node][name] for name in asked if name in self.people[node]} | {"id": node}
            )
        return _error(400, 100, f"Unsupported get request. Object with ID '{node}' does not exist")

    async def _debug_token(self, request: Request) -> Response:
        if refusal := await self._refusal(request):
            return refusal
        valid = request.query_params.get("input_token") == self.token
        data = {"is_valid": valid, "expires_at": self.expires_at, "data_access_expires_at": 0, "type": "PAGE"}
        return JSONResponse({"data": data})

    async def _file(self, request: Request) -> Response:
        if refusal := await self._refusal(request):
            return refusal
        if int(request.path_params["number"]) != self._round:
            return Response("URL signature expired", 404)
        return self._bytes(request)

    async def _public(self, request: Request) -> Response:
        self.asked.append(request.url.path)
        return self._bytes(request)

    def _bytes(self, request: Request) -> Response:
        content, content_type = self._files.get(request.path_params["media"], (b"", ""))
        return Response(content, media_type=content_type) if content_type else Response(status_code=404)


def _error(status: int, code: int, message: str) -> Response:
    return JSONResponse(
        {"error": {"message": message, "type": "OAuthException", "code": code, "fbtrace_id": "A1b2C3"}}, status
    )
