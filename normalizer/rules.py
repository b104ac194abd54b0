"""Ordered rules whose conditions are CEL (Common Expression Language, cel.dev): the first match wins.

A condition sees ``message`` (`normalizer.facts`) and CEL's standard functions, and one of ours:
``message.text.mentions("urgent, right now, dringend")`` is true when one of the words or phrases stands in the text, in
any case, as a whole word where its script has spaces between words. Prefer it to ``matches``, which compiles its
regular expression at every evaluation (130 µs and more).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence, Set
from difflib import get_close_matches
from functools import partial
from typing import Any, Literal

import cel

from normalizer.errors import Misconfigured
from normalizer.events import Decision
from normalizer.facts import EXAMPLE
from normalizer.policy import Rule
from normalizer.wordlists import Text, WordLists, of_one

What = Literal["thread", "duplicate", "suppress", "priority", "queue", "reopen", "customer"]

_MAX_BECAUSE = 400
_FEW = frozenset({"kind", "trust", "channel", "has_attachments", "is_reply", "hour", "weekday"})
"""Facts with few values: what a condition says of them is remembered."""
_MOST_KNOWN = 10_000
_FAILURES = (LookupError, TypeError, ValueError, RuntimeError, ArithmeticError)
# fmt: off
FUNCTIONS = frozenset({
    "mentions", "size", "contains", "startsWith", "endsWith", "matches", "int", "uint", "double", "string",
    "bytes", "timestamp", "duration", "type", "dyn", "getFullYear", "getMonth", "getDate", "getDayOfMonth",
    "getDayOfWeek", "getDayOfYear", "getHours", "getMinutes", "getSeconds", "getMilliseconds",
})
# fmt: on
_STRING = re.compile(r"\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'")
_BOUND = re.compile(r"\.\s*(?:all|exists|exists_one|map|filter)\s*\(\s*(\w+)\s*,")
_PATH = re.compile(r"\bmessage\s*\.\s*(\w+)(?:\s*\.\s*(\w+)\b(?!\s*\())?")
_WHOLE = re.compile(r"\bmessage\b(?!\s*\.\s*\w)")
_SPOKEN = re.compile(r"message\.(subject|text)\.mentions\(\"([^\"\\|]*)\"\)")
_COLUMN = re.compile(r"<input>:1:(\d+): (.*)")


class RuleSet:
    """Rules in their order, compiled once. `default` is the result when none matches.

    `results`, when given, are the only results a rule may have. Raises `Misconfigured` for a condition that is not
    CEL or names what does not exist, a result that is not allowed, and a name that is used twice.
    """

    def __init__(self, name: str, rules: Sequence[Rule], default: str, *, results: Collection[str] = ()) -> None:
        self.name = name
        self.rules = tuple(rules)
        self.default = default
        names = [rule.name for rule in rules]
        for rule in rules:
            if names.count(rule.name) > 1:
                raise Misconfigured(f"{self.name} has two rules named {rule.name!r}: give each a name of its own")
            if results and rule.then not in results:
                raise _wrong(name, rule, f"gives {rule.then!r}", f"let it give one of {', '.join(results)}")
        self._conditions = tuple(_Condition(rule, _compiled(name, rule)) for rule in rules)
        self._lists = WordLists(words for each in self._conditions for _, words in each.spoken)
        self.named = _named(rules)

    def __repr__(self) -> str:
        return f"RuleSet({self.name}: {len(self.rules)} rules, else {self.default!r})"

    def decide(self, what: What, facts: Mapping[str, Mapping[str, Any]]) -> tuple[str, Decision]:
        """The result of the first rule that matches `facts`, and why.

        A rule that cannot be evaluated (it names a form field that this message has not) does not match; the
        decision says so. Nothing is ever raised for what a message contains.
        """
        case = _Case(facts, self.named, self._lists)
        failed: list[str] = []
        for condition in self._conditions:
            rule = condition.rule
            try:
                matched = condition.holds(case)
            except _FAILURES as error:
                failed.append(f"; rule {rule.name} did not apply ({_brief(error)})")
                continue
            if matched:
                evidence = f"found {', '.join(map(repr, case.found))}; " if case.found else ""
                return rule.then, _decision(what, rule.name, rule.then, evidence, rule.when, failed)
        return self.default, _decision(what, "default", self.default, "", "no rule matched", failed)


class _Case:
    """The facts of one message on their way through a set of rules; `found` are the words that the last one found."""

    def __init__(self, facts: Mapping[str, Mapping[str, Any]], named: Set[str], lists: WordLists) -> None:
        self.facts = {name: {fact: below[fact] for fact in named & below.keys()} for name, below in facts.items()}
        self.found: list[str] = []
        self._lists = lists
        self._texts: dict[str, Text] = {}
        self._context: cel.Context | None = None

    def first(self, fact: str, words: str) -> str | None:
        """The first word of one of the lists that stands in a fact."""
        text = self._texts.get(fact)
        if text is None:
            text = self._texts[fact] = self._lists.read(self.facts["message"][fact])
        return text.first(words)

    def context(self) -> cel.Context:
        """The facts for CEL, which takes a copy of them."""
        if self._context is None:
            self._context = cel.Context(self.facts, {"mentions": partial(_mentions, self.found)})
        return self._context


class _Condition:
    """A rule's condition. CEL is asked as seldom as can be: not for words, and once for the same few plain facts."""

    def __init__(self, rule: Rule, program: cel.Program) -> None:
        self.rule = rule
        self.spoken = _spoken(rule.when)
        self._program = program
        named = _named([rule])
        self._few = tuple(sorted(named)) if named <= _FEW else None
        self._known: dict[tuple[Any, ...], bool] = {}

    def holds(self, case: _Case) -> bool:
        """Whether it is true of `case`. Raises one of `_FAILURES` when that cannot be told."""
        case.found.clear()
        if self.spoken:
            word = next((word for fact, words in self.spoken if (word := case.first(fact, words))), None)
            if word is not None:
                case.found.append(word)
            return word is not None
        if self._few is None:
            return self._program.execute(case.context()) is True
        key = tuple(case.facts["message"][fact] for fact in self._few)
        known = self._known.get(key)
        if known is None:
            known = self._program.execute(case.context()) is True
            if len(self._known) < _MOST_KNOWN and not case.found:
                self._known[key] = known
        return known


