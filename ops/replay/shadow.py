"""Where a replay writes what it gives: the stages' topics once more, in a namespace of the shadow's own."""

from __future__ import annotations

import re
from collections.abc import Sequence

import msgspec

from connectors._publisher import Publisher, Record
from normalizer.cluster import Cluster
from normalizer.errors import Misconfigured
from normalizer.events import Routed
from ops.topics import declare, remove
from ops.view import View
from streams._record import Output

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,40}")


def shadow_of(live: Cluster, name: str) -> Cluster:
    """The cluster as the shadow of that name sees it. No other Switchboard's namespace can begin like that by chance.

    Raises `Misconfigured` for a name that cannot be part of a topic's.
    """
    if not _NAME.fullmatch(name):
        raise Misconfigured(f"--into {name!r} is no name for a shadow: use small letters, digits and '-'")
    return msgspec.structs.replace(live, namespace=f"{live.namespace}replay.{name}.")


def drop(shadow: Cluster) -> list[str]:
    """Take every topic of a shadow away; returns their names."""
    return remove(shadow)


class Shadow:
    """Takes outputs. Raises `Misconfigured` when an earlier replay is still there, so that no two are mixed."""

    def __init__(self, cluster: Cluster, name: str) -> None:
        declare(cluster, ())
        with View(cluster) as view:
            if any(end for _, end in view.spans([Routed.topic]).values()):
                raise Misconfigured(
                    f"the shadow {name} holds an earlier replay: take it away with `switchboard replay --into {name} "
                    "--drop`, or give this one another name"
                )
        self._publisher = Publisher(cluster)

    def take(self, outputs: Sequence[Output]) -> None:
        """Return when Kafka has them. Raises as `Publisher.write` does."""
        self._publisher.write([Record(each.topic, each.key, each.value, each.headers) for each in outputs])

    def close(self) -> None:
        """Let go of the broker."""
        self._publisher.close()
