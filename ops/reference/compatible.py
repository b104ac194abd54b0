"""Whether a schema may take the place of a published one: what can be read today must be readable tomorrow.

A published version of an event may get optional fields and further values of an ``enum``. Everything else that
changes what a value means or must hold needs a new version of the event, beside the old one.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

Schema = dict[str, Any]
_COMPARED = {"properties", "required", "enum", "items", "prefixItems", "additionalProperties", "anyOf"}
_TEXTS = {"$schema", "$defs", "title", "description"}


def breaks(old: Schema, new: Schema) -> list[str]:
    """What would break for readers and writers of `old`, a sentence each; [] when `new` may take its place."""
    return list(_Comparison(old, new).of(old, new, "", frozenset()))


class _Comparison:
    """Two documents, whose parts may refer to each other within each."""

    def __init__(self, old: Schema, new: Schema) -> None:
        self._old = old
        self._new = new

    def of(self, old: Any, new: Any, path: str, seen: frozenset[tuple[str, str]]) -> Iterator[str]:
        """What breaks in one part. `seen` are the references that are being followed, for types that hold themselves."""
        if not (isinstance(old, dict) and isinstance(new, dict)):
            if old != new:
                yield f"{path or 'the value'} was {old} and is {new}"
            return
        if "$ref" in old or "$ref" in new:
            step = (old.get("$ref", ""), new.get("$ref", ""))
            if step not in seen:
                yield from self.of(_target(self._old, old), _target(self._new, new), path, seen | {step})
            return
        yield from _changed(old, new, path)
        yield from self._fields(old, new, path, seen)
        for name in ("items", "additionalProperties"):
            if name in old and name in new:
                yield from self.of(old[name], new[name], f"{path}[]", seen)
        for name in ("anyOf", "prefixItems"):
            yield from self._listed(name, old, new, path, seen)

    def _fields(self, old: Schema, new: Schema, path: str, seen: frozenset[tuple[str, str]]) -> Iterator[str]:
        before, after = old.get("properties", {}), new.get("properties", {})
        for name in before:
            where = f"{path}.{name}".lstrip(".")
            if name not in after:
                yield f"{where} was removed"
            else:
                yield from self.of(before[name], after[name], where, seen)
        for name in sorted(set(new.get("required", ())) - set(old.get("required", ()))):
            yield f"{path}.{name}".lstrip(".") + " is required now"
        for name in sorted((set(old.get("required", ())) - set(new.get("required", ()))) & after.keys()):
            yield f"{path}.{name}".lstrip(".") + " was always there and need not be there now"

    def _listed(
        self, name: str, old: Schema, new: Schema, path: str, seen: frozenset[tuple[str, str]]
    ) -> Iterator[str]:
        before, after = old.get(name, []), new.get(name, [])
        if len(before) != len(after):
            yield f"{path or 'the value'} has other types"
            return
        for one, other in zip(before, after, strict=True):
            yield from self.of(one, other, path, seen)


def _changed(old: Schema, new: Schema, path: str) -> Iterator[str]:
    """Removed enum values, and any other keyword that is not the same: the type, the format, a bound, the default."""
    where = path or "the value"
    if gone := [value for value in old.get("enum", ()) if value not in new.get("enum", (value,))]:
        yield f"{where} cannot be {', '.join(map(str, gone))} any more"
    for name in sorted((old.keys() | new.keys()) - _TEXTS):
        if name not in _COMPARED:
            if old.get(name) != new.get(name):
                yield f"{where} had {name} {old.get(name)} and has {new.get(name)}"
        elif name not in ("properties", "required") and (name in old) != (name in new):
            yield f"{where} {'lost' if name in old else 'got'} {name}"


def _target(document: Schema, part: Schema) -> Any:
    found: Any = document
    if "$ref" not in part:
        return part
    for step in part["$ref"].removeprefix("#/").split("/"):
        found = found[step]
    return found
