"""Labelled messages that nobody here wrote, read where they are: they are too large and of too many licences to be ours."""

from __future__ import annotations

import os

import pytest

from bench.mails import CORPORA as CORPORA

ABSENT = not CORPORA.is_dir() and not os.environ.get("CI")
"""A machine without them skips what reads them, and says so; in CI it is an error."""
WHY = "the open corpora are not here: name their folder in SWITCHBOARD_CORPORA"
needs_corpora = pytest.mark.skipif(ABSENT, reason=WHY)
