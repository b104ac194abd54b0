"""Mail received from GreenMail: SMTP in, the poller kit out, without root and without Dovecot."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import ClassVar

import pytest

from connectors._blobs import BlobStore
from connectors.mail import Mail
from ops.engine.greenmail import GreenMail
from tests.conformance.poller import PollerContract, Source
from tests.servers.mailsource import GreenMailSource

pytestmark = pytest.mark.engine


class TestMailFromGreenMail(PollerContract):
    """The receive loop keeps its contract on GreenMail."""

    connector: ClassVar[type[Mail]] = Mail

    @pytest.fixture
    def source(self, greenmail: GreenMail, tmp_path: Path) -> Source:
        """An address of this test's own."""
        return GreenMailSource(greenmail, f"u{uuid.uuid4().hex[:12]}@shop.example", BlobStore(tmp_path.as_uri()))
