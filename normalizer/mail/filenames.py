"""Names of attachments that are safe to write to a disk or to show."""

from __future__ import annotations

import re
import unicodedata

MAX_NAME = 200  # characters

_UNSAFE = re.compile(r'[\x00-\x1f\x7f<>:"|?*]+')


def safe_name(name: str) -> str:
    """`name` without folders, controls, invisible marks and leading dots; "" when nothing is left.

    Marks that turn the direction of text (``gpj.exe``) go too. A long name keeps its extension.
    """
    if not name:
        return ""
    bare = name.replace("\\", "/").rstrip("/").rpartition("/")[2]
    bare = "".join(char for char in bare if unicodedata.category(char) not in ("Cc", "Cf", "Cs", "Co"))
    bare = _UNSAFE.sub("_", bare).strip(" .")
    if len(bare) <= MAX_NAME:
        return bare
    stem, dot, extension = bare.rpartition(".")
    if not dot or len(extension) > 20:
        return bare[:MAX_NAME]
    return stem[: MAX_NAME - len(extension) - 1] + dot + extension
