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
        if depth != open_depth or content == "-- ":
            found.append("\n" + ">" * depth + (" " if depth and content.strip() else ""))
        found.append(content[:-1] if flows and delete_space else content)
        open_depth = depth if flows else -1
    return "".join(found)[1:]
