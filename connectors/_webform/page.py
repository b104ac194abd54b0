"""The page that people see: the form, the thanks and the apology. One file each, no framework, no third party.

It works without JavaScript, and its Content-Security-Policy allows only its own style and script, by hash.
"""

from __future__ import annotations

import base64
import hashlib
import html
from collections.abc import Sequence
from pathlib import Path
from string import Template
from urllib.parse import urlsplit

from starlette.responses import HTMLResponse, Response

from connectors._webform.submission import LENGTHS

_HERE = Path(__file__).parent
_PAGE = Template((_HERE / "page.html").read_text())
_FORM = Template((_HERE / "form.html").read_text())
_STYLE = (_HERE / "form.css").read_text()
_SCRIPT = (_HERE / "form.js").read_text()
_EMBED = (_HERE / "embed.js").read_text()

_INPUTS = {
    "name": ("Your name", 'autocomplete="name"'),
    "email": ("Your email address", 'type="email" autocomplete="email"'),
    "phone": ("Your phone number", 'type="tel" autocomplete="tel"'),
    "subject": ("Subject", ""),
}


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


class Page:
    """The pages of one account. `origins` are the sites that may show them in a frame."""

    def __init__(self, *, title: str, thanks_url: str, origins: Sequence[str]) -> None:
        self._title = title
        self._thanks_url = thanks_url
        thanks = urlsplit(thanks_url)
        # Browsers hold a redirect after a post to form-action, too.
        form_action = f"'self' {thanks.scheme}://{thanks.netloc}" if thanks.netloc else "'self'"
        framed_by = " ".join(["'self'", *origins])
        policy = (
            f"default-src 'none'; style-src {_hash(_STYLE)}; script-src {_hash(_SCRIPT)}; connect-src 'self'; "
            f"form-action {form_action}; base-uri 'none'; frame-ancestors {framed_by}"
        )
        self._headers = {
            "Content-Security-Policy": policy,
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "strict-origin-when-cross-origin",
            "Cache-Control": "no-store",  # every form has a submission id of its own
        }

    def form(self, *, action: str, ask: Sequence[str], required: Sequence[str], honeypot: str, key: str,
             files: int, max_bytes: int) -> Response:  # fmt: skip
        """The form, which posts to `action`; `key` tells its second click from a second message."""
        fields = [_input(name, name in required) for name in _INPUTS if name in ask]
        fields.append(_message("message" in required))
        if files:
            fields.append(_attachments(files))
        content = _FORM.substitute(
            action=html.escape(action),
            title=html.escape(self._title),
            fields="\n".join(fields),
            honeypot=html.escape(honeypot),
            key=html.escape(key),
            thanks=html.escape(self._thanks_url),
            files=files,
            bytes=max_bytes,
        )
        return self._page(content, 200, {})

    def thanks(self, message_id: str) -> Response:
        """What a browser sees after its post was taken."""
        return self._outcome(
            "sent", "Thank you", ["Your message has arrived.", f"Reference: <code>{message_id}</code>"], 202, {}
        )

    def sorry(self, status: int, detail: str, headers: dict[str, str]) -> Response:
        """What a browser sees after its post was refused."""
        words = [f"{html.escape(detail)}.", "Go back and try again: what you wrote is still there."]
        return self._outcome("failed", "Your message was not sent", words, status, headers)

    def embed(self) -> Response:
        """The script that puts the form into another site's page."""
        headers = {
            "Cache-Control": "public, max-age=3600",
            "Cross-Origin-Resource-Policy": "cross-origin",
            "X-Content-Type-Options": "nosniff",
        }
        return Response(_EMBED, headers=headers, media_type="text/javascript")

    def _outcome(self, kind: str, heading: str, words: list[str], status: int, headers: dict[str, str]) -> Response:
        text = "".join(f"<p>{each}</p>" for each in words)
        return self._page(f'<div class="outcome {kind}" role="status"><h1>{heading}</h1>{text}</div>', status, headers)

    def _page(self, content: str, status: int, headers: dict[str, str]) -> Response:
        page = _PAGE.substitute(title=html.escape(self._title), style=_STYLE, script=_SCRIPT, content=content)
        return HTMLResponse(page, status, self._headers | headers)


def _label(name: str, words: str, required: bool) -> str:
    return f'<label for="{name}">{words}{"" if required else " <small>(optional)</small>"}</label>'


def _input(name: str, required: bool) -> str:
    words, attributes = _INPUTS[name]
    needed = " required" if required else ""
    return (
        f'<div class="field">{_label(name, words, required)}'
        f'<input id="{name}" name="{name}" maxlength="{LENGTHS[name]}" {attributes}{needed}></div>'
    )


def _message(required: bool) -> str:
    needed = " required" if required else ""
    return (
        f'<div class="field">{_label("message", "Message", required)}'
        f'<textarea id="message" name="message" maxlength="{LENGTHS["message"]}" rows="6"{needed}></textarea></div>'
    )


def _attachments(most: int) -> str:
    return (
        f'<div class="field">{_label("attachments", "Attachments", required=False)}'
        '<input id="attachments" name="attachments" type="file" multiple aria-describedby="attachments-hint">'
        f'<span class="hint" id="attachments-hint">Up to {most} files.</span></div>'
    )
