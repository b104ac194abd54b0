"""What X refuses, named by what to do about it: https://docs.x.com/x-api/fundamentals/response-codes-and-errors."""

from __future__ import annotations

from collections.abc import Mapping

import requests

from connectors._x.budget import refused_pause
from connectors._x.payload import rows, table, text
from normalizer.errors import Misconfigured, Retriable, SwitchboardError

_SPENT = {"UsageCapExceeded", "CreditsDepleted", "SpendCapReached"}
_ENDS = ("usage-capped", "/credits", "spend-cap-reached")


class Refused(Exception):
    """X does not take some parameters of a request (400): `names`. `detail` is X's own sentence."""

    def __init__(self, names: frozenset[str], detail: str) -> None:
        super().__init__(detail)
        self.names = names
        self.detail = detail


def trouble(response: requests.Response, problem: Mapping[str, object], who: str) -> SwitchboardError | Refused:
    """What an answer that is not 2xx means. `problem` is its body, {} when that is no JSON; `who` names account and request."""
    status, detail = response.status_code, _detail(problem) or response.reason or "no reason given"
    if status == 402 or text(problem, "title") in _SPENT or text(problem, "type").endswith(_ENDS):
        return Misconfigured(
            f"{who}: the usage that is paid for is spent ({detail}): raise the cap or buy credits at X"
        )
    if status == 429:
        return Retriable(f"{who}: X takes no more of these requests for now: this is tried again", _pause(response))
    if status == 400:
        return Refused(_named(problem), detail)
    if status == 401:
        return Misconfigured(
            f"{who}: X does not accept the credentials ({detail}): they were revoked, have expired or belong to another "
            "app; make new ones in X's developer portal and set them"
        )
    if status == 403:
        return Misconfigured(
            f"{who}: X forbids it ({detail}): check that the account is not suspended or locked, and that the app has the "
            "access it needs (direct messages: read, write and direct messages)"
        )
    if status == 404:
        return Misconfigured(f"{who}: X knows no such thing ({detail}): correct user_id")
    return Retriable(f"{who}: X answered {status} ({detail}): this is tried again", refused_pause(_headers(response)))


def gone_user(problems: list[dict[str, object]], user: str, who: str) -> None:
    """Raise `Misconfigured` when an answer of 200 says that the account itself is not there any more."""
    for each in problems:
        if text(each, "resource_type") == "user" and text(each, "value") == user:
            raise Misconfigured(
                f"{who}: X does not show the account ({text(each, 'detail') or text(each, 'title')}): it is suspended, "
                "closed or protected; restore it, or correct user_id"
            )


def _pause(response: requests.Response) -> float | None:
    return refused_pause(_headers(response))


def _headers(response: requests.Response) -> Mapping[str, str]:
    return response.headers


def _detail(problem: Mapping[str, object]) -> str:
    told = [text(each, "message") or text(each, "detail") for each in rows(problem, "errors")]
    return "; ".join([each for each in told if each][:3] or [text(problem, "detail") or text(problem, "title")])[:300]


def _named(problem: Mapping[str, object]) -> frozenset[str]:
    """The parameters that X names, in its structure or only in its sentence."""
    named = {name for each in rows(problem, "errors") for name in table(each, "parameters")}
    words = _detail(problem)
    return frozenset(named) | {
        name for name in ("since_id", "until_id", "pagination_token", "next_token") if name in words
    }
