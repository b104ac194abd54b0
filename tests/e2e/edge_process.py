"""A process with an edge, for the tests that kill it: ``edge_process.py BROKERS NAMESPACE BLOBS SETTINGS…``.

Each of SETTINGS is the JSON of one mail account; accounts are named after their users.
"""

from __future__ import annotations

import logging
import sys
import threading

import msgspec

from connectors._blobs import BlobStore
from connectors._edge import edge_on
from connectors._mailsettings import MailSettings
from connectors.mail import Mail
from normalizer.cluster import Cluster


def main(brokers: str, namespace: str, blobs: str, *accounts: str) -> None:
    """Run until killed."""
    logging.basicConfig(level=logging.WARNING)
    settings = [msgspec.json.decode(account, type=MailSettings) for account in accounts]
    store = BlobStore(blobs)
    edge, _ = edge_on(
        Cluster(brokers=brokers, namespace=namespace), [Mail(each.user, each, store) for each in settings]
    )
    edge.start()
    threading.Event().wait()


main(*sys.argv[1:])
