"""What is fuzzed: found at run time, so that a new channel, door or event is fuzzed without being named here."""

from __future__ import annotations

from functools import cache

from tests.fuzz.doors import doors
from tests.fuzz.reads import reads
from tests.fuzz.records import stages, wire
from tests.fuzz.target import Target


@cache
def every() -> dict[str, Target]:
    """All targets by name."""
    return {target.name: target for target in (*reads(), *doors(), *wire(), *stages())}
