"""One thing that takes hostile input."""

from __future__ import annotations

from collections.abc import Callable

from tests.fuzz.found import Input
from tests.fuzz.mutate import Mutator


class Target:
    """Something that takes hostile input. `make` draws one, `run` gives what became of it; any exception is a crash."""

    def __init__(self, name: str, make: Callable[[Mutator], Input], run: Callable[[Input], str]) -> None:
        self.name, self.make, self.run = name, make, run
