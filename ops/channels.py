"""Channels by name: a public module in `connectors/` is a channel, and nothing needs to be registered."""

from __future__ import annotations

import importlib
import pkgutil
from difflib import get_close_matches
from functools import cache
from typing import Any

import connectors
from connectors._base import Connector, Poller, Receiver
from normalizer.errors import Misconfigured


@cache
def names() -> tuple[str, ...]:
    """Every channel that this installation knows."""
    found = pkgutil.iter_modules(connectors.__path__)
    return tuple(sorted(module.name for module in found if not (module.name.startswith("_") or module.ispkg)))


@cache
def channel(name: str) -> type[Connector[Any]]:
    """The connector class of a channel. Raises `Misconfigured` for a name that is none, with the nearest that is."""
    if name not in names():
        near = get_close_matches(name, names(), 1)
        hint = f"did you mean {near[0]!r}?" if near else f"known are {', '.join(names())}"
        raise Misconfigured(f"there is no channel {name!r}: {hint}")
    module = importlib.import_module(f"connectors.{name}")
    return next(
        item
        for item in vars(module).values()
        if isinstance(item, type)
        and issubclass(item, Poller | Receiver)
        and item.__module__ == module.__name__
        and item.__dict__.get("channel") == name
    )
