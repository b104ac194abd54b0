"""What a load does to partitions, workers and one hot key, on paper: the model behind docs/scale.md.

    python -m bench.scale_simulation            # writes the tables of docs/scale.md
    python -m bench.scale_simulation --check    # exit status 1 when the page says something else

Pure and seeded: the same `Load` gives the same numbers. Messages come over a day with a peak, from customers and
accounts of which few write much (Zipf), and go to the partition that Kafka's own hash of their key names. What one message costs is what
`make bench` has measured last.
"""

from __future__ import annotations

import argparse
import math
import random
import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec

from bench.figures import filled
from bench.report import RESULTS
from bench.scale_cost import Cost, measured
from bench.shown import markdown, number
from streams._outbox import hashed

PAGE = Path(__file__).parent.parent / "docs" / "scale.md"
DAY_SECONDS = 86_400
PEAK = 3.0  # the busiest minute against the mean of a day: an assumption
MILLION = 1_000_000
HOT_SHARES = (0.01, 0.1, 0.3)
PARTITIONS = (4, 12, 48, 192)
MESSAGES = (100_000, MILLION, 10 * MILLION, 100 * MILLION)
TARGET_BUSY = 0.5
"""How busy a worker may be in the busiest minute, so that it answers soon and catches up after a stop."""
BROKER_BYTES = 50 << 20
"""Bytes a second that one broker is given to take in and hand out: an assumption, well below any server's line and disk."""
COPIES = 3
TOPICS_A_MESSAGE = 4  # raw, normalized, threaded, routed
CPU_HOUR, GIGABYTE_MONTH = 0.04, 0.08
"""Dollars for a core and hour, and for a gigabyte of disk and month: assumptions of their order; put in your own."""


class Load(msgspec.Struct, frozen=True):
    """So many messages a day from so many customers over so many accounts, whose weights follow Zipf's law.

    Accounts differ much (exponent 1: the second has half of the first); customers less. Both exponents are assumptions.
    """

    messages: int = MILLION
    customers: int = 200_000
    accounts: int = 50
    customer_exponent: float = 0.5
    account_exponent: float = 1.0
    seed: int = 7


def weights(count: int, exponent: float) -> list[float]:
    """Zipf: the share of each of `count` keys, which add up to 1."""
    raw = [1 / rank**exponent for rank in range(1, count + 1)]
    total = sum(raw)
    return [each / total for each in raw]


def spread(shares: Sequence[float], name: str, partitions: int, seed: int) -> list[float]:
    """The share of each partition, when keys with these shares fall where Kafka's hash of their names puts them."""
    dice = random.Random(f"{seed}/{name}")
    found = [0.0] * partitions
    for share in shares:
        key = f"{name}-{dice.getrandbits(64):016x}".encode()
        found[hashed(key) % partitions] += share
    return found


def imbalance(shares: Sequence[float]) -> float:
    """The fullest partition against the mean."""
    return max(shares) * len(shares)


def workers_needed(load: Load, cpu_seconds: float) -> int:
    """Cores for the busiest minute, when all are equally busy with messages of so many CPU seconds."""
    return max(1, math.ceil(load.messages / DAY_SECONDS * PEAK * cpu_seconds / TARGET_BUSY))


def brokers_needed(load: Load, cost: Cost) -> int:
    """Brokers for the bytes of the busiest minute, written `COPIES` times and read once; three at least."""
    a_second = load.messages / DAY_SECONDS * PEAK * cost.bytes * TOPICS_A_MESSAGE
    return max(3, math.ceil(a_second * (COPIES + 1) / BROKER_BYTES))


def busiest(load: Load, cost: Cost, partitions: int, workers: int, hot: float = 0.0) -> float:
    """How busy the busiest worker is in the busiest minute: 1 is all it can. `hot` is the share of one customer alone.

    Only what is keyed by customer goes where the customer is; everything else is taken to be spread evenly.
    """
    shares = [(1 - hot) * each for each in weights(load.customers, load.customer_exponent)]
    found = spread([hot, *shares] if hot else shares, "customer", partitions, load.seed)
    mine: list[float] = [0.0] * workers
    for partition, share in enumerate(found):
        worker = partition * workers // partitions  # ranges, as the group assigns them
        mine[worker] += share
    even = (cost.cpu_seconds - cost.ticket_seconds) / workers
    return (max(mine) * cost.ticket_seconds + even) * load.messages / DAY_SECONDS * PEAK


def catch_up_seconds(load: Load, cost: Cost, stopped: float, workers: int) -> float:
    """How long after a stop of so many seconds until nothing waits, at the mean rate; infinite when it never ends."""
    arrive, can = load.messages / DAY_SECONDS, workers / cost.cpu_seconds
    return arrive * stopped / (can - arrive) if can > arrive else math.inf


def moved(keys: int, before: int, after: int, seed: int) -> float:
    """The share of keys that fall into another partition when there are more of them."""
    dice = random.Random(seed)
    places = [hashed(b"%016x" % dice.getrandbits(64)) for _ in range(keys)]
    return sum(place % before != place % after for place in places) / keys


def tables(cost: Cost) -> str:
    """Everything between the marks of the page."""
    return "\n\n".join([_sizes(cost), _partitions(), _hot(cost), _moving(), _stops(cost), _money(cost)])


