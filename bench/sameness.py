"""Whether two versions of the code give the same for every mail of the open corpora: byte for byte, to the store.

    python -m bench.sameness --save before.json      # with the one version
    python -m bench.sameness --against before.json   # with the other: exit status 1 and what differs when not

Each mail goes through all stages. What is compared are the message with its files, every output of every stage but
for the two times that differ at each replay (``ce_time``, and ``at`` of a fate), and all rows of the store with the
words of its index.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sqlite3
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import msgspec

from bench.accuracy_reading import mails, raw
from bench.line import Line, raw_records
from bench.mails import CORPORA
from normalizer.errors import Misconfigured
from normalizer.events import Fate, RawEvent
from normalizer.mail.reading import read
from streams._record import Output

BATCH = 500
SHOWN = 20
Digests = dict[str, str]


def digests(corpora: Path) -> Digests:
    """A digest of each mail's message, of the outputs of each batch, and of each table, by their names."""
    paths = ((path.relative_to(corpora), data) for path, data in mails(corpora))
    named = [(str(path), _raw(path.parts[0], data)) for path, data in paths]
    if not named:
        raise Misconfigured(f"there are no mails in {corpora}: set SWITCHBOARD_CORPORA to the corpora")
    found = {f"message of {name}": _digest(msgspec.msgpack.encode(read(mail))) for name, mail in named}
    records = raw_records(mail for _, mail in named)
    with tempfile.TemporaryDirectory() as folder:
        with Line(Path(folder)) as line:
            for start in range(0, len(records), BATCH):
                outputs = line.carry(records[start : start + BATCH], lambda _: None)
                found |= {f"output {start}+{i} to {each.topic}": _output(each) for i, each in enumerate(outputs)}
        found |= _tables(line.store)
    return found


def _raw(account: str, data: bytes) -> RawEvent:
    return msgspec.structs.replace(raw(data), account=account)


def _output(output: Output) -> str:
    value = output.value
    if output.topic == Fate.topic:
        value = json.dumps(json.loads(value) | {"at": ""}).encode()
    headers = [(name, value) for name, value in output.headers if name != "ce_time"]
    return _digest(repr((output.key, value, headers)).encode())


def _tables(store: Path) -> Iterator[tuple[str, str]]:
    with closing(sqlite3.connect(store)) as connection:
        connection.execute("CREATE VIRTUAL TABLE temp.found USING fts5vocab (main, words, instance)")
        names = [row[0] for row in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
        for name in [*sorted(name for name in names if not name.startswith("words")), "found"]:
            rows = sorted(map(repr, connection.execute(f"SELECT * FROM {name}")))  # noqa: S608 - our own tables
            yield f"table {name} of {len(rows)} rows", _digest("\n".join(rows).encode())


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:16]


def main() -> None:
    """Save the digests, or compare with saved ones."""
    parser = argparse.ArgumentParser(prog="python -m bench.sameness", description=__doc__)
    wanted = parser.add_mutually_exclusive_group(required=True)
    wanted.add_argument("--save", type=Path, help="write the digests to this file")
    wanted.add_argument("--against", type=Path, help="compare with the digests in this file")
    given = parser.parse_args()
    found = digests(CORPORA)
    if given.save:
        given.save.write_text(json.dumps(found, indent=0))
        return
    before: Digests = json.loads(given.against.read_text())
    other = [name for name in before.keys() | found.keys() if before.get(name) != found.get(name)]
    for name in sorted(other)[:SHOWN]:
        print(f"differs: {name}", file=sys.stderr)
    print(f"{len(found)} results, {len(other)} differ", file=sys.stderr)
    sys.exit(1 if other else 0)


if __name__ == "__main__":
    main()
