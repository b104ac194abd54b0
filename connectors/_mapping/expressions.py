"""Expressions in JMESPath (https://jmespath.org), compiled once and evaluated over untrusted items.

An expression cannot loop: its time grows with its own length times the item's size, and both are bounded.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jmespath  # type: ignore[import-untyped]  # it ships no types
from jmespath.exceptions import JMESPathError  # type: ignore[import-untyped]  # as above
from jmespath.visitor import TreeInterpreter  # type: ignore[import-untyped]  # as above

from normalizer.errors import Misconfigured

LONGEST = 500
"""Characters of an expression."""

FAILED = object()
"""What an expression gives that does not fit the item: a number where a text is joined."""

Expression = Callable[[Any], Any]
_FAILURES = (JMESPathError, TypeError, ValueError, ArithmeticError, LookupError, AttributeError, RecursionError)


def expression(source: str, where: str) -> Expression:
    """What `source` gives for an item: a JSON value, None when the item has none, or `FAILED`. It never raises.

    Raises `Misconfigured`, which names the setting `where`, when `source` is no JMESPath.
    """
    if not source:
        return _nothing
    if len(source) > LONGEST:
        raise Misconfigured(f"{where} has {len(source)} characters: write an expression of at most {LONGEST}")
    try:
        compiled = jmespath.compile(source)
        compiled.search({})
    except JMESPathError as error:
        if type(error).__name__ != "JMESPathTypeError":  # which depends on the item
            said = " ".join(str(error).split())
            raise Misconfigured(
                f"{where} is {source!r}, which is not JMESPath ({said[:200]}): see jmespath.org and correct it"
            ) from error
    except RecursionError as error:
        raise Misconfigured(f"{where} is nested too deeply: write a simpler expression") from error

    visit, parsed = TreeInterpreter().visit, compiled.parsed  # `search` makes an interpreter for each item

    def evaluate(item: Any) -> Any:
        try:
            return visit(parsed, item)
        except _FAILURES:
            return FAILED

    return evaluate


def _nothing(_: Any) -> None:
    return None
