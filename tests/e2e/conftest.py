"""A mailbox on the suite's Dovecot, and connectors on it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from connectors._blobs import BlobStore
from connectors._mailsettings import MailSettings
from connectors.mail import Mail
from tests.servers.dovecot import PASSWORD, Dovecot, Mailbox


@pytest.fixture
def box(dovecot: Dovecot) -> Mailbox:
    """A mailbox of this test's own."""
    return dovecot.mailbox()


@pytest.fixture
def make(box: Mailbox, tmp_path: Path) -> Callable[..., Mail]:
    """Makes a connector on that mailbox, with other settings where a test gives them."""

    def made(**settings: Any) -> Mail:
        server = box.server
        usual: dict[str, Any] = {
            "host": server.host,
            "port": server.port,
            "tls": "none",
            "user": box.user,
            "password": PASSWORD,
        }
        given = MailSettings(**(usual | {"poll_seconds": 0.2, "idle": False} | settings))
        return Mail("main", given, BlobStore(tmp_path.as_uri()))

    return made
