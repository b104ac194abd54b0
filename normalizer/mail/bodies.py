"""Which parts are the body, and which are attachments: RFC 8621 section 4.1.4, and the text they hold."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from normalizer.mail import charset, flowed, html_text, parameters, transfer
from normalizer.mail.parsed import Part
from normalizer.mail.tree import Entity, Tree

MAX_DECODED = 64 * 1024 * 1024  # bytes of content in one mail

_MEDIA = ("image/", "audio/", "video/")
_META = re.compile(rb"<meta[^>]{1,200}charset\s*=\s*[\"']?\s*([A-Za-z0-9_.:-]{2,40})", re.IGNORECASE)
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_STUB = re.compile(
    r"(?=.*\bhtml\b)(?=.*\b(view|read|display|see|support|client|browser|reader|viewer|capable|format|part)\w*)",
    re.IGNORECASE | re.DOTALL,
)


@dataclass(slots=True)
class Bodies:
    """What was found. `charset` is the one of the first text, the best guess for anything that names none."""

    parts: list[Part] = field(default_factory=list)
    attachments: list[Part] = field(default_factory=list)
    text: str = ""
    html: str = ""
    charset: str = ""
    notes: set[str] = field(default_factory=set)


@dataclass(slots=True)
class _Leaf:
    """A leaf with its part, and whether its bytes are what they claim to be."""

    part: Part
    params: dict[str, str]
    sound: bool


@dataclass(slots=True)
class _Lists:
    text: list[_Leaf] = field(default_factory=list)
    html: list[_Leaf] = field(default_factory=list)
    attachments: list[_Leaf] = field(default_factory=list)


def read(tree: Tree) -> Bodies:
    """The leaves of `tree`, decoded, and the mail's two bodies."""
    found = Bodies()
    lists = _Lists()
    _walk([tree.root], tree, "", (True, True), lists, found, alternative=False)
    for leaf in (*lists.text, *lists.html):
        if leaf.part.charset:
            found.charset = leaf.part.charset
            break
    kept = {id(leaf) for leaf in lists.attachments}
    plain = [leaf for leaf in lists.text if id(leaf) not in kept or not leaf.part.content_type.startswith(_MEDIA)]
    rich = [leaf for leaf in lists.html if leaf.part.content_type == "text/html"]
    cut = [leaf for leaf in lists.attachments if not leaf.sound]
    if not any(leaf.part.content_type.startswith("text/") for leaf in plain):
        plain += [leaf for leaf in cut if leaf.part.content_type == "text/plain"][:1]
    if not rich:
        rich = [leaf for leaf in cut if leaf.part.content_type == "text/html"][:1]
    found.attachments = [leaf.part for leaf in lists.attachments]
    found.html = "\n".join(_text(leaf, found.notes) for leaf in rich)
    _fill_text(found, plain)
    return found


def _walk(
    entities: list[Entity],
    tree: Tree,
    parent: str,
    wanted: tuple[bool, bool],
    lists: _Lists,
    found: Bodies,
    *,
    alternative: bool,
) -> tuple[bool, bool]:
    """The algorithm of RFC 8621 section 4.1.4. `wanted`: are plain and HTML bodies still collected here?"""
    plain, rich = wanted
    before = len(lists.text), len(lists.html)
    for index, entity in enumerate(entities):
        if entity.children:
            kind = entity.content_type.removeprefix("multipart/")
            _walk(
                entity.children,
                tree,
                kind,
                (plain, rich),
                lists,
                found,
                alternative=alternative or kind == "alternative",
            )
            continue
        leaf = _leaf(entity, tree, found)
        media = leaf.part.content_type.startswith(_MEDIA)
        inline = (
            leaf.sound
            and leaf.part.disposition != "attachment"
            and (media or leaf.part.content_type in ("text/plain", "text/html"))
            and (index == 0 or (parent != "related" and (media or not leaf.part.name)))
        )
        if not inline:
            lists.attachments.append(leaf)
        elif parent == "alternative":
            if leaf.part.content_type == "text/plain":
                lists.text.append(leaf)
            elif leaf.part.content_type == "text/html":
                lists.html.append(leaf)
            else:
                lists.attachments.append(leaf)
        else:
            if alternative and not media:
                plain, rich = (plain, False) if leaf.part.content_type == "text/plain" else (False, rich)
            if plain:
                lists.text.append(leaf)
            if rich:
                lists.html.append(leaf)
            if media or not (plain or rich):
                lists.attachments.append(leaf)
    if parent == "alternative" and wanted == (True, True):
        texts, htmls = lists.text[before[0] :], lists.html[before[1] :]
        if not texts:
            lists.text.extend(htmls)
        elif not htmls:
            lists.html.extend(texts)
    return plain, rich


def _leaf(entity: Entity, tree: Tree, found: Bodies) -> _Leaf:
    raw = tree.data[entity.start : entity.end]
    block = entity.block
    encoding = block.last("content-transfer-encoding").decode("ascii", "replace")
    content, note = transfer.decode(raw, encoding.partition(";")[0]) if encoding else (raw, "")
    if note:
        found.notes.add(note)
    left = MAX_DECODED - sum(len(part.content) for part in found.parts[-1:])
    if len(content) > left:
        content = content[:left]
        found.notes.add("content-cut")
    disposition, more = parameters.parse(block.last("content-disposition")) if block.fields else ("", {})
    part = Part(
        content_type=entity.content_type,
        content=content,
        charset=entity.params.get("charset", ""),
        name=more.get("filename") or entity.params.get("name", ""),
        disposition=disposition if disposition in ("inline", "") else "attachment",
        content_id=block.last("content-id").decode("utf-8", "replace").strip(" <>\t"),
    )
    found.parts.append(part)
    return _Leaf(part, entity.params, not entity.cut and not note)


def _fill_text(found: Bodies, plain: list[_Leaf]) -> None:
    texts = []
    for leaf in plain:
        if leaf.part.content_type == "text/html":
            texts.append(html_text.to_text(_text(leaf, found.notes)))
            found.notes.add("text-from-html")
        elif leaf.part.content_type == "text/plain":
            texts.append(_text(leaf, found.notes))
    found.text = "\n".join(texts)
    if found.html and (not found.text.strip() or _is_stub(found.text)):
        shown = html_text.to_text(found.html)
        if shown.strip():
            found.text = shown
            found.notes.add("text-from-html")


def _is_stub(text: str) -> bool:
    """True when all the plain body says is that there is an HTML one."""
    return len(text) < 400 and all(_STUB.search(line) for line in re.split(r"[.!\n]\s+", text.strip()) if line.strip())


def _text(leaf: _Leaf, notes: set[str]) -> str:
    part = leaf.part
    name = part.charset
    if not name and part.content_type == "text/html":
        meta = _META.search(part.content[:4096])
        name = meta[1].decode("ascii") if meta else ""
    text, note = charset.to_text(part.content, name)
    if note:
        notes.add(note)
    text = clean(text)
    if leaf.params.get("format", "").lower() == "flowed" and part.content_type == "text/plain":
        text = flowed.unwrap(text, delete_space=leaf.params.get("delsp", "").lower() == "yes")
    return text


def clean(text: str) -> str:
    """Line ends as ``\\n``, no NULs nor other controls but tabs, nothing that UTF-8 cannot say."""
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    if "\x00" in text or not text.isprintable():
        text = _CONTROL.sub("", text)
    return text
