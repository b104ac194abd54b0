"""Samples are counted for the innermost part of ours on their stack, as much as their thread computed."""

from __future__ import annotations

import pytest

from bench.profile import OTHER, ROOT, shares


def test_a_sample_belongs_to_the_innermost_part() -> None:
    """A library that reads a mail is reading mail; what no part knows is everything else."""
    python = "/usr/lib/python3.11"
    lines = [
        f"decide ({ROOT}/streams/_batch.py:3);read ({ROOT}/normalizer/mail/reading.py:5);parse ({python}/email/parser.py:1) 7",
        f"decide ({ROOT}/streams/_batch.py:3);read ({ROOT}/normalizer/mail/reading.py:8) 2",
        f"run ({ROOT}/streams/_run.py:9);flush ({ROOT}/streams/_outbox.py:9) 4",
        f"main ({ROOT}/ops/cli/run.py:3);_run_once ({python}/asyncio/base_events.py:1) 3",
        f"decide ({ROOT}/streams/_batch.py:3);decide ({ROOT}/bench/jobs.py:50) 2",
        f"_answer ({ROOT}/bench/part.py:9);send ({ROOT}/.venv/lib/python3.11/site-packages/aiokafka/client.py:8) 6",
        f"receive ({ROOT}/.venv/lib/python3.11/site-packages/anyio/streams/memory.py:8) 5",
        f"bootstrap ({python}/threading.py:1) 1",
    ]
    expected = {"reading mail": 9, "outbox": 4, "asyncio": 3, "what the stage itself does": 2, "aiokafka": 6, OTHER: 6}
    found, samples = shares([f"thread (7): MainThread;{line}" for line in lines], {7: 3.0})
    assert samples == 30
    assert found == pytest.approx({part: count / 30 for part, count in expected.items()})


def test_a_thread_that_waits_for_the_disk_counts_for_what_it_computed() -> None:
    """And one that nobody saw in Python, for all that it used."""
    lines = [
        f"thread (1): MainThread;read ({ROOT}/normalizer/mail/reading.py:5) 10",
        f"thread (2): asyncio_0;write ({ROOT}/sinks/sqlite.py:5) 30",
        f"thread (2): asyncio_0;put ({ROOT}/connectors/_blobs.py:5) 10",
    ]
    found, samples = shares(lines, {1: 6.0, 2: 2.0, 3: 2.0})
    assert samples == 50
    assert found == pytest.approx({"reading mail": 0.6, "ticket store": 0.15, "blobs": 0.05, OTHER: 0.2})
