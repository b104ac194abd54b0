"""No log call of ours is given what a customer wrote: looked for in the code, since names and texts cannot be masked later."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

REPO = Path(__file__).parents[2]
ROOMS = ("connectors", "normalizer", "ops", "sinks", "streams")
LOGGERS = {"log", "_log", "access", "logger"}
LEVELS = {"debug", "info", "warning", "error", "exception", "critical"}
CUSTOMERS = {
    *("text", "visible_text", "html", "subject", "body", "value", "content", "payload", "raw", "message", "messages"),
    *("address", "email", "phone", "sender", "customer", "contact", "attributes", "fields", "form", "frame", "letter"),
    *("password", "token", "secret", "secrets", "settings", "headers", "query", "url", "key"),
}
"""Names under which customers' words, their addresses and credentials go in this code."""


def log_calls(path: Path) -> Iterator[ast.Call]:
    """The calls of loggers in a file."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in LEVELS:
            owner = node.func.value
            name = owner.id if isinstance(owner, ast.Name) else getattr(owner, "attr", "")
            if name in LOGGERS:
                yield node


def test_log_calls_carry_nothing_of_customers() -> None:
    """Neither as an argument nor within one; and the line itself is a constant, so that nothing is woven into it."""
    calls = [(path, call) for room in ROOMS for path in sorted((REPO / room).rglob("*.py")) for call in log_calls(path)]
    assert len(calls) > 10
    told = {
        f"{path.relative_to(REPO)}:{call.lineno}": found
        for path, call in calls
        if (found := CUSTOMERS & {name for argument in call.args for name in _names(argument)})
    }
    assert told == {}


def _names(node: ast.AST) -> Iterator[str]:
    for each in ast.walk(node):
        if isinstance(each, ast.Attribute):
            yield each.attr
        elif isinstance(each, ast.Name):
            yield each.id


def test_nothing_is_printed_past_the_log() -> None:
    """Only commands write to standard output and standard error; what runs for days uses the log."""
    printing = [
        str(path.relative_to(REPO))
        for room in ("connectors", "normalizer", "sinks", "streams")
        for path in (REPO / room).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print"
    ]
    assert printing == []
