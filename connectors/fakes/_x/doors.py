"""The stand-in's endpoints, as https://docs.x.com/x-api writes them down: parameters, pages, refusals, rate limits."""

from __future__ import annotations

import base64
import binascii
from collections import defaultdict, deque
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from connectors.fakes._x.limits import Limits
from connectors.fakes._x.query import check, matches
from connectors.fakes._x.signature import SIGNED_HOST, signed_by
from connectors.fakes._x.views import View, missing
from connectors.fakes._x.world import Event, Post, User, World

_DAY = 86_400
_EPOCH_MS = 1_288_834_974_657
T = TypeVar("T", Post, Event)
_Listed = Callable[[View, Sequence[T]], dict[str, Any]]


class Refusal(Exception):
    """An answer that is no 200: its status and problem document."""

    def __init__(self, status: int, **problem: Any) -> None:
        super().__init__(status)
        self.status = status
        self.headers: dict[str, str] = {}
        self.problem = {"type": "about:blank", "status": status} | problem


def invalid(name: str, value: str, message: str) -> Refusal:
    """A parameter that X does not take."""
    return Refusal(
        400,
        errors=[{"parameters": {name: [value]}, "message": message}],
        title="Invalid Request",
        detail="One or more parameters to your request was invalid.",
        type="https://api.twitter.com/2/problems/invalid-request",
    )


