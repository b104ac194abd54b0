"""Address lists: RFC 5322 section 3.4 with groups and comments, and the many ways to get them wrong."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from normalizer.events import Contact
from normalizer.identity import MAX_NAME, email_address

MAX_ADDRESSES = 500

_TOKEN = re.compile(
    r"""(?P<quoted>"(?:[^"\\]|\\.)*"?)|(?P<open>\()|(?P<angle><[^<>,]*(?:,(?=\s*@)[^<>,]*)*>?)|(?P<sep>[,;:])|[^"(<,;:]+""",
    re.DOTALL,
)
# The local part is bounded: 64 octets by RFC 5321, some more in the wild, and a search must stay linear.
_BARE = re.compile(r"[^\s<>\"(),;\[\]]{1,250}@(?:[^\s<>\"(),;:\[\]]+|\[[^\]\s]*\])")
_DOMAIN = re.compile(r"@[^\s<>\"(),;:]+")
_LOCAL = re.compile(r"[A-Za-z0-9._+=-]{1,64}")
_ROUTE = re.compile(r"^\s*@[^:]*:")  # RFC 5322 section 4.4
_COMMENT = re.compile(r"\(((?:[^()\\]|\\.)*)\)")
_PAIR = re.compile(r"\\(.)", re.DOTALL)


@dataclass(slots=True)
class _Mailbox:
    """One address as far as it has been read: its words in order, and what stood in angle brackets."""

    words: list[str] = field(default_factory=list)
    comments: list[str] = field(default_factory=list)
    angle: str | None = None
    quoted: bool = False


def parse(text: str) -> tuple[Contact, ...]:
    """The people in a header value as `Mail.header` gives it; groups are opened, at most `MAX_ADDRESSES`.

    Addresses are in their normal form; the name is the phrase, or the comment where there is no phrase.
    What holds no address at all is left out. Never raises.
    """
    found: list[Contact] = []
    for mailbox in _mailboxes(text):
        contact = _contact(mailbox)
        if contact is not None:
            found.append(contact)
            if len(found) == MAX_ADDRESSES:
                break
    return tuple(found)


def first(text: str) -> Contact | None:
    """The first of them, None when there is none."""
    found = parse(text)
    return found[0] if found else None


def _mailboxes(text: str) -> list[_Mailbox]:
    done: list[_Mailbox] = []
    current = _Mailbox()
    at = 0
    while at < len(text) and len(done) < 2 * MAX_ADDRESSES:
        hit = _TOKEN.match(text, at)
        if hit is None:  # every character starts a token
            break
        at = hit.end()
        if hit["open"]:
            comment, at = _comment(text, at)
            current.comments.append(comment)
        elif hit["quoted"]:
            at = _quoted(current, text, hit[0], at)
        elif hit["angle"]:
            _angle(current, hit[0].strip("<>"))
        elif hit["sep"] == ":":
            _colon(current)
        elif hit["sep"]:
            # "Doe, Jo <jo@x>": a name with a bare comma is no address of its own.
            if hit[0] == "," and current.angle is None and not any("@" in word for word in current.words):
                if any(word.strip() for word in current.words):
                    current.words.append(", ")
                continue
            done.append(current)
            current = _Mailbox()
        elif hit[0].strip() or current.words:
            if current.angle is not None and "@" in hit[0] and "@" in current.angle:
                done.append(current)  # the comma between two addresses was forgotten
                current = _Mailbox()
            current.words.append(hit[0])
    done.append(current)
    return done


def _quoted(current: _Mailbox, text: str, token: str, at: int) -> int:
    """A quoted string: a name, or the local part of the address that goes on at `at`. Returns where to go on."""
    domain = _DOMAIN.match(text, at)
    if domain and current.angle is None:
        current.angle = token + domain[0]
        return domain.end()
    current.words.append(_PAIR.sub(r"\1", token[1:].removesuffix('"')))
    current.quoted = True
    return at


def _comment(text: str, at: int) -> tuple[str, int]:
    """The comment whose opening bracket stands before `at` (they nest), and where it ends."""
    depth, start = 1, at
    while at < len(text) and depth:
        if text[at] == "\\":
            at += 1
        else:
            depth += {"(": 1, ")": -1}.get(text[at], 0)
        at += 1
    return _PAIR.sub(r"\1", text[start : at - (depth == 0)]), min(at, len(text))


def _angle(current: _Mailbox, inner: str) -> None:
    if "(" in inner:
        current.comments.extend(_PAIR.sub(r"\1", comment) for comment in _COMMENT.findall(inner))
        inner = _COMMENT.sub("", inner)
    if current.angle is None or ("@" not in current.angle and "@" in inner):
        if current.angle:
            current.words.append(current.angle)
        current.angle = inner
    else:
        current.words.append(inner)


def _colon(current: _Mailbox) -> None:
    """A group's name ends here (or ``mailto``); in anything else the colon is part of the text."""
    if current.angle is None and not any("@" in word or "[" in word for word in current.words):
        current.words.clear()
    else:
        current.words.append(":")


def _contact(mailbox: _Mailbox) -> Contact | None:
    phrase = "".join(mailbox.words)
    address = mailbox.angle
    if address is None or "@" not in address:
        hit = None if mailbox.quoted and address is not None else _BARE.search(phrase)
        if hit:
            phrase, address = phrase.replace(hit[0], " ", 1), hit[0]
            phrase = "" if _BARE.search(phrase) else phrase
        elif address is None and _LOCAL.fullmatch(phrase.strip()):
            phrase, address = "", phrase  # a user of the same machine (RFC 822 had no such thing; cron does)
    normal = email_address(_ROUTE.sub("", address or "").strip())
    if not normal:
        return None
    name = " ".join(phrase.split()).strip(" ,'\"")
    comments = " ".join(" ".join(mailbox.comments).split())
    if name and comments:
        name = f"{name} ({comments})"
    return Contact("email", normal, (name or comments)[:MAX_NAME])
