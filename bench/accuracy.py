"""``make accuracy``: what Switchboard reads right, on labelled mail that nobody here wrote, beside peer libraries.

The corpora are read in place from ``SWITCHBOARD_CORPORA``; the table goes to the terminal and, as JSON, to
``bench/results/accuracy.json``.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from bench import accuracy_bounces, accuracy_reading, accuracy_replies, accuracy_threads

ROOT = Path(__file__).parent.parent
RESULTS = ROOT / "bench" / "results" / "accuracy.json"
BENCHES = (accuracy_reading, accuracy_replies, accuracy_bounces, accuracy_threads)


def corpora() -> Path:
    """Where the labelled mail is."""
    return Path(os.environ.get("SWITCHBOARD_CORPORA", ROOT.parent / "shared" / "corpora"))


def main() -> None:
    """Score, print, and write; exit status 1 when a target is missed."""
    console = Console()
    if not corpora().is_dir():
        sys.exit(f"there are no corpora at {corpora()}: name their folder in SWITCHBOARD_CORPORA")
    rows: list[dict[str, Any]] = []
    for bench in BENCHES:
        with console.status(f"{bench.__name__.rpartition('_')[2]} …"):
            rows.extend(bench.score(corpora()))
    kept = [{name: _rounded(row.get(name)) for name in ("what", "ours", "target", "peers")} for row in rows]
    RESULTS.write_text(json.dumps(kept, indent=1, ensure_ascii=False) + "\n", "utf-8")
    table = Table("what", "ours", "at least", "peers", box=None)
    for row in kept:
        missed = row["target"] is not None and not _reached(row)
        peers = ", ".join(f"{name} {value}" for name, value in (row["peers"] or {}).items() if value is not None)
        target = "" if row["target"] is None else str(row["target"])
        table.add_row(row["what"], f"[red]{row['ours']}[/]" if missed else str(row["ours"]), target, peers)
    console.print(table)
    sys.exit(1 if any(row["target"] is not None and not _reached(row) for row in kept) else 0)


def _reached(row: dict[str, Any]) -> bool:
    """At least the target; at most, where less is better."""
    fewer_is_better = "false alarms" in row["what"]
    return bool(row["ours"] <= row["target"] if fewer_is_better else row["ours"] >= row["target"])


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, 4)
    if isinstance(value, dict):
        return {name: _rounded(item) for name, item in value.items()}
    return value


if __name__ == "__main__":
    main()
