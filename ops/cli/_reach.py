"""The Kafka that a command was told to use."""

from __future__ import annotations

import msgspec

from normalizer.cluster import Cluster
from normalizer.errors import Misconfigured
from ops.cli._session import Session
from ops.engine.whereabouts import running_brokers


def reach(found: Session) -> Cluster:
    """The configuration's Kafka, at the address of `--broker` when it (or the `up` that runs here) has one; else the local engine.

    Raises `Misconfigured` when none is named and no local engine runs.
    """
    if broker := found.broker or (found.running.broker if found.running else ""):
        return msgspec.structs.replace(found.config.kafka or Cluster(), brokers=broker)
    if found.config.kafka is not None:
        return found.config.kafka
    brokers = running_brokers()
    if not brokers:
        raise Misconfigured(
            "no Kafka is named and the local engine does not run: start it with `switchboard engine up`, "
            "or name one with --broker or in the section [kafka] of the configuration"
        )
    return Cluster(brokers=brokers)
