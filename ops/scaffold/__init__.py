"""The three files that a new channel begins with: they work, and keep the kits, before a line of them is changed."""

from __future__ import annotations

import keyword
import re
from importlib.resources import files
from pathlib import Path
from string import Template

from normalizer.errors import Misconfigured
from ops import channels

_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
_PARTS = {
    "connector.py.txt": "connectors/{name}.py",
    "test.py.txt": "tests/unit/connectors/test_{name}.py",
    "settings.toml.txt": "{name}.toml",
}


def new_channel(name: str, *, push: bool) -> dict[str, str]:
    """The files by their paths below the checkout: code, test, configuration.

    `push` is for a channel that is called (a `Receiver`), else it is asked (a `Poller`). Raises `Misconfigured` for a name that
    cannot be a module's and for one that is taken.
    """
    if not _NAME.fullmatch(name) or keyword.iskeyword(name):
        raise Misconfigured(f"{name!r} cannot be a channel: use lower-case letters, digits and '_', a letter first")
    if name in channels.names():
        raise Misconfigured(f"there is a channel {name!r} already: choose another name, or change connectors/{name}.py")
    folder = files("ops.scaffold") / ("receiver" if push else "poller")
    words = {"name": name, "Name": "".join(part.capitalize() for part in name.split("_"))}
    templates = {path.format(name=name): (folder / part).read_text("utf-8") for part, path in _PARTS.items()}
    if any(re.search(rf"(?<!\$\{{)\b{words['Name']}\b", text) for text in templates.values()):
        raise Misconfigured(
            f"a class {words['Name']} would hide another of that name: choose another name than {name!r}"
        )
    return {path: Template(text).substitute(words) for path, text in templates.items()}


def write(found: dict[str, str], checkout: Path) -> list[Path]:
    """Write the files below `checkout`; returns their paths. Raises `Misconfigured`, and writes nothing, when one is there."""
    if not (checkout / "connectors" / "_base.py").is_file():
        raise Misconfigured(f"{checkout} is no checkout of Switchboard: run this where the folder connectors/ is")
    paths = {checkout / name: text for name, text in found.items()}
    for path in paths:
        if path.exists():
            raise Misconfigured(f"{path} is there already: move it away, or choose another name")
    for path, text in paths.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    return list(paths)
