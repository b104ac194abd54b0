"""Every channel keeps the contract: found at run time, so that there is no list to keep."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

import connectors
from connectors._base import Connector, Poller, Receiver
from tests.conformance.connector import ConnectorContract
from tests.conformance.poller import PollerContract
from tests.conformance.receiver import ReceiverContract

TESTS = Path(__file__).parents[1]
CHANNELS = [
    module.name
    for module in pkgutil.iter_modules(connectors.__path__)
    if not (module.name.startswith("_") or module.ispkg)
]


def _connector(channel: str) -> type[Connector[Any]]:
    module = importlib.import_module(f"connectors.{channel}")
    found: list[type[Connector[Any]]] = [
        each for each in vars(module).values() if inspect.isclass(each) and each.__module__ == module.__name__
        and issubclass(each, Connector)
    ]  # fmt: skip
    assert len(found) == 1, f"connectors/{channel}.py has {len(found)} connectors: a channel is a module with one"
    return found[0]


@cache
def _test_classes() -> tuple[type[Any], ...]:
    return tuple(_walk())


def _walk() -> Iterator[type[Any]]:
    for path in sorted(TESTS.rglob("test_*.py")):
        if "Contract" not in path.read_text():
            continue
        name = ".".join(("tests", *path.relative_to(TESTS).with_suffix("").parts))
        for each in vars(importlib.import_module(name)).values():
            if inspect.isclass(each) and each.__name__.startswith("Test") and each.__module__ == name:
                yield each


@pytest.mark.parametrize("channel", CHANNELS)
def test_every_channel_inherits_the_kits(channel: str) -> None:
    """One class under the contract of all channels, one under that of its kind."""
    connector = _connector(channel)
    wanted = {ConnectorContract} | {
        kit for kind, kit in ((Poller, PollerContract), (Receiver, ReceiverContract)) if issubclass(connector, kind)
    }
    mine = [each for each in _test_classes() if getattr(each, "connector", None) is connector]
    missing = {kit.__name__ for kit in wanted if not any(issubclass(each, kit) for each in mine)}
    assert missing == set(), f"connectors/{channel}.py: write a test class that inherits {', '.join(sorted(missing))}"
