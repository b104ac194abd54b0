"""Mail received from Dovecot, the reference server: the poller kit, and all that IMAP is known to do to a reader."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import pytest

from connectors._blobs import BlobStore
from connectors.mail import Mail
from tests.conformance.poller import Source
from tests.conformance.recount import RecountContract
from tests.servers.dovecot import Dovecot
from tests.servers.mailsource import DovecotSource

pytestmark = pytest.mark.engine


class TestMailFromDovecot(RecountContract):
    """The receive loop keeps its contract on Dovecot."""

    connector: ClassVar[type[Mail]] = Mail

    @pytest.fixture
    def source(self, dovecot: Dovecot, tmp_path: Path) -> Source:
        """A mailbox of this test's own."""
        return DovecotSource(dovecot.mailbox(), BlobStore(tmp_path.as_uri()))
