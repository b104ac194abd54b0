"""``make chaos``: faults on a three-node Kafka, under load on all channels.

    python -m bench.chaos                                  # all faults, about a quarter of an hour; writes the report
    python -m bench.chaos --faults "kill stage,pause"      # those whose names begin so; prints the outcome only
    python -m bench.chaos --quick                          # some of each kind
    python -m bench.chaos --list

Exit status 1 when anything was lost, doubled, out of order or different. What is started is ended, also by Ctrl-C.
"""

from __future__ import annotations

import argparse
import hashlib
import math
import signal
import sys
import tempfile
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec

from bench.chaos import checks, page
from bench.chaos.boards import SECOND
from bench.chaos.faults import QUICK, Fault, by_turns, chosen, faults
from bench.chaos.plan import PACE
from bench.chaos.report import Chaos, Losses, Row, percentile, save
from bench.chaos.rounds import Rounds
from bench.chaos.world import World
from bench.report import this_machine
from ops import wiring
from ops.config import Config

SEED = 20261125
PEER_SECONDS = 60.0
_INTERRUPTS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def run(
    folder: Path,
    wanted: Sequence[str],
    seed: int,
    rate: float,
    channels: Sequence[str] = tuple(PACE),
    minutes: float = math.inf,
) -> Chaos:
    """Play the faults in a new world in `folder`, and tell what was found. No fault begins after so many `minutes`."""
    machine, began = this_machine(), time.monotonic()
    plan = list(by_turns(chosen(_all(channels), wanted)))
    with World(folder, seed, rate, say, channels) as world:
        rounds = Rounds(world)
        rounds.warm_up()
        for number, fault in enumerate(plan, 1):
            say(f"{time.monotonic() - began:5.0f} s  {number:2} of {len(plan)}  {fault.name}")
            late = time.monotonic() - began > minutes * 60
            told(rounds.skip(fault, f"the {minutes:g} minutes of this run were over") if late else rounds.play(fault))
        return _sum(world, rounds, Chaos(
            machine=machine, seed=seed, rate=rate, channels=len(channels), minutes=round((time.monotonic() - began) / 60, 1),
            said=len(world.load.said), stored_rows=0, sha256="", rows=[], peer=Losses(), ours=Losses(),
        ))  # fmt: skip


def _sum(world: World, rounds: Rounds, found: Chaos) -> Chaos:
    """The rows with what the peer lost in each, and what of the store was compared."""
    tape, said = world.tape, set(world.load.said)
    until = time.monotonic() + PEER_SECONDS
    more = 0
    while not said <= tape.peer_marks and time.monotonic() < until:
        more += tape.look().peer
        time.sleep(1)
    rows = [
        row
        if row.peer is None
        else msgspec.structs.replace(row, peer=Losses(len(said_then - tape.peer_marks), row.peer.repeated))
        for row, said_then in zip(rounds.rows, rounds.marks, strict=True)
    ]
    rows_compared = checks.comparable(world.hurt.export()["SQLite"])
    digest = hashlib.sha256(b"\n".join(rows_compared)).hexdigest()
    return msgspec.structs.replace(
        found,
        rows=rows,
        stored_rows=len(rows_compared),
        sha256=digest,
        peer=Losses(len(said - tape.peer_marks), rounds.peer_repeats + more),
        ours=Losses(len(said - tape.marks), sum(row.repeats.threaded for row in rows)),
    )


def told(row: Row) -> None:
    """A round's outcome as a line, and what was wrong below it."""
    outcome = f"skipped: {row.skipped}" if row.skipped else "survived" if row.survived else "BROKEN"
    recovery = "never" if row.recovery is None else f"{row.recovery:.1f} s"
    repeats = row.repeats
    say(
        f"         {outcome}; recovery {recovery} ({row.waiting} waited, {row.said} said); repeats: raw {repeats.raw}, "
        f"normalized {repeats.normalized}, threaded {repeats.threaded}, routed {repeats.routed}"
        + (f"; ended: {row.ended}" if row.ended else "")
    )
    for problem in row.problems:
        say(f"           - {problem}")


def say(text: str) -> None:
    """Progress, for whoever watches."""
    print(text, file=sys.stderr, flush=True)


def main() -> None:
    """Run, tell, and write the report when everything was run."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.chaos", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--faults", default="", help="names or their beginnings, with commas between (all)")
    parser.add_argument("--quick", action="store_true", help="some of each kind")
    parser.add_argument("--seed", type=int, default=SEED, help=f"of the traffic and the faults ({SEED})")
    parser.add_argument("--rate", type=float, default=1.0, help=f"times {sum(PACE.values()):g} sayings a second (1)")
    parser.add_argument("--channels", default=",".join(PACE), help="on which there is traffic (all)")
    parser.add_argument(
        "--minutes", type=float, default=math.inf, help="after which the rest is reported as not injected (none)"
    )
    parser.add_argument("--list", action="store_true", help="name the faults and end")
    parser.add_argument("--keep", type=Path, help="an empty folder for all logs and stores, which stays")
    wanted = parser.parse_args()
    if wanted.list:
        print("\n".join(fault.name for fault in _all(PACE)))
        return
    for number in _INTERRUPTS:
        signal.signal(number, _interrupt)
    names = QUICK if wanted.quick else tuple(filter(None, map(str.strip, wanted.faults.split(","))))
    if not list(chosen(_all(PACE), names)):
        sys.exit(f"chaos: no fault begins with {' or '.join(names)}: --list names them")
    with tempfile.TemporaryDirectory(prefix="switchboard-chaos-", ignore_cleanup_errors=True) as folder:
        found = run(
            wanted.keep or Path(folder), names, wanted.seed, wanted.rate, wanted.channels.split(","), wanted.minutes
        )
    recoveries = [row.recovery for row in found.injected if row.recovery is not None]
    say(
        f"{found.survived} of {len(found.injected)} faults survived; recovery p50 {percentile(recoveries, 0.5):.1f} s, "
        f"p99 {percentile(recoveries, 0.99):.1f} s; stock Faust lost {found.peer.lost} of {found.said} and repeated {found.peer.repeated}"
    )
    if not names:
        save(found)
        page.write(found)
    if found.survived < len(found.injected):
        sys.exit(1)


def _all(channels: Iterable[str]) -> list[Fault]:
    return faults(channels, [*(stage.name for stage in wiring.stages(Config())), f"deliver.{SECOND}"])


def _interrupt(*_: object) -> None:
    for number in _INTERRUPTS:  # what was started is ended first, however impatient somebody is
        signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt


if __name__ == "__main__":
    main()
