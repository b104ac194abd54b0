"""The widget as one script, and a page to try it on. No framework, no third party, nothing but this edge."""

from __future__ import annotations

import base64
import hashlib
import html
import json
from collections.abc import Mapping
from pathlib import Path
from string import Template
from typing import Any

from starlette.responses import HTMLResponse, Response

_HERE = Path(__file__).parent / "widget"
_PARTS = ("store.js", "link.js", "view.js", "chat.js")
_STYLE = (_HERE / "widget.css").read_text("utf-8")
_DEMO = Template((_HERE / "demo.html").read_text("utf-8"))

WORDS: dict[str, str] = json.loads((_HERE / "words.json").read_text("utf-8"))
"""Every word that the widget shows, by its name; settings may say them in another language."""


class Page:
    """The script of one account. `shown` is what the browser needs to know of the settings: nothing secret."""

    def __init__(self, title: str, shown: Mapping[str, Any]) -> None:
        settings = json.dumps({"title": title, "style": _STYLE, **shown})
        parts = "\n".join((_HERE / name).read_text("utf-8") for name in _PARTS)
        self._script = f'(() => {{\n"use strict";\nconst settings = {settings};\n{parts}\n}})();\n'.encode()
        self._etag = f'"{hashlib.sha256(self._script).hexdigest()[:32]}"'
        self._page = _DEMO.substitute(title=html.escape(title))

    def widget(self, known: str) -> Response:
        """The script; 304 when the browser has it already."""
        headers = {
            "Cache-Control": "public, max-age=300",
            "Cross-Origin-Resource-Policy": "cross-origin",
            "X-Content-Type-Options": "nosniff",
            "ETag": self._etag,
        }
        if known == self._etag:
            return Response(status_code=304, headers=headers)
        return Response(self._script, headers=headers, media_type="text/javascript")

    def demo(self) -> Response:
        """A page that has nothing but the widget, under the strictest policy that lets it work."""
        headers = {
            "Content-Security-Policy": "default-src 'none'; script-src 'self'; connect-src 'self'; "
            f"style-src {_hash(_DEMO.template)}; base-uri 'none'; frame-ancestors 'none'",
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": "no-store",
        }
        return HTMLResponse(self._page, headers=headers)


def _hash(page: str) -> str:
    style = page.partition("<style>")[2].partition("</style>")[0]
    return f"'sha256-{base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()}'"
