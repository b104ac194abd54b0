"""``format=flowed`` text to plain paragraphs: RFC 3676 section 4."""

from __future__ import annotations


def unwrap(text: str, *, delete_space: bool = False) -> str:
    """Lines that end in a space go on in the next one of the same quote depth; ``-- `` never does."""
    found: list[str] = []
    open_depth = -1
    for line in text.split("\n"):
        depth = len(line) - len(line.lstrip(">"))
        content = line[depth:].removeprefix(" ")
        flows = content.endswith(" ") and content != "-- "
        kept = content[:-1] if flows and delete_space else content
        if depth == open_depth and content != "-- ":
            found[-1] += kept
        else:
            found.append(">" * depth + (" " if depth and kept else "") + kept)
        open_depth = depth if flows else -1
    return "\n".join(found)
