"""Records that no program of ours writes, put onto topics between good ones."""

from __future__ import annotations

import random
from collections import Counter

from kafka import KafkaProducer  # type: ignore[import-untyped]  # it ships no types

from normalizer.cluster import Cluster
from normalizer.events import RAW, Message, Routed, Threaded
from normalizer.wire import versioned_type

HUGE = 1_000_000
_RAW = (("content-type", b"message/rfc822"), ("ce_specversion", b"1.0"), ("ce_id", b"1"), ("ce_source", b"/mail/main"))


def spoil(cluster: Cluster, chance: random.Random, each: int) -> Counter[str]:
    """So many records of each kind onto each topic of the way; how many, by topic. All of them must become dead letters."""
    raws = [RAW + channel for channel in ("mail", "sms", "webform", "slack")]
    kinds = dict.fromkeys(raws, b"switchboard.raw.v1")
    kinds |= {event.topic: versioned_type(event).encode() for event in (Message, Threaded, Routed)}
    found: Counter[str] = Counter()
    producer = KafkaProducer(bootstrap_servers=cluster.brokers, acks="all", max_request_size=2 << 20)
    try:
        for topic, kind in kinds.items():
            for _ in range(each):
                for value, headers in _broken(chance, kind, raw=topic in raws):
                    producer.send(cluster.named(topic), key=chance.randbytes(6), value=value, headers=list(headers))
                    found[topic] += 1
        producer.flush()
    finally:
        producer.close()
    return found


def _broken(
    chance: random.Random, kind: bytes, *, raw: bool
) -> list[tuple[bytes | None, tuple[tuple[str, bytes], ...]]]:
    """Nothing, noise, half a JSON, the wrong type, a broken header, and as much as fits into a record."""
    typed = (*_RAW[:3], ("ce_type", kind))
    found: list[tuple[bytes | None, tuple[tuple[str, bytes], ...]]] = [
        (None, ()),
        (b"", ()),
        (chance.randbytes(200), ()),
        (b'{"id":"', typed),
        (b"{}", (*_RAW, ("ce_type", b"switchboard.unheard.of.v9"))),
        (chance.randbytes(50), (("ce_type", b"\xff\xfe"), ("ce_time", b"yesterday"))),
        (chance.randbytes(HUGE), typed),
    ]
    if raw:
        found.append((b"From: somebody", (*_RAW, ("ce_type", kind), ("ce_subject", b"1"), ("ce_time", b"no time"))))
    return found
