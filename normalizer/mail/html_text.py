"""HTML mail as the text that a person sees: paragraphs, lists, tables, links, quotes.

The rules are those of ``innerText`` (HTML Living Standard, section 3.2.7) with what plain mail adds to them:
quoted mail as ``> ``, list markers, and the address of a link behind its words.
"""

from __future__ import annotations

import re

from selectolax.lexbor import LexborHTMLParser, LexborNode

from normalizer.mail.html import bounded

MAX_LINK = 500  # characters; longer ones are for machines
_MAX_QUOTES = 20
_RULE = "_" * 32  # as Outlook writes a rule into plain mail

_SKIPPED = {
    *("script", "style", "head", "title", "meta", "link", "template", "noscript", "svg", "math", "object", "iframe"),
    *("select", "audio", "video", "canvas", "map", "datalist", "-comment", "-doctype", "o:p"),
}
_BLOCKS = {
    *("address", "article", "aside", "body", "center", "dd", "details", "dir", "div", "dl", "dt", "fieldset", "figure"),
    *("figcaption", "footer", "form", "header", "html", "legend", "li", "main", "menu", "nav", "ol", "section", "ul"),
    *("summary", "table", "tbody", "thead", "tfoot", "tr", "caption", "blockquote", "pre", "p", "hr", "listing"),
    *("h1", "h2", "h3", "h4", "h5", "h6"),
}
_SPACED = {"p", "blockquote", "pre", "dl", "h1", "h2", "h3", "h4", "h5", "h6", "listing"}
_LISTS = {"ul", "ol", "dir", "menu"}
_STYLED = _BLOCKS | {"span", "td", "th", "font", "a"}
_BLANKS = " \t\r\n\f"
_WHITE = re.compile(f"[{_BLANKS}]+")
_HIDDEN = re.compile(r"display\s*:\s*none|mso-hide\s*:\s*all|visibility\s*:\s*hidden", re.IGNORECASE)
_FLAT = re.compile(r"margin(?:-(?:top|bottom))?\s*:\s*0", re.IGNORECASE)


def to_text(html: str) -> str:
    """The text of `html`, line ends as ``\\n``. Bounded in time and memory, whatever the nesting. Never raises."""
    body = LexborHTMLParser(bounded(html)).body
    if body is None:
        return ""
    writer = _Writer()
    node: LexborNode | None = body.child
    while node is not None:
        if writer.enter(node) and node.child is not None:
            node = node.child
            continue
        while node is not None and node.next is None:
            node = node.parent
            if node is None or node.tag in ("body", "html"):
                return writer.text()
            writer.leave(node)
        node = node.next if node is not None else None
    return writer.text()


