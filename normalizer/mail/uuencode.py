"""Files that old programs write into the text itself (POSIX uuencode)."""

from __future__ import annotations

import re

_BLOCK = re.compile(
    r"^begin [0-7]{3,4} ([^\n]{1,255})\n(?:[ -`]{2,90}\n)+(?:[`\x20]?\n)?end[ \t]*$",
    re.MULTILINE,
)


def without_files(text: str) -> str:
    """`text` with ``[file: name]`` in the place of each uuencoded file; `text` itself when there is none."""
    if "\nend" not in text or "begin " not in text:
        return text
    return _BLOCK.sub(lambda block: f"[file: {block[1].strip()}]", text)
