"""How exactly the visible reply is found, beside peer libraries; and the forwarded mail, by `accuracy_forwards`.

Run ``python -m bench.accuracy_replies``; the corpora are read in place from ``SWITCHBOARD_CORPORA``. Expected and
found texts are compared as each corpus' own tests compare them: both stripped, nothing else changed; the HTML files
of talon without any white space. A corpus that asserts patterns instead of a text counts a mail as right when every
assertion that speaks about visible text holds.
"""

from __future__ import annotations

import email
import email.policy
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from bench import accuracy_forwards
from normalizer.mail import html_text
from normalizer.mail.quotes import visible_reply

Reader = Callable[[str], str]
Check = Callable[[Reader], bool]
LANGUAGES = ("cs", "da", "de", "en", "es", "fi", "fr", "he", "it", "ja", "ko", "nl", "no", "pl", "pt", "sv", "zh")
TARGETS = {"trimmer": 0.80, "crisp": 0.80, "talon": 0.90}


class Case(NamedTuple):
    """One mail of a corpus, and whether a reader reads it as its corpus asks."""

    corpus: str
    name: str
    holds: Check


def cases(corpora: Path) -> Iterator[Case]:
    """Every mail of the three corpora of replies."""
    yield from _trimmer(corpora / "email_reply_trimmer" / "test")
    yield from _crisp(corpora / "crisp_reply")
    yield from _talon(corpora / "talon")


def _exact(text: str, expected: str) -> Check:
    return lambda read: read(text).strip() == expected.strip()


def _all(checks: list[Check]) -> Check:
    return lambda read: all(check(read) for check in checks)


def _trimmer(folder: Path) -> Iterator[Case]:
    for path in sorted((folder / "emails").iterdir()):
        text = path.read_bytes().decode().replace("\r\n", "\n")
        expected = (folder / "trimmed" / path.name).read_bytes().decode().replace("\r\n", "\n")
        yield Case("trimmer", path.stem, _exact(text, expected))


def _crisp(folder: Path) -> Iterator[Case]:
    for name, entry in json.loads((folder / "expected.json").read_text()).items():
        text = (folder / "test" / "fixtures" / entry["file"]).read_text()
        checks = [check for key, value in entry["expect"].items() if (check := _assertion(text, key, value))]
        if checks:
            yield Case("crisp", name, _all(checks))


def _assertion(text: str, key: str, value: object) -> Check | None:
    """One assertion of crisp's tests as a check of the visible text; None when it speaks of something else."""
    pattern = re.search(r"=~ /(.*)/(m?)$", key)
    if pattern is None:
        if key == "getFragments().length" and value == 1:
            return _exact(text, text)
        if isinstance(value, str) and ("toString" in key or key.startswith(("parseReply()", "getVisibleText"))):
            return _exact(text, value)
        return None
    wanted = re.compile(pattern[1], re.MULTILINE)
    if key.startswith("getFragments()[0]"):
        return lambda read: wanted.search(read(text).strip()) is not None
    if key.startswith("getFragments()[1]") and pattern[1].startswith("^On"):
        quoted = re.compile(pattern[1] + r".*\d", re.MULTILINE)
        return lambda read: quoted.search(read(text)) is None
    return None


def _talon(folder: Path) -> Iterator[Case]:
    for name, entry in json.loads((folder / "expected.json").read_text()).items():
        path = folder / "tests" / "fixtures" / name
        text = _text(path)
        if "reply" in entry:
            check = _exact(text, entry["reply"])
        elif "reply_text_ignoring_whitespace" in entry:
            check = _squeezed(text, entry["reply_text_ignoring_whitespace"])
        elif "html_ignoring_whitespace" in entry:
            check = _squeezed(text, html_text.to_text(entry["html_ignoring_whitespace"]))
        elif "signature_file" in entry:
            signature = path.with_name(entry["signature_file"]).read_text()
            check = _exact(text, text.replace(signature.strip(), ""))
        else:
            check = _without(text, entry["not_contains"])
        yield Case("talon", name, check)


def _squeezed(text: str, expected: str) -> Check:
    return lambda read: "".join(read(text).split()) == "".join(expected.split())


def _without(text: str, unwanted: str) -> Check:
    return lambda read: bool(read(text).strip()) and unwanted not in read(text)


def _text(path: Path) -> str:
    """The plain text of a mail, of an HTML page, or of a bare text file."""
    if path.suffix == ".html":
        return html_text.to_text(path.read_text())
    if path.suffix != ".eml":
        return path.read_text()
    message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
    body = message.get_body(("plain",))
    return str(body.get_content()).replace("\r\n", "\n") if body is not None else ""


def peers() -> dict[str, Reader]:
    """The peer libraries that are installed, each as a function from text to visible reply."""
    found: dict[str, Reader] = {}
    try:
        from mailparser_reply import EmailReplyParser as MailParserReply  # type: ignore[import-untyped]  # has no stubs

        parser = MailParserReply(languages=list(LANGUAGES))
        found["mail-parser-reply"] = lambda text: parser.parse_reply(text) or ""
    except ImportError:
        pass
    try:
        from email_reply_parser import EmailReplyParser  # type: ignore[import-untyped]  # has no stubs

        found["email-reply-parser"] = EmailReplyParser.parse_reply
    except ImportError:
        pass
    try:
        from talon import quotations  # type: ignore[import-untyped]  # has no stubs

        found["talon"] = quotations.extract_from_plain
    except ImportError:
        pass
    return found


def score(corpora: Path) -> list[dict[str, Any]]:
    """Rows ``{"what", "ours", "target", "n", "peers", "wrong"}``; shares of 1, `wrong` names our mistakes."""
    everything = list(cases(corpora))
    others = peers()
    rows = []
    for corpus, target in TARGETS.items():
        mine = [case for case in everything if case.corpus == corpus]
        theirs = {name: _share([_tried(case, read) for case in mine]) for name, read in others.items()}
        held = {case.name: case.holds(visible_reply) for case in mine}
        rows.append(_row(f"visible reply exact, {corpus}", held, target, theirs))
    return rows + accuracy_forwards.score(corpora)


def _row(what: str, held: dict[str, bool], target: float, theirs: dict[str, float]) -> dict[str, Any]:
    wrong = [name for name, right in held.items() if not right]
    return {
        "what": what,
        "ours": _share(list(held.values())),
        "target": target,
        "n": len(held),
        "peers": theirs,
        "wrong": wrong,
    }


def _share(held: list[bool]) -> float:
    return round(sum(held) / len(held), 3)


def _tried(case: Case, read: Reader) -> bool:
    """A peer that raises has not read the mail."""
    try:
        return case.holds(read)
    except Exception:  # noqa: BLE001  whatever a peer raises, the others are still measured
        return False


if __name__ == "__main__":
    import os

    root = Path(os.environ.get("SWITCHBOARD_CORPORA", Path(__file__).parents[2] / "shared" / "corpora"))
    for row in score(root):
        print(row)