class _Writer:
    """Lines as they grow. What `enter` opens on a node, `leave` closes."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.line: list[str] = []
        self.space = False
        self.margin = False
        self.preformatted = 0
        self.quotes = 0
        self.lists: list[int] = []
        self.links: list[tuple[str, int]] = []

    def text(self) -> str:
        """All that was written."""
        self._end_line()
        return "\n".join(self.lines).strip("\n")

    def enter(self, node: LexborNode) -> bool:
        """Write what stands before the node's children; False when they are not to be seen."""
        tag = node.tag or ""
        if tag == "-text":
            self._write(node.text_content or "")
            return False
        if tag in _SKIPPED:
            return False
        attributes = node.attributes if tag in _STYLED else {}
        style = attributes.get("style") or ""
        if (style and _HIDDEN.search(style)) or "hidden" in attributes:
            self.leave_nothing(node)
            return False
        if tag == "br":
            self._break()
        elif tag in ("td", "th"):
            if self.line:
                self.line.append("\t")
                self.space = False
        elif tag == "a":
            self.links.append((attributes.get("href") or "", len(self.line)))
        elif tag in _BLOCKS:
            self._open_block(tag, attributes, style)
        if node.child is None:
            self.leave(node)
            return False
        return True

    def leave_nothing(self, node: LexborNode) -> None:
        """A hidden block still ends the line it stands in."""
        if node.tag in _BLOCKS:
            self._end_line()

    def leave(self, node: LexborNode) -> None:
        """Write what stands after the node's children."""
        tag = node.tag or ""
        if tag == "a" and self.links:
            self._link(*self.links.pop())
        elif tag in _BLOCKS:
            self._close_block(tag, node)

    def _open_block(self, tag: str, attributes: dict[str, str | None], style: str) -> None:
        self._end_line()
        if tag in _SPACED and not _is_flat(attributes, style):
            self.margin = True
        if tag == "blockquote" and _is_quote(attributes):
            self._flush_margin()
            self.quotes += 1
        elif tag in ("pre", "listing"):
            self.preformatted += 1
        elif tag in _LISTS:
            self.margin = self.margin or not self.lists
            self.lists.append(0 if tag == "ol" else -1)
        elif tag == "li":
            self._item()
        elif tag == "hr":
            self._write(_RULE)
            self._end_line()

    def _close_block(self, tag: str, node: LexborNode) -> None:
        self._end_line()
        if tag == "blockquote" and self.quotes and _is_quote(node.attributes):
            self.quotes -= 1
            self.margin = True
        elif tag in ("pre", "listing"):
            self.preformatted = max(0, self.preformatted - 1)
        elif tag in _LISTS and self.lists:
            self.lists.pop()
            self.margin = self.margin or not self.lists
        if tag in _SPACED and not _is_flat(node.attributes, node.attributes.get("style") or ""):
            self.margin = True

    def _item(self) -> None:
        marker = "- "
        if self.lists and self.lists[-1] >= 0:
            self.lists[-1] += 1
            marker = f"{self.lists[-1]}. "
        self.line.append("  " * min(max(len(self.lists) - 1, 0), 10) + marker)

    def _link(self, href: str, start: int) -> None:
        label = "".join(self.line[start:]).strip()
        href = href.strip()
        if not label or not href.lower().startswith(("http:", "https:", "mailto:")) or len(href) > MAX_LINK:
            return
        target = href.partition("?")[0][7:] if href[:7].lower() == "mailto:" else href
        if _bare(target) not in _bare(label):
            self._write(f" <{target}>")

    def _write(self, text: str) -> None:
        if self.preformatted:
            first, *rest = text.replace("\xa0", " ").split("\n")
            self._put(first)
            for each in rest:
                self._break()
                self._put(each)
            return
        if text and not text.strip(_BLANKS):  # as between most tags
            self.space = True
            return
        words = _WHITE.sub(" ", text)
        if words.startswith(" "):
            self.space = True
            words = words[1:]
        if not words:
            return
        if self.space and self.line and self.line[-1][-1:] not in (" ", "\t"):
            self.line.append(" ")
        self.space = words.endswith(" ")
        self._put((words[:-1] if self.space else words).replace("\xa0", " "))

    def _put(self, text: str) -> None:
        if text:
            self._flush_margin()
            self.line.append(text)

    def _break(self) -> None:
        self._flush_margin()
        self._emit()

    def _end_line(self) -> None:
        if self.line:
            self._emit()
        self.space = False

    def _flush_margin(self) -> None:
        if self.margin:
            self.margin = False
            if self.lines and self.lines[-1].strip("> "):
                self.lines.append(("> " * self.quotes).rstrip())

    def _emit(self) -> None:
        prefix = "> " * min(self.quotes, _MAX_QUOTES)
        self.lines.append((prefix + "".join(self.line)).rstrip())
        self.line.clear()
        self.links = [(href, 0) for href, _ in self.links]
        self.space = False


def _is_quote(attributes: dict[str, str | None]) -> bool:
    """True for the quotes that mail programs make; other blockquotes only indent."""
    return attributes.get("type") == "cite" or "cite" in attributes or "quote" in (attributes.get("class") or "")


def _is_flat(attributes: dict[str, str | None], style: str) -> bool:
    """True for paragraphs that are shown as plain lines, as Outlook and Apple Mail make them."""
    return "Mso" in (attributes.get("class") or "") or bool(style and _FLAT.search(style))


def _bare(link: str) -> str:
    return link.lower().removeprefix("https://").removeprefix("http://").removeprefix("www.").rstrip("/")
