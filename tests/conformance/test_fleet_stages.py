"""Every stage keeps the contract: found at run time, so that there is no list to keep."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import streams
from streams._stage import Processor
from tests.conformance.stage import ProcessorContract

TESTS = Path(__file__).parents[1]
STAGES = [module.name for module in pkgutil.iter_modules(streams.__path__) if not module.name.startswith("_")]


def _classes(module: str) -> Iterator[type[Any]]:
    """The classes that a module defines."""
    for each in vars(importlib.import_module(module)).values():
        if inspect.isclass(each) and each.__module__ == module:
            yield each


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_is_a_module_with_one_processor(stage: str) -> None:
    """A stage is named by its module."""
    assert sum(issubclass(each, Processor) for each in _classes(f"streams.{stage}")) == 1


@pytest.mark.parametrize("stage", STAGES)
def test_every_stage_inherits_the_kit(stage: str) -> None:
    """Its test class makes a stage of that module under the contract of all stages."""
    kits = [
        each
        for path in sorted((TESTS / "unit" / "streams").glob("test_*.py"))
        for each in _classes(".".join(("tests", *path.relative_to(TESTS).with_suffix("").parts)))
        if issubclass(each, ProcessorContract)
    ]
    made = {type(kit().make()).__module__ for kit in kits}
    assert f"streams.{stage}" in made, f"streams/{stage}.py: write a test class that inherits StageContract"
