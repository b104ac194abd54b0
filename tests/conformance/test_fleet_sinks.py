"""Every destination keeps the contract: found at run time, so that there is no list to keep."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import sinks
from sinks._base import Sink
from tests.conformance.sink import SinkContract

TESTS = Path(__file__).parents[1]
DESTINATIONS = [module.name for module in pkgutil.iter_modules(sinks.__path__) if not module.name.startswith("_")]


def _classes(module: str) -> Iterator[type[Any]]:
    """The classes that a module defines."""
    for each in vars(importlib.import_module(module)).values():
        if inspect.isclass(each) and each.__module__ == module:
            yield each


@pytest.mark.parametrize("destination", DESTINATIONS)
def test_a_destination_is_a_module_with_one_sink(destination: str) -> None:
    """The configuration names a destination by its module."""
    found = [each.name for each in _classes(f"sinks.{destination}") if issubclass(each, Sink)]
    assert found == [destination]


@pytest.mark.parametrize("destination", DESTINATIONS)
def test_every_destination_inherits_the_kit(destination: str) -> None:
    """Its test class makes a sink of that module under the contract of all destinations."""
    kits = [
        each
        for path in sorted((TESTS / "unit" / "sinks").glob("test_*.py"))
        for each in _classes(".".join(("tests", *path.relative_to(TESTS).with_suffix("").parts)))
        if issubclass(each, SinkContract)
    ]
    made = {type(kit().make(Path())).__module__ for kit in kits}
    assert f"sinks.{destination}" in made, f"sinks/{destination}.py: write a test class that inherits SinkContract"
