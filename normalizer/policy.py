"""The rules of an installation as its configuration gives them; `normalizer.rules` compiles and applies them."""

from __future__ import annotations

import msgspec

from normalizer.events import Priority


class Rule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """When the CEL condition `when` is true, the result is `then`. `name` is how decisions speak of the rule."""

    name: str
    when: str
    then: str


class Policy(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The rules of an installation, as its configuration gives them; each list in the order in which it is tried."""

    priority: tuple[Rule, ...] = ()
    queue: tuple[Rule, ...] = ()
    suppress: tuple[Rule, ...] = ()
    default_priority: Priority = "normal"
    default_queue: str = "general"
