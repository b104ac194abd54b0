"""What fuzzing found: inputs that once crashed something, kept as files and tried by `test_fuzz.py` for ever."""

from __future__ import annotations

import hashlib
from pathlib import Path

import msgspec

FOLDER = Path(__file__).parent / "crashes"


class Input(msgspec.Struct, frozen=True, omit_defaults=True):
    """One input of a target. What `name`, `content_type`, `headers` and `attributes` mean is the target's."""

    target: str
    body: bytes
    name: str = ""
    content_type: str = ""
    headers: tuple[tuple[str, bytes], ...] = ()
    attributes: tuple[tuple[str, bytes], ...] = ()

    @property
    def digest(self) -> str:
        """Tells it from others."""
        return hashlib.sha256(msgspec.msgpack.encode(self)).hexdigest()[:16]


def keep(crash: Input, folder: Path = FOLDER) -> Path:
    """Write a crash into a file of its own."""
    folder.mkdir(exist_ok=True)
    path = folder / f"{crash.target.replace(':', '-')}-{crash.digest}.msgpack"
    path.write_bytes(msgspec.msgpack.encode(crash))
    return path


def kept(folder: Path = FOLDER) -> list[Input]:
    """All of them."""
    return [msgspec.msgpack.decode(path.read_bytes(), type=Input) for path in sorted(folder.glob("*.msgpack"))]
