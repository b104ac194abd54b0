"""Which leaves are the body and which are attachments: RFC 8621 section 4.1.4."""

from __future__ import annotations

from dataclasses import dataclass, field

from normalizer.mail import tnef
from normalizer.mail.leaves import Decoder, Leaf
from normalizer.mail.tree import Entity, Tree

MEDIA = ("image/", "audio/", "video/")
_ENCRYPTED = {"multipart/encrypted", "application/pkcs7-mime", "application/x-pkcs7-mime"}
_UNSEEN = {"text/x-amp-html"}  # a second form of the body that needs a network


@dataclass(slots=True)
class Bodies:
    """The leaves by their part in the mail. Media that are shown in a body are attachments as well."""

    text: list[Leaf] = field(default_factory=list)
    html: list[Leaf] = field(default_factory=list)
    attachments: list[Leaf] = field(default_factory=list)


class Sorter:
    """Walks a tree and sorts its leaves into `bodies`."""

    def __init__(self, tree: Tree, notes: set[str]) -> None:
        self.bodies = Bodies()
        self.decoder = Decoder(tree, notes)
        self._notes = notes
        self._hint = ""
        self._walk([tree.root], "", plain=True, rich=True, alternative=False)

    def _walk(self, entities: list[Entity], parent: str, *, plain: bool, rich: bool, alternative: bool) -> None:
        """`plain` and `rich`: are the two bodies still collected here? `alternative`: is one of several chosen here?"""
        texts, htmls = self.bodies.text, self.bodies.html
        before = len(texts), len(htmls)
        collected = plain and rich
        for index, entity in enumerate(entities):
            if entity.content_type in _ENCRYPTED and entity.params.get("smime-type") != "signed-data":
                self._notes.add("encrypted")
            if entity.children:
                kind = entity.content_type.removeprefix("multipart/")
                within = alternative or kind == "alternative"
                self._walk(entity.children, kind, plain=plain, rich=rich, alternative=within)
                continue
            leaf = self.decoder.leaf(entity, self._hint)
            self._hint = self._hint or leaf.part.charset
            if not _is_inline(leaf, index, parent):
                self._attach(leaf)
            elif parent == "alternative":
                {"text/plain": texts, "text/html": htmls}.get(leaf.part.content_type, self.bodies.attachments).append(
                    leaf
                )
            else:
                media = leaf.part.content_type.startswith(MEDIA)
                if alternative and not media:
                    plain = plain and leaf.part.content_type == "text/plain"
                    rich = rich and leaf.part.content_type == "text/html"
                self._place(leaf, plain=plain, rich=rich, media=media)
        if parent == "alternative" and collected:
            new_texts, new_htmls = texts[before[0] :], htmls[before[1] :]
            if not new_texts:
                texts.extend(new_htmls)
            elif not new_htmls:
                htmls.extend(new_texts)

    def _place(self, leaf: Leaf, *, plain: bool, rich: bool, media: bool) -> None:
        if plain:
            self.bodies.text.append(leaf)
        if rich:
            self.bodies.html.append(leaf)
        if media or not (plain or rich):
            self.bodies.attachments.append(leaf)

    def _attach(self, leaf: Leaf) -> None:
        if leaf.part.content_type in tnef.TYPES or leaf.part.name.lower() == "winmail.dat":
            unpacked = self.decoder.unpacked(leaf)
            if unpacked:
                for each in unpacked:
                    place = {"text/plain": self.bodies.text, "text/html": self.bodies.html}
                    target = place.get(each.part.content_type) if not each.part.disposition else None
                    if target is None:
                        self.bodies.attachments.append(each)
                    elif not any(other.part.content_type == each.part.content_type for other in target):
                        target.append(each)
                return
        if leaf.part.content_type not in _UNSEEN:
            self.bodies.attachments.append(leaf)


def _is_inline(leaf: Leaf, index: int, parent: str) -> bool:
    """May the leaf be a body? One that is cut or broken may not: it stays a file, whatever the text says of it."""
    part = leaf.part
    media = part.content_type.startswith(MEDIA)
    return (
        leaf.sound
        and part.disposition != "attachment"
        and (media or part.content_type in ("text/plain", "text/html"))
        and (index == 0 or (parent != "related" and (media or not part.name)))
    )