def _sizes(cost: Cost) -> str:
    rows = []
    for messages in MESSAGES:
        load = Load(messages=messages)
        rows.append(
            [
                f"{messages:,}",
                number(messages / DAY_SECONDS * PEAK),
                str(workers_needed(load, cost.cpu_seconds)),
                str(workers_needed(load, cost.connector_seconds)),
                str(brokers_needed(load, cost)),
                number(messages * cost.bytes * TOPICS_A_MESSAGE * COPIES / 1e9, "GB"),
            ]
        )
    how = (
        f"One process with all stages carries {number(1 / cost.cpu_seconds)} mails a second (`make bench`: the whole pipeline into SQLite). In the busiest minute, "
        f"which has {PEAK:g} times the mean (*assumed*), it may have {TARGET_BUSY:.0%} of that: then it takes {number(cost.half_seconds * 1000, 'ms')} "
        f"of CPU for each, which is about a core, and 99 of 100 are stored within {number(cost.half_p99, 'ms')}. A mail takes "
        f"{number(cost.connector_seconds * 1000, 'ms')} more in its connector, and has {number(cost.bytes / 1000, 'kB')} on its raw topic; on the "
        f"other topics it is *assumed* to have as many. A broker is *assumed* to take in and hand out {BROKER_BYTES >> 20} MB a second. The "
        "cores of brokers and of PostgreSQL are not in it."
    )
    head = (
        "messages a day",
        "a second, at most",
        "processes for stages",
        "cores for connectors",
        "brokers",
        "bytes a day, three copies",
    )
    most = DAY_SECONDS / PEAK / cost.store_seconds * TARGET_BUSY
    sqlite = (
        f"A file of SQLite has one writer at a time, which can take about {number(most / MILLION)} million messages a day while the store is small, "
        "and fewer when it is large (README, *A large ticket store*): beyond that, PostgreSQL, with a `deliver` for each core that it takes."
    )
    return f"{how}\n\n{markdown(head, rows)}\n\n{sqlite}"


def _partitions() -> str:
    load = Load()
    rows = []
    for partitions in PARTITIONS:
        by_customer = spread(weights(load.customers, load.customer_exponent), "customer", partitions, load.seed)
        by_account = spread(weights(load.accounts, load.account_exponent), "account", partitions, load.seed)
        rows.append([str(partitions), number(imbalance(by_customer), "×"), number(imbalance(by_account), "×")])
    how = (
        f"The fullest partition against the mean, {load.customers:,} customers and {load.accounts} accounts whose traffic follows Zipf's law. "
        "Route is keyed by customer, thread by account."
    )
    return f"{how}\n\n{markdown(('partitions', 'by customer', 'by account'), rows)}"


def _hot(cost: Cost) -> str:
    load = Load(messages=10 * MILLION)
    workers = workers_needed(load, cost.cpu_seconds)
    rows = [
        [
            f"{share:.1%}",
            f"{round(load.messages * share):,}",
            number(busiest(load, cost, 192, workers, share), "%"),
            number(load.messages * share / DAY_SECONDS * PEAK * cost.ticket_seconds, "%"),
        ]
        for share in (0.0, *HOT_SHARES)
    ]
    how = (
        f"{load.messages:,} messages a day, 192 partitions, {workers} workers, and one customer with a share of all messages. Route and deliver, "
        f"which are keyed by customer, take {number(cost.ticket_seconds * 1000, 'ms')} of each."
    )
    head = ("share of one customer", "its messages a day", "busiest worker", "of that the customer alone")
    most = DAY_SECONDS / PEAK / cost.thread_seconds * TARGET_BUSY
    account = (
        f"One account can have about {number(most / MILLION)} million messages a day, when a process of its own runs its thread stage and a "
        "million are known."
    )
    return f"{how}\n\n{markdown(head, rows)}\n\n{account}"


def _moving() -> str:
    rows = [
        [f"{before} → {after}", number(moved(20_000, before, after, 7), "%")]
        for before, after in ((4, 8), (12, 24), (12, 16), (48, 192))
    ]
    how = "Keys that would be on another partition than their state when partitions are added:"
    return f"{how}\n\n{markdown(('partitions', 'keys that move'), rows)}"


def _stops(cost: Cost) -> str:
    load = Load()
    workers = workers_needed(load, cost.cpu_seconds)
    rows = [
        [number(stopped / 60, "min"), number(catch_up_seconds(load, cost, stopped, workers) / 60, "min")]
        for stopped in (60, 600, 3600, 8 * 3600)
    ]
    how = f"After a stop of all stages, {load.messages:,} messages a day and {workers} workers:"
    return f"{how}\n\n{markdown(('stopped for', 'caught up after'), rows)}"


def _money(cost: Cost) -> str:
    cpu = MILLION * cost.cpu_seconds / 3600 * CPU_HOUR / TARGET_BUSY * PEAK
    disk = MILLION * cost.bytes * (COPIES * (1 + 7 / 30 + 7 / 30 + 1)) / 1e9 * GIGABYTE_MONTH
    rows = [
        ["cores of the stages, sized for the busiest minute", number(cpu, "$")],
        ["disks of Kafka, as long as topics are kept", number(disk, "$")],
    ]
    how = (
        f"A million messages, at {CPU_HOUR:g} $ for an hour of a core and {GIGABYTE_MONTH:g} $ for a GB and month of disk "
        "(assumed; put yours into `bench/scale_simulation.py`):"
    )
    return f"{how}\n\n{markdown(('', 'costs'), rows)}"


def main() -> None:
    """Write the tables of the page, or compare them."""
    parser = argparse.ArgumentParser(prog="python -m bench.scale_simulation")
    parser.add_argument("--check", action="store_true", help="write nothing; fail when the page differs")
    given = parser.parse_args()
    text = PAGE.read_text("utf-8")
    made = filled(text, tables(measured(RESULTS)))
    if not given.check:
        PAGE.write_text(made, "utf-8")
    elif made != text:
        sys.exit("the figures in docs/scale.md are not those of bench/results/: run `make figures`")


if __name__ == "__main__":
    main()
