"""Where tickets go, as the configuration names it."""

from __future__ import annotations

from pathlib import Path

import pytest

from normalizer.errors import Misconfigured
from ops import wiring
from ops.config import Config, load


def configured(folder: Path, text: str) -> Config:
    """The configuration of this text."""
    path = folder / "switchboard.toml"
    path.write_text(text, "utf-8")
    return load(path)


def delivering(config: Config) -> list[str]:
    """The names of the stages that fill something."""
    return [stage.name for stage in wiring.stages(config) if stage.name.startswith("deliver.")]


def test_the_store_is_a_file_unless_a_database_is_named(tmp_path: Path) -> None:
    """The name of the group of an SQLite store is as it always was."""
    assert delivering(configured(tmp_path, "")) == ["deliver.sqlite"]
    assert delivering(configured(tmp_path, '[store]\npath = "x.db"')) == ["deliver.sqlite"]
    there = configured(tmp_path, '[store]\nurl = "postgresql://db/store"')
    assert delivering(there) == ["deliver.postgres"]
    assert there.store.where == "postgresql://db/store"


def test_further_destinations_have_stages_of_their_own(tmp_path: Path) -> None:
    """Each by the name that it has in the configuration; there may be several of one kind."""
    text = """[store]
    url = "postgresql://db/store"
    [sinks.sqlite]
    kind = "sqlite"
    path = "old.db"
    [sinks.second]
    kind = "postgres"
    url = "postgresql://other/store"
    """
    assert delivering(configured(tmp_path, text)) == ["deliver.postgres", "deliver.second", "deliver.sqlite"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[sinks.a]\nkind = "fax"', r"sinks.a.kind is 'fax': it must be one of sqlite, postgres"),
        ("[sinks.a]", "sinks.a.kind is '': it must be one of"),
        ('[sinks.a]\nkind = "sqlite"\npaht = "x"', "there is no setting sinks.a.paht: did you mean path"),
        ('[sinks.a]\nkind = "sqlite"', r"sinks.a is wrong \(.*missing required field `path`\): correct it"),
        ('[sinks.sqlite]\nkind = "sqlite"\npath = "x"', "sinks.sqlite: .* is that of the ticket store: choose another"),
        (
            '[sinks."a b"]\nkind = "sqlite"\npath = "x"',
            "sinks.a b: .* has other than a-z, 0-9, _ and -: choose another",
        ),
        ('[store]\nurl = "mysql://db"', "url of a PostgreSQL store must begin with postgresql://: correct it"),
    ],
)
def test_what_cannot_be_is_named(tmp_path: Path, text: str, said: str) -> None:
    """Before anything starts."""
    with pytest.raises(Misconfigured, match=said):
        wiring.stages(configured(tmp_path, text))


def test_no_credential_is_shown(tmp_path: Path) -> None:
    """Nor in a `repr` that a log might hold."""
    text = '[store]\nurl = "postgresql://me:hidden@db/store"\n[sinks.a]\nkind = "postgres"\nurl = "postgresql://x:hidden@db/b"'
    config = configured(tmp_path, text)
    assert "hidden" not in repr((config, config.store, list(config.destinations()), wiring.stages(config)))
