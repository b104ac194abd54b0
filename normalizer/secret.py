"""Which settings are secrets: told by their type, so that whoever shows, logs or checks settings can find them.

``password: Secret`` is an ordinary text to everybody who uses it. `values` gives every secret of some settings, so that a
log can leave them out whatever line they get into.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, get_args, get_origin, get_type_hints
from urllib.parse import unquote

import msgspec


class Mark:
    """What tells a secret's type from other texts."""

    def __repr__(self) -> str:
        return "secret"


SECRET = Mark()
_URL = re.compile(r"[a-z][a-z0-9+.-]*://[^/?#@:]*:([^/?#@]+)@", re.IGNORECASE)  # its password (RFC 3986, section 3.2.1)
Secret = Annotated[str, SECRET]
"""A password, a token, a key: in no log, no `repr`, no error message and on no topic."""


def fields(kind: type[msgspec.Struct]) -> dict[str, Any]:
    """The types of a struct's fields that are secrets or hold some, by name: those of structs inside are not looked at."""
    hints = get_type_hints(kind, include_extras=True)
    return {name: hint for name, hint in hints.items() if _marked(hint)}


def values(settings: msgspec.Struct) -> Iterator[str]:
    """Every secret in `settings` and in the structs below it; empty ones are none. Of a URL the password alone is one, too."""
    secret = fields(type(settings))
    for name in settings.__struct_fields__:
        value = getattr(settings, name)
        if name in secret:
            yield from _texts(value)
        else:
            for each in _inside(value):
                if isinstance(each, msgspec.Struct):
                    yield from values(each)


def _marked(hint: Any) -> bool:
    if get_origin(hint) is Annotated and SECRET in hint.__metadata__:
        return True
    return any(_marked(each) for each in get_args(hint))


def _texts(value: Any) -> Iterator[str]:
    for text in _inside(value):
        if isinstance(text, str) and text:
            yield text
            if hidden := _URL.match(text):
                yield from {hidden[1], unquote(hidden[1])}


def _inside(value: Any) -> Iterator[Any]:
    """What is in tables and lists, and in those in them."""
    if isinstance(value, Mapping):
        value = value.values()
    elif not isinstance(value, tuple | list):
        yield value
        return
    for each in value:
        yield from _inside(each)