class Doors:
    """The endpoints over a world, for one app and one account (`user`)."""

    def __init__(
        self, world: World, user: User, limits: Limits, secrets: Mapping[str, str], clock: Callable[[], float]
    ) -> None:
        self.world, self.user, self.base = world, user, ""
        self.requests: list[tuple[str, dict[str, str]]] = []
        self.faults: dict[str, deque[Refusal | bytes]] = defaultdict(deque)
        self.tokens = 0
        self.revoked = False
        self._limits, self._secrets, self._clock = limits, secrets, clock

    def clear(self) -> None:
        """Forget the requests and what was to go wrong; the windows of the rate limits start anew."""
        with self.world.lock:
            self.requests.clear()
            self.faults.clear()
            self.tokens, self.revoked = 0, False
            self._limits.clear()

    def routes(self) -> list[Route]:
        """Every endpoint; the older paths of tweepy are the same as today's."""
        doors = {
            "/2/users/me": self._door("me", self._me, private=True),
            "/2/users/{user}/mentions": self._door("mentions", self._mentions),
            "/2/tweets/search/recent": self._door("search", self._search),
            "/2/tweets": self._door("tweets", self._tweets),
            "/2/dm_events": self._door("dm_events", self._events, private=True),
        }
        return [*(Route(path, door) for path, door in doors.items()), Route("/files/{key}", self._file)]

    def _door(
        self, name: str, answer: Callable[[Request], dict[str, Any]], *, private: bool = False
    ) -> Callable[[Request], Response]:
        def door(request: Request) -> Response:
            headers: dict[str, str] = {}
            with self.world.lock:
                self.requests.append((name, dict(request.query_params)))
                try:
                    self._check(request, private)
                    headers = self._taken(name)
                    found = self._fault(name) or JSONResponse(answer(request))
                except Refusal as refusal:
                    found = JSONResponse(refusal.problem, refusal.status)
                    headers = refusal.headers or headers
                found.headers.update(headers)
                return found

        return door

    def _taken(self, name: str) -> dict[str, str]:
        allowed, headers = self._limits.take(name)
        if not allowed:
            refusal = Refusal(429, title="Too Many Requests", detail="Too Many Requests")
            refusal.headers = headers
            raise refusal
        return headers

    def _fault(self, name: str) -> Response | None:
        if not self.faults[name]:
            return None
        fault = self.faults[name].popleft()
        if isinstance(fault, Refusal):
            raise fault
        return Response(fault, media_type="application/json")

    def _check(self, request: Request, private: bool) -> None:
        mine = self._secrets
        signed = signed_by(request, SIGNED_HOST + request.url.path, mine["api_secret"], mine["access_secret"])
        bearer = request.headers.get("authorization", "").removeprefix("Bearer ")
        if self.revoked or not (
            signed == (mine["api_key"], mine["access_token"]) or bearer in (mine["bearer_token"], mine["user_token"])
        ):
            raise Refusal(401, title="Unauthorized", detail="Unauthorized")
        if private and bearer == mine["bearer_token"]:
            raise Refusal(
                403,
                title="Unsupported Authentication",
                detail="Authenticating with OAuth 2.0 Application-Only is forbidden for this endpoint.",
                type="https://api.twitter.com/2/problems/unsupported-authentication",
            )

    def _me(self, request: Request) -> dict[str, Any]:
        return {"data": View(self.world, request.query_params, self.base).user(self.user)}

    def _mentions(self, request: Request) -> dict[str, Any]:
        user = self.world.users.get(request.path_params["user"])
        if user is None or user.hidden:
            who = request.path_params["user"]
            detail = f"User has been suspended: [{who}]." if user else f"Could not find user with id: [{who}]."
            kind = "https://api.twitter.com/2/problems/resource-not-found"
            return {
                "errors": [{"value": who, "detail": detail, "resource_type": "user", "parameter": "id", "type": kind}]
            }
        # The 800 newest count, those that were deleted since among them.
        newest = self.world.timeline(lambda post: user in self.world.mentioned(post))[:800]
        return self._page(
            request, [each for each in newest if self.world.visible(each)], 5, "pagination_token", View.posts
        )

    def _search(self, request: Request) -> dict[str, Any]:
        query, oldest = request.query_params.get("query", ""), self._clock() - 7 * _DAY
        since = _number(request, "since_id")
        if since and _made(since) < oldest:
            message = f"'since_id' must be a tweet id created after {oldest}. Please use a 'since_id' that is larger than {since}"
            raise invalid("since_id", str(since), message)
        try:
            check(query)
        except ValueError as error:
            raise invalid("query", query, str(error)) from None
        found = self.world.timeline(lambda post: self.world.visible(post) and matches(self.world, query, post))
        recent = [each for each in found if _made(int(each.id)) >= oldest]
        return self._page(request, recent, 10, "next_token", View.posts)

    def _events(self, request: Request) -> dict[str, Any]:
        oldest = self._clock() - 30 * _DAY
        found = [each for each in self.world.events.values() if _made(int(each.id)) >= oldest]
        found.sort(key=lambda each: int(each.id), reverse=True)
        for name in ("since_id", "until_id"):
            if name in request.query_params:
                raise invalid(
                    name, request.query_params[name], f"The query parameter [{name}] is not one of the known ones"
                )
        return self._page(request, found, 1, "pagination_token", View.events)

    def _tweets(self, request: Request) -> dict[str, Any]:
        ids = request.query_params.get("ids", "").split(",")
        if not 1 <= len(ids) <= 100:
            raise invalid(
                "ids", str(len(ids)), "The number of values in the `ids` query parameter list is not between 1 and 100"
            )
        found = {each: self.world.posts.get(each) for each in ids}
        shown = {name: each for name, each in found.items() if each and not each.deleted and not each.author.hidden}
        body = View(self.world, request.query_params, self.base).posts(list(shown.values()))
        errors = [missing(name, "ids", each) for name, each in found.items() if name not in shown]
        return body | ({"errors": errors} if errors else {})

    def _page(
        self, request: Request, found: list[T], fewest: int, parameter: str, listed: _Listed[T]
    ) -> dict[str, Any]:
        """A page of `found`, which is newest first."""
        size = _number(request, "max_results") or 10
        if not fewest <= size <= 100:
            message = f"The `max_results` query parameter value [{size}] is not between {fewest} and 100"
            raise invalid("max_results", str(size), message)
        since, until = _number(request, "since_id"), _number(request, "until_id") or 1 << 64
        if given := request.query_params.get(parameter, ""):
            until = min(until, self._opened(parameter, given))
        matching = [each for each in found if since < int(each.id) < until]
        page = matching[:size]
        meta: dict[str, Any] = {"result_count": len(page)}
        if page:
            meta |= {"newest_id": page[0].id, "oldest_id": page[-1].id}
        if len(matching) > size:
            meta["next_token"] = base64.urlsafe_b64encode(f"{self.tokens}:{page[-1].id}".encode()).decode().rstrip("=")
        return listed(View(self.world, request.query_params, self.base), page) | {"meta": meta}

    def _opened(self, parameter: str, given: str) -> int:
        try:
            generation, _, below = base64.urlsafe_b64decode(given + "==").decode().partition(":")
            if int(generation) == self.tokens:
                return int(below)
        except (binascii.Error, ValueError):
            pass
        raise invalid(parameter, given, f"The `{parameter}` query parameter value [{given}] is not valid")

    def _file(self, request: Request) -> Response:
        file = self.world.files.get(request.path_params["key"])
        mine = self._secrets
        signed = signed_by(request, str(request.url), mine["api_secret"], mine["access_secret"])
        if file is None or file.content is None or (file.private and signed is None):
            return Response(status_code=403)
        return Response(file.content, media_type="image/png")


def _number(request: Request, name: str) -> int:
    given = request.query_params.get(name, "0")
    if not given.isdigit():
        raise invalid(name, given, f"The `{name}` query parameter value [{given}] does not match ^[0-9]{{1,19}}$")
    return int(given)


def _made(number: int) -> float:
    return ((number >> 22) + _EPOCH_MS) / 1000
