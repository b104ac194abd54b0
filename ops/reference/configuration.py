"""The reference of every setting, from the structs that read them."""

from __future__ import annotations

import inspect
import json
import textwrap
from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any

import msgspec
from msgspec import inspect as types

from normalizer.facts import EXAMPLE, facts
from normalizer.policy import Rule
from normalizer.rules import FUNCTIONS
from ops.channels import channel
from ops.config import HOME, Config
from ops.destinations import KINDS

INTRODUCTION = """\
# Configuration

Made by `python -m ops.reference docs` from the code that reads the settings.

One TOML file, named by `--config FILE` or the environment variable `SWITCHBOARD_CONFIG`; without one, everything has its
default. It is checked whole before anything starts: an unknown setting or a value that cannot be is refused, with the setting and
the remedy. `switchboard --config FILE config check` does only that.

**Secrets.** Any text may name its value instead of holding it: `"env:NAME"` is read from an environment variable,
`"file:PATH"` from a file, without the white space around it.

Without a section `[kafka]` and without `--broker`, the local engine is used (`switchboard engine up`).

`DATA` below is the user's data folder: on Linux `$XDG_DATA_HOME/switchboard`, which is `~/.local/share/switchboard` as a rule.
"""
RULES = """\
`when` is a condition in CEL ([cel.dev](https://cel.dev)), `then` what follows when it is true: of a rule in `rules.priority` one of
`low`, `normal`, `high` and `urgent`, in `rules.queue` the name of a queue, in `rules.suppress` the reason why nobody has to act.
Rules are tried in order, and the first that matches wins; when none does, it is the default. Each list that you write takes the place of
the built-in one of that name ([normalizer/default_rules.py](../normalizer/default_rules.py)).

```toml
[[rules.queue]]
name = "vip"
when = 'message.sender.domain == "example.com" && !message.is_reply'
then = "key-accounts"

[[rules.priority]]
name = "down"
when = 'message.subject.mentions("outage, down, ausfall") || message.fields["severity"] == "1"'
then = "urgent"
```

A rule that cannot be evaluated for a message (here: a mail, which has no field `severity`) does not match it, and the decision says so.
"""
MENTIONS = """\
`text.mentions("urgent, right now, dringend")` is true when one of the words or phrases stands in the text, in any case, as a whole word
where its script has spaces between words. Prefer it to `matches`, which compiles its expression each time.
"""

SINKS = """\
Further destinations of every ticket, beside the store; `NAME` is a name of yours. Each is filled by a stage of its own, `deliver.NAME`, from the beginning
of what `tickets.routed` still holds (30 days), and at its own pace: one that is slow or dead holds up no other.
"""


def markdown(channels: Sequence[str]) -> str:
    """The whole reference, for an installation that knows these channels."""
    return "\n".join([INTRODUCTION, *_sections(Config, ""), *_sinks(), *_channels(channels)]).rstrip() + "\n"


def _sections(kind: type[Any], prefix: str) -> Iterator[str]:
    """One section for each struct among the settings of `kind`."""
    for setting in msgspec.structs.fields(kind):
        inner = _struct(setting.type)
        if inner is None:
            continue
        name = f"{prefix}{setting.name}"
        yield from _section(name, inner, setting.default)
        if name == "rules":
            yield from _rules()


def _section(name: str, kind: type[Any], default: Any) -> Iterator[str]:
    yield f"## `[{name}]`\n"
    yield inspect.cleandoc(kind.__doc__ or "") + "\n"
    yield from _table(kind, default if isinstance(default, kind) else None)


def _table(kind: type[Any], default: Any = None) -> Iterator[str]:
    yield "| setting | value | default |\n| --- | --- | --- |"
    for found, setting in zip(_type(kind).fields, msgspec.structs.fields(kind), strict=True):
        value = setting.default_factory() if setting.default_factory is not msgspec.NODEFAULT else setting.default
        shown = getattr(default, setting.name) if default is not None else value
        yield f"| `{setting.name}` | {_value(found.type)} | {'**required**' if found.required else _default(shown)} |"
    yield ""


def _rules() -> Iterator[str]:
    yield "### Rules\n"
    yield RULES
    yield from _table(Rule)
    yield "### What a rule may see\n"
    yield inspect.cleandoc(facts.__doc__ or "") + "\n"
    yield "| fact | type | example |\n| --- | --- | --- |"
    for name, value in _flat("message", EXAMPLE["message"]):
        yield f"| `{name}` | {_cel(value)} | {f'`{json.dumps(value)}`' if value != {} else ''} |"
    yield "\n### Functions\n"
    yield MENTIONS
    others = sorted(FUNCTIONS - {"mentions"})
    yield "From CEL the operators, the macros `has`, `all`, `exists`, `exists_one`, `map` and `filter`, and the functions:\n"
    yield from textwrap.wrap(", ".join(f"`{name}`" for name in others) + ".", 120)
    yield ""


