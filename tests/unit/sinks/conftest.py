"""A ticket store for the tests of this room."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from sinks.sqlite import Sqlite


@pytest.fixture
def sink(tmp_path: Path) -> Iterator[Sqlite]:
    """An open store, in a folder that it makes itself."""
    store = Sqlite(tmp_path / "new" / "folder #1?" / "tickets.db", busy_timeout=0.05)
    store.open()
    yield store
    store.close()
