"""Write a lock file anew, for an upgrade:  python -m ops.engine.relock kafka org.apache.kafka:kafka_2.13:4.3.1 …"""

from __future__ import annotations

import hashlib
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

from jgo.maven import MavenContext
from jgo.parse import Endpoint


def relock(name: str, coordinates: list[str]) -> Path:
    """Resolve `coordinates` with all that they need at run time, and write ``<name>.lock.toml`` beside this module."""
    lines = ["# Written by `python -m ops.engine.relock " + " ".join([name, *coordinates]) + "`.\n"]
    with tempfile.TemporaryDirectory() as folder:
        maven = MavenContext(repo_cache=Path(folder), local_repos=[])
        wanted = [
            maven.create_dependency(replace(coordinate, scope="compile"))
            for coordinate in Endpoint.parse("+".join(coordinates)).coordinates
        ]
        named, needed = maven.resolver.resolve(wanted)
        for dependency in [*named, *(d for d in needed if d.scope in ("compile", "runtime"))]:
            artifact = dependency.artifact
            content = artifact.resolve().read_bytes()
            lines.append(
                f'\n[[jars]]\ncoordinate = "{artifact.groupId}:{artifact.artifactId}:{artifact.version}"\n'
                f'size = {len(content)}\nsha256 = "{hashlib.sha256(content).hexdigest()}"\n'
            )
    path = Path(__file__).parent / f"{name}.lock.toml"
    path.write_text("".join(lines))
    return path


if __name__ == "__main__":
    print(relock(sys.argv[1], sys.argv[2:]))
