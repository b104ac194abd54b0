"""What a run found, as it is committed: `bench/results/chaos.json`."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import msgspec

from bench.report import RESULTS, Machine

PATH = RESULTS / "chaos.json"


class Repeats(msgspec.Struct, frozen=True):
    """What was there before: raw records with the same id from the same source, and outputs of the stages."""

    raw: int = 0
    normalized: int = 0
    threaded: int = 0
    routed: int = 0


class Losses(msgspec.Struct, frozen=True):
    """What the peer lost of what was said in a round, and gave again in it."""

    lost: int = 0
    repeated: int = 0


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """A fault and what became of it.

    `seconds` is how long it lasted. From its end: `progress` is when the first, `recovery` when the last message was stored
    of the `waiting` ones, which the places had by then and the store had not; None when never. `said` is all that was said in
    this round, `ended` the statuses with which processes ended (-9: killed). `peer` is None where the peer was not hurt.
    """

    name: str
    kind: str
    detail: str = ""
    skipped: str = ""
    seconds: float = 0.0
    progress: float | None = None
    recovery: float | None = None
    waiting: int = 0
    said: int = 0
    repeats: Repeats = Repeats()
    ended: dict[str, list[int]] = {}
    peer: Losses | None = None
    problems: list[str] = []

    @property
    def survived(self) -> bool:
        """Whether it was injected, and everything held."""
        return not self.skipped and not self.problems


class Chaos(msgspec.Struct, frozen=True, kw_only=True):
    """A whole run. `peer` is stock Faust's sum, `peer_of` how much it was given."""

    machine: Machine
    seed: int
    rate: float
    channels: int
    minutes: float
    said: int
    stored_rows: int
    sha256: str
    rows: list[Row]
    peer: Losses
    ours: Losses

    @property
    def injected(self) -> list[Row]:
        """The faults that this machine could have."""
        return [row for row in self.rows if not row.skipped]

    @property
    def survived(self) -> int:
        """How many of them changed nothing."""
        return sum(row.survived for row in self.rows)


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that so large a share of them does not exceed; of none, 0."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)] if ordered else 0.0


def save(found: Chaos, path: Path = PATH) -> None:
    """Write it as JSON that people can read."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(msgspec.json.format(msgspec.json.encode(found)) + b"\n")


def load(path: Path = PATH) -> Chaos:
    """Read what `save` wrote."""
    return msgspec.json.decode(path.read_bytes(), type=Chaos)
