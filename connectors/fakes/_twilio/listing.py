"""Lists of the API: pages with a token, and windows of days (https://www.twilio.com/docs/usage/twilios-response#pagination)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request

_DEFAULT = 50
_MOST = 1000


def page(request: Request, name: str, found: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """One page of what was found, newest first, under `name`.

    A token names the last item of the page before, so that what arrives meanwhile shifts nothing.
    """
    asked = request.query_params
    size = min(max(int(asked.get("PageSize", _DEFAULT)), 1), _MOST)
    number = int(asked.get("Page", 0))
    start = _after(found, asked["PageToken"].removeprefix("PA")) if "PageToken" in asked else number * size
    listed = found[start : start + size]

    def uri(number: int, token: str = "") -> str:
        own = [(key, text) for key, text in asked.multi_items() if key not in ("PageSize", "Page", "PageToken")]
        own += [("PageSize", str(size)), ("Page", str(number))] + ([("PageToken", token)] if token else [])
        return f"{request.url.path}?{urlencode(own)}"

    more = start + size < len(found)
    return {
        "end": start + max(len(listed) - 1, 0),
        "first_page_uri": uri(0),
        name: list(listed),
        "next_page_uri": uri(number + 1, f"PA{listed[-1]['sid']}") if more else None,
        "page": number,
        "page_size": size,
        "previous_page_uri": uri(number - 1) if number else None,
        "start": start,
        "uri": uri(number, asked.get("PageToken", "")),
    }


def window(asked: Mapping[str, str], name: str) -> Callable[[date], bool] | None:
    """Whether a day (GMT) is asked for by ``name``, ``name<`` and ``name>``, each with its own day; None when all are.

    What is more precise than a day counts as its day.
    """
    told = {sign: date.fromisoformat(asked[name + sign][:10]) for sign in ("", "<", ">") if name + sign in asked}
    if not told:
        return None

    def inside(day: date) -> bool:
        return told.get("", day) == day and day <= told.get("<", day) and day >= told.get(">", day)

    return inside


def _after(found: Sequence[Mapping[str, Any]], sid: str) -> int:
    return next((index + 1 for index, each in enumerate(found) if each["sid"] == sid), len(found))
