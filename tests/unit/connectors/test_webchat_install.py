"""The script that brings the browser of the tests: what it says where it cannot."""

from __future__ import annotations

import subprocess
from pathlib import Path

SCRIPT = Path(__file__).parents[2] / "servers" / "install-chromium"


def run(folder: Path, **programs: str) -> subprocess.CompletedProcess[str]:
    """Run the script where these are all the programs there are."""
    for name, text in programs.items():
        program = folder / name.replace("_", "-")
        program.write_text(f"#!/bin/sh\n{text}\n")
        program.chmod(0o755)
    return subprocess.run(["/bin/sh", SCRIPT], env={"PATH": str(folder)}, capture_output=True, text=True, check=False)


def test_nothing_is_done_where_chromium_is(tmp_path: Path) -> None:
    """It may be run before every test."""
    done = run(tmp_path, chromium="exit 0")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_without_apt_get_it_says_what_to_do(tmp_path: Path) -> None:
    """Other distributions have other package managers."""
    done = run(tmp_path)
    assert done.returncode == 1
    assert "there is no apt-get here: install Chromium with your package manager" in done.stderr


def test_without_root_it_says_what_to_do(tmp_path: Path) -> None:
    """A test run never asks for a password."""
    done = run(tmp_path, apt_get="exit 0", id="echo 1000", sudo="exit 1")
    assert done.returncode == 1
    assert "this needs root: run 'sudo apt-get install chromium'" in done.stderr