def _channels(channels: Sequence[str]) -> Iterator[str]:
    for name in channels:
        kind = channel(name).settings_type
        yield f"## `[channels.{name}.ACCOUNT]`\n"
        yield "`ACCOUNT` is a name of yours; there may be any number of accounts.\n"
        yield inspect.cleandoc(kind.__doc__ or "") + "\n"
        yield from _table(kind)
        yield from _nested(f"channels.{name}.ACCOUNT", kind)


def _nested(above: str, kind: type[Any]) -> Iterator[str]:
    """The sections of the structs among the settings of an account."""
    for setting in msgspec.structs.fields(kind):
        if (inner := _struct(setting.type)) is not None:
            name = f"{above}.{setting.name}"
            yield f"### `[{name}]`\n"
            yield inspect.cleandoc(inner.__doc__ or "") + "\n"
            yield from _table(inner)
            yield from _nested(name, inner)


def _sinks() -> Iterator[str]:
    yield "## `[sinks.NAME]`\n"
    yield SINKS
    for kind, settings in KINDS.items():
        yield f'### `kind = "{kind}"`\n'
        yield inspect.cleandoc(settings.__doc__ or "") + "\n"
        yield from _table(settings)


def _flat(name: str, value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict) and value:
        for below, inner in value.items():
            yield from _flat(f"{name}.{below}", inner)
    else:
        yield name, value


def _cel(value: Any) -> str:
    names = {bool: "bool", int: "int", str: "string", list: "list of string", dict: "map of string to string"}
    return names[type(value)]


def _type(kind: type[Any]) -> types.StructType:
    found = types.type_info(kind)
    if not isinstance(found, types.StructType):
        raise TypeError(f"{kind.__name__} is not a struct: settings are structs")
    return found


def _struct(kind: Any) -> type[Any] | None:
    """The struct that a setting is, or may be."""
    found = types.type_info(kind)
    options = found.types if isinstance(found, types.UnionType) else (found,)
    return next((option.cls for option in options if isinstance(option, types.StructType)), None)


def _value(kind: types.Type) -> str:
    """What may be written for a setting, in words."""
    match kind:
        case types.BoolType():
            return "`true` or `false`"
        case types.IntType() | types.FloatType():
            return ("whole number" if isinstance(kind, types.IntType) else "number") + _bounds(kind)
        case types.StrType():
            return "text"
        case types.DateType():
            return "date"
        case types.DateTimeType():
            return "date and time, with its offset"
        case types.LiteralType():
            return ", ".join(f"`{json.dumps(value)}`" for value in kind.values)
        case types.VarTupleType() | types.ListType():
            inner = kind.item_type
            if isinstance(inner, types.StructType):
                return "list of rules"
            each = "texts" if isinstance(inner, types.StrType) else _value(inner)
            return f"list of {each}" + (", at least one" if kind.min_length else "")
        case types.StructType():
            return "a table of its own, below"
        case types.DictType(value_type=types.FloatType()):
            return "table of names and numbers"
        case types.DictType():
            return "table of names and texts"
        case types.UnionType():
            return " or ".join(_value(option) for option in kind.types if not isinstance(option, types.NoneType))
        case other:
            raise TypeError(f"the reference cannot describe {type(other).__name__}: teach it in {__name__}")


def _bounds(kind: types.IntType | types.FloatType) -> str:
    low = f"over {kind.gt:g}" if kind.gt is not None else f"from {kind.ge:g}" if kind.ge is not None else ""
    high = f"under {kind.lt:g}" if kind.lt is not None else f"to {kind.le}" if kind.le is not None else ""
    return f", {low} {high}".rstrip(" ,")


def _default(value: Any) -> str:
    if value is None or value in ("", ()):
        return ""
    if isinstance(value, msgspec.Struct):
        return ""
    if isinstance(value, tuple) and isinstance(value[0], Rule):
        return f"{len(value)} built-in rules"
    if isinstance(value, date):
        return f"`{value.isoformat()}`"
    return f"`{msgspec.json.encode(value).decode().replace(str(HOME), 'DATA')}`"
