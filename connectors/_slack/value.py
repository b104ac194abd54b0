"""Parts of a payload, which may be of any type: the right one or an empty one comes back, never an error."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

Json = dict[str, Any]


def text(value: Any) -> str:
    """A text; "" for anything else."""
    return value if isinstance(value, str) else ""


def mapping(value: Any) -> Json:
    """An object; {} for anything else."""
    return value if isinstance(value, dict) else {}


def items(value: Any) -> list[Json]:
    """The objects of a list, without what else may be among them."""
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def first(values: Iterable[Any]) -> str:
    """The first text that says something, "" when none does."""
    return next((each for each in values if isinstance(each, str) and each), "")
