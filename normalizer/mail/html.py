"""HTML mail: as text that keeps what a person would see, and as HTML that is safe to show."""

from __future__ import annotations

import re

import nh3
from inscriptis import get_text
from inscriptis.css_profiles import CSS_PROFILES
from inscriptis.model.config import ParserConfig

MAX_HTML = 512 * 1024

_TAG = re.compile(r"<[^>]*>")


def to_text(html: str) -> str:
    """What a person reads when the HTML is shown: lists, tables, links. Never raises."""
    try:
        return get_text(html[:MAX_HTML], _CONFIG)
    except Exception:  # noqa: BLE001  the libraries underneath raise what they like, and a mail must give its text
        return _TAG.sub(" ", html[:MAX_HTML])


_CONFIG = ParserConfig(css=CSS_PROFILES["strict"], display_links=False, display_images=False)


def sanitize(html: str) -> str:
    """HTML for display: no scripts, no forms, no styles beyond attributes, images by ``cid:`` or ``https:`` only."""
    return nh3.clean(html[:MAX_HTML], url_schemes={"http", "https", "mailto", "cid", "tel"})
