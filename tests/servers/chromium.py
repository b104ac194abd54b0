"""A real headless Chromium, driven by Playwright: the distribution's own browser, installed where it is missing."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from filelock import FileLock
from playwright.sync_api import Browser, sync_playwright

HERE = Path(__file__).parent
_FLAGS = (
    "--headless",
    "--no-sandbox",  # tests run as root in containers, where Chromium's own sandbox does not start
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def install() -> str:
    """The path of Chromium, which is installed where it is missing: a test must not be skipped for want of its browser."""
    with FileLock(Path(tempfile.gettempdir()) / "switchboard-install-chromium.lock"):
        done = subprocess.run([HERE / "install-chromium"], capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.fail(done.stderr[-2000:])
    return shutil.which("chromium") or shutil.which("chromium-browser") or ""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One browser for the tests of a file; each takes a context of its own, which is like a new profile."""
    path = install()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(_FLAGS))
        yield browser
        browser.close()
