"""A mail taken apart: what the parser hands to everything that wants to understand it."""

from __future__ import annotations

from functools import cached_property

import msgspec


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """One leaf of the MIME tree (RFC 2046), its transfer encoding undone.

    A ``message/rfc822`` is a leaf: `content` holds the bytes of the mail inside. `content_type` is lower case
    without parameters, `disposition` is ``inline``, ``attachment`` or "", `content_id` has no brackets.
    """

    content_type: str
    content: bytes
    charset: str = ""
    name: str = ""
    disposition: str = ""
    content_id: str = ""


class Mail(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """A whole mail: headers decoded and unfolded in their order, its leaves, and its two bodies as text.

    `headers` keep their names as written; values are decoded (RFC 2047) and never hold a line break.
    `text` is the plain body, line ends as ``\\n``, made from the HTML where the mail has no plain one;
    `html` is the HTML body as sent, unsanitized. `content_type` and `parameters` are the top level's.
    `attachments` are those leaves that are neither body. `degradations` says what was guessed or cut.
    """

    headers: tuple[tuple[str, str], ...] = ()
    content_type: str = "text/plain"
    parameters: dict[str, str] = {}
    parts: tuple[Part, ...] = ()
    attachments: tuple[Part, ...] = ()
    text: str = ""
    html: str = ""
    degradations: tuple[str, ...] = ()

    def header(self, name: str) -> str:
        """The first header of that name in any case, "" when there is none."""
        values = self._values.get(name.lower())
        return values[0] if values else ""

    def all(self, name: str) -> tuple[str, ...]:
        """Every header of that name, in order."""
        return tuple(self._values.get(name.lower(), ()))

    @cached_property
    def firsts(self) -> dict[str, str]:
        """The first header of each name, by lower-case name, in their order."""
        return {name: values[0] for name, values in self._values.items()}

    @cached_property
    def _values(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for name, value in self.headers:
            found.setdefault(name.lower(), []).append(value)
        return found
