"""How long a mail takes from the moment when it should be accepted until its row is in the store, at a given rate.

Open loop: mails come at times that are fixed beforehand, whether or not the ones before have arrived, and a latency is
counted from that time, not from when the mail was really sent. So a pipeline that falls behind cannot hide it.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

import msgspec
from confluent_kafka import Producer  # type: ignore[import-untyped]  # it ships no types

from bench.inputs import RAW_MAIL, Entry, producing
from bench.report import MICRO
from bench.stopwatch import PATIENCE_SECONDS
from bench.whole import Whole
from normalizer.cluster import Cluster

LOOK_SECONDS = 0.004
AT = "ce_time"


class Latencies(msgspec.Struct, frozen=True):
    """Milliseconds from accepted to stored at `rate` mails a second, of `number` mails, and what each took of CPU."""

    rate: float
    number: int
    p50: float
    p99: float
    p999: float
    cpu_micros: float


def at_rate(whole: Whole, cluster: Cluster, mails: Iterator[Entry], rate: float, seconds: float) -> Latencies:
    """Send mails at `rate` a second for so long, and wait until each is stored."""
    producer, topic = Producer(producing(cluster) | {"linger.ms": 0}), cluster.named(RAW_MAIL)
    producer.list_topics(topic, timeout=10)  # connected before the clock runs
    number = max(1, int(rate * seconds))
    took: list[float] = []
    cpu = whole.cpu_seconds()
    with whole.looking() as look:
        known = look.newest()
        sent, began = 0, datetime.now(UTC) + timedelta(milliseconds=50)
        deadline = time.monotonic() + seconds + PATIENCE_SECONDS
        while len(took) < number:
            now = datetime.now(UTC)
            while sent < number and (due := began + timedelta(seconds=sent / rate)) <= now:
                mail = next(mails)
                producer.produce(topic, mail.value, mail.key, headers=_received(mail, due))
                sent += 1
            producer.poll(0)
            found = look.arrivals(known)
            now = datetime.now(UTC)
            took += [(now - received).total_seconds() * 1000 for _, received in found]
            known = max((each for each, _ in found), default=known)
            if time.monotonic() > deadline:
                raise TimeoutError(
                    f"{len(took)} of {number} mails were stored at {rate:.0f} a second: it cannot keep up"
                )
            time.sleep(LOOK_SECONDS)
    cpu = whole.cpu_seconds() - cpu
    p50, p99, p999 = (percentile(took, share) for share in (0.5, 0.99, 0.999))
    return Latencies(rate, number, p50, p99, p999, MICRO * cpu / number)


def percentile(values: Sequence[float], share: float) -> float:
    """The least value that `share` of the values do not exceed (nearest rank)."""
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]


def _received(mail: Entry, at: datetime) -> list[tuple[str, bytes]]:
    return [(name, at.isoformat().encode() if name == AT else value) for name, value in mail.headers]
