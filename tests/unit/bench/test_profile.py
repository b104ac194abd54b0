"""Samples are counted for the innermost part of ours on their stack."""

from __future__ import annotations

from collections import Counter

from bench.profile import OTHER, shares


def test_a_sample_belongs_to_the_innermost_part() -> None:
    """A library that reads a mail is reading mail; what no part knows is everything else."""
    lines = [
        "run (streams/_run.py:9);decide (streams/_batch.py:3);read (normalizer/mail/reading.py:5);parse (email/parser.py:1) 7",
        "run (streams/_run.py:9);decide (streams/_batch.py:3);read (normalizer/mail/reading.py:8) 2",
        "run (/somewhere/streams/_run.py:9);flush (/somewhere/streams/_outbox.py:9) 4",
        "main (ops/cli/run.py:3);_run_once (asyncio/base_events.py:1) 3",
        "bootstrap (threading.py:1) 1",
    ]
    assert shares(lines) == Counter({"reading mail": 9, "outbox": 4, "asyncio": 3, OTHER: 1})
