"""HTML mail, bounded and safe to show."""

from __future__ import annotations

import re

import nh3

MAX_HTML = 512 * 1024  # characters
MAX_DEPTH = 1000  # elements inside each other; no mail has a tenth of it

_SCHEMES = {"http", "https", "mailto", "tel", "cid"}
_TAG = re.compile(r"<(/?)([a-zA-Z][^\s/>]{0,40})")
# Elements without an end tag, or whose end tag is mostly left out.
_OPEN = {
    *("br", "img", "hr", "input", "meta", "link", "col", "wbr", "area", "base", "embed", "source", "param"),
    *("p", "li", "td", "th", "tr", "tbody", "thead", "tfoot", "option", "colgroup"),
}


def bounded(html: str) -> str:
    """The beginning of `html`; one that nests beyond `MAX_DEPTH` loses its tags.

    HTML parsers look up through the open elements at each tag (HTML Living Standard, section 13.2.4.2), so that
    depth costs them quadratic time.
    """
    html = html[:MAX_HTML]
    if html.count("<") > MAX_DEPTH and _depth(html) > MAX_DEPTH:
        return re.sub(r"<[^>]*>?", " ", html)
    return html


def sanitize(html: str) -> str:
    """HTML for display: no scripts, forms or style sheets, images by ``cid:`` or ``https:`` only.

    `html` is taken as `bounded` gave it.
    """
    return (_cleaner if "<im" in html.lower() else _imageless).clean(html)


def _depth(html: str) -> int:
    depth = deepest = 0
    for closing, name in _TAG.findall(html):
        if name.lower() not in _OPEN:
            depth = max(depth - 1, 0) if closing else depth + 1
            deepest = max(depth, deepest)
    return deepest


def _attribute(tag: str, name: str, value: str) -> str | None:
    if tag == "img" and name == "src" and not value.strip().lower().startswith(("cid:", "https:")):
        return None
    return value


_cleaner = nh3.Cleaner(url_schemes=_SCHEMES, attribute_filter=_attribute)
_imageless = nh3.Cleaner(url_schemes=_SCHEMES)  # the filter, which is asked of every attribute, is for images alone
