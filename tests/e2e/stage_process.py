"""A process with one stage, for the tests that kill it: ``stage_process.py BROKERS NAMESPACE [MILLISECONDS [FOLDER]]``.

The stage counts the records of each key and gives the count; it takes some milliseconds for each record, and remembers
in a folder when one is given.
"""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from normalizer.cluster import Cluster
from normalizer.errors import Rejected
from streams._record import Output, Record
from streams._run import run
from streams._stage import Stage
from streams._state import State


class Count(Stage):
    """Gives ``key value count`` for each record; rejects ``bad`` and has a bug at ``bug``."""

    name = "count"
    inputs = ("messages.normalized",)
    tables = ("counts",)

    def __init__(self, seconds: float = 0) -> None:
        self.seconds = seconds

    def decide(self, record: Record, state: State) -> Sequence[Output]:
        """See the class."""
        if record.value == b"bad":
            raise Rejected("bad", "this record is bad: leave it")
        if record.value == b"bug":
            raise ValueError("a secret of a customer")
        if self.seconds:
            time.sleep(self.seconds)
        key = record.key or b""
        count = int(state["counts"].get(key) or 0) + 1
        state["counts"].set(key, b"%d" % count)
        return (Output("messages.threaded", key, b"%s %s %d" % (key, record.value, count)),)


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    logging.getLogger("aiokafka").setLevel(logging.ERROR)
    brokers, namespace, *rest = sys.argv[1:]
    stage = Count(float(rest[0]) / 1000 if rest else 0)
    folder = Path(rest[1]) if rest[1:] else None
    cluster = Cluster(brokers=brokers, namespace=namespace)
    sys.exit(run([stage], cluster, folder=folder, ready=lambda _: print("ready", flush=True)))
