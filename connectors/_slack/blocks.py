"""The words in blocks and attachments: all of them, since a message may have its words nowhere else.

Source: https://docs.slack.dev/reference/block-kit/blocks and https://docs.slack.dev/legacy/legacy-messaging/legacy-secondary-message-attachments.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from connectors._slack.mrkdwn import link, plain
from connectors._slack.value import Json, first, items, mapping, text

_DEEPEST = 12  # levels of elements within elements; Slack itself has five
_LISTS = {"rich_text_list", "rich_text_quote", "rich_text_preformatted", "rich_text_section"}

Names = Mapping[str, str]


def words(blocks: Any, names: Names) -> str:
    """The text of all blocks, one below the other."""
    return "\n".join(found for block in items(blocks) if (found := _block(block, names).strip("\n")).strip())


def attached(attachments: Any, names: Names) -> str:
    """The text of the attachments that somebody wrote; previews of links are left out."""
    found = (_attachment(each, names) for each in items(attachments) if not _preview(each))
    return "\n".join(each for each in found if each)


def is_only_rich(blocks: Any) -> bool:
    """Whether the blocks are what a person typed, which the message's text says as well."""
    return all(block.get("type") == "rich_text" for block in items(blocks))


def _block(block: Json, names: Names) -> str:
    if block.get("type") == "rich_text":
        return _rich(block, names, 0)
    parts = [*_texts(block, names)]
    if block.get("type") in ("image", "video"):
        parts = parts or [first((block.get("title"), block.get("alt_text"), block.get("image_url")))]
    return "\n".join(part for part in parts if part)


def _texts(block: Json, names: Names) -> Iterator[str]:
    """The texts of a block that is no rich text, in the order in which they are shown."""
    for name in ("title", "label", "text", "description"):
        yield _text(block.get(name), names)
    for field in items(block.get("fields")):
        yield _text(field, names)
    for element in [*items(block.get("elements")), mapping(block.get("accessory")), mapping(block.get("element"))]:
        yield _element(element, names)
    rows = block.get("rows")
    for row in rows if isinstance(rows, list) else ():
        yield " | ".join(_rich(cell, names, 0) if cell.get("elements") else _text(cell, names) for cell in items(row))
    yield _text(block.get("hint"), names)


def _element(element: Json, names: Names) -> str:
    """A button, a menu, a text or an image within a block."""
    if "alt_text" in element:
        return text(element["alt_text"])
    if element.get("type") in ("mrkdwn", "plain_text"):
        return _text(element, names)
    return _text(element.get("text"), names) or _text(element.get("placeholder"), names)


def _text(found: Any, names: Names) -> str:
    """A text object (``mrkdwn``, ``plain_text`` or ``raw_text``) or a bare text."""
    if isinstance(found, str):
        return plain(found, names)
    content = text(mapping(found).get("text"))
    return plain(content, names) if mapping(found).get("type") != "plain_text" else content


def _rich(element: Json, names: Names, depth: int) -> str:
    """Rich text, whose containers hold containers or words."""
    if depth > _DEEPEST:
        return ""
    inner = items(element.get("elements"))
    if element.get("type") == "rich_text_list":
        indent = "  " * min(element["indent"], 8) if isinstance(element.get("indent"), int) else ""
        return "\n".join(f"{indent}- {_rich(each, names, depth + 1)}" for each in inner)
    if element.get("type") == "rich_text":
        return "\n".join(_rich(each, names, depth + 1).strip("\n") for each in inner)
    joined = "".join(
        _rich(each, names, depth + 1) if text(each.get("type")) in _LISTS else _word(each, names) for each in inner
    )
    return (
        "\n".join(f"> {line}" for line in joined.splitlines()) if element.get("type") == "rich_text_quote" else joined
    )


def _word(element: Json, names: Names) -> str:
    """The smallest part of rich text."""
    match element.get("type"):
        case "text":
            return text(element.get("text"))
        case "user":
            user = text(element.get("user_id"))
            return "@" + (names.get(user) or user)
        case "channel":
            return "#" + text(element.get("channel_id"))
        case "usergroup":
            return "@" + text(element.get("usergroup_id"))
        case "team":
            return "@" + text(element.get("team_id"))
        case "broadcast":
            return "@" + text(element.get("range"))
        case "emoji":
            return f":{text(element.get('name'))}:"
        case "link":
            return link(text(element.get("url")), text(element.get("text")))
        case _:
            return first((element.get("text"), element.get("fallback"), element.get("value")))


def _attachment(found: Json, names: Names) -> str:
    parts = [_text(found.get(name), names) for name in ("pretext", "title", "text")]
    for field in items(found.get("fields")):
        pair = (_text(field.get(name), names) for name in ("title", "value"))
        parts.append(": ".join(part for part in pair if part))
    parts.append(words(found.get("blocks"), names))
    parts += [words(mapping(each.get("message")).get("blocks"), names) for each in items(found.get("message_blocks"))]
    said = [part for part in parts if part]
    return "\n".join(dict.fromkeys(said)) if said else _text(found.get("fallback"), names)


def _preview(found: Json) -> bool:
    """What Slack shows of a link, or of a message that is only linked; a message that is shared is no preview."""
    return bool(found.get("from_url") or found.get("original_url")) and not found.get("is_share")