def _decision(what: What, rule: str, result: str, evidence: str, reason: str, failed: Sequence[str]) -> Decision:
    room = _MAX_BECAUSE // 2
    shown = reason if len(reason) <= room else reason[: room - 1] + "…"
    return Decision(what, rule, result, (evidence + shown + "".join(failed))[:_MAX_BECAUSE])


def _compiled(owner: str, rule: Rule) -> cel.Program:
    try:
        program = cel.compile(rule.when)
    except ValueError as error:
        at = _COLUMN.search(str(error))
        where = f" at column {at[1]}: {at[2]}" if at else ""
        raise _wrong(owner, rule, f"is not a CEL expression{where}", "correct the condition there") from error
    for unknown, kind, known in _unknown(rule.when, program):
        near = get_close_matches(unknown, known, 1)
        remedy = f"did you mean {near[0]}?" if near else f"known are {', '.join(sorted(known))}"
        column = rule.when.find(unknown.rpartition(".")[2]) + 1
        raise _wrong(owner, rule, f"names the {kind} {unknown!r} at column {column}, which does not exist", remedy)
    _try(owner, rule, program)
    return program


def _unknown(source: str, program: cel.Program) -> Iterator[tuple[str, str, Collection[str]]]:
    """What a condition names and nobody knows: the name, what kind of name it is, and what is known instead."""
    code = _STRING.sub('""', source)
    bound = set(_BOUND.findall(code))
    for variable in program.variables():
        if variable not in bound and variable not in EXAMPLE:
            yield variable, "variable", EXAMPLE.keys()
    for function in program.functions():
        if function.isidentifier() and function not in FUNCTIONS:
            yield function, "function", FUNCTIONS
    fields, senders = EXAMPLE["message"], EXAMPLE["message"]["sender"]
    for field, below in _PATH.findall(code):
        if field not in fields:
            yield f"message.{field}", "fact", [f"message.{name}" for name in fields]
        elif field == "sender" and below and below not in senders:
            yield f"message.sender.{below}", "fact", [f"message.sender.{name}" for name in senders]


def _named(rules: Sequence[Rule]) -> Set[str]:
    """The facts that a set of rules names, all of them after ``message["…"]``: handing facts over costs the most."""
    code = " ; ".join(_STRING.sub('""', rule.when) for rule in rules)
    if _WHOLE.search(code):
        return EXAMPLE["message"].keys()
    return {field for field, _ in _PATH.findall(code)}


def _try(owner: str, rule: Rule, program: cel.Program) -> None:
    """Evaluate a rule once, on an ordinary message: a wrong type or regular expression shows here."""
    try:
        result = program.execute(cel.Context(dict(EXAMPLE), {"mentions": partial(_mentions, [])}))
    except LookupError:
        return  # a form field that only some messages have
    except _FAILURES as error:
        raise _wrong(owner, rule, f"cannot be evaluated ({_brief(error)})", "correct the condition") from error
    if not isinstance(result, bool):
        raise _wrong(owner, rule, f"gives {result!r}", "write a condition that is true or false")


def _wrong(owner: str, rule: Rule, what: str, remedy: str) -> Misconfigured:
    return Misconfigured(f"{owner}: rule {rule.name!r} ({rule.when}) {what}: {remedy}")


def _brief(error: BaseException) -> str:
    if isinstance(error, KeyError):
        return f"the message has no {error.args[0]}"
    return " ".join(str(error).split())[:120]


def _mentions(found: list[str], text: str, words: str) -> bool:
    """Whether one of `words` stands in `text`; it is then added to `found`, as the evidence."""
    word = of_one(words).read(text).first(words)
    if word is None:
        return False
    found.append(word)
    return True


def _spoken(when: str) -> tuple[tuple[str, str], ...]:
    """The facts and lists of a condition that asks for nothing but words in texts; empty for any other."""
    parts = [_SPOKEN.fullmatch(part.strip()) for part in when.split("||")]
    return tuple((part[1], part[2]) for part in parts if part) if all(parts) else ()
