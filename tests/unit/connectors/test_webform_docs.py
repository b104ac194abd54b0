"""What the page on web forms shows works."""

import re
import tomllib
from pathlib import Path
from typing import Any

import msgspec

from connectors.webform import WebFormSettings
from tests.unit.connectors.webform_door import serving

PAGE = (Path(__file__).parents[3] / "docs" / "web-form.md").read_text()


def blocks(language: str) -> list[str]:
    """The code blocks of a language."""
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


def test_the_configuration_is_one() -> None:
    """The settings that are shown exist."""
    (block,) = blocks("toml")
    settings = tomllib.loads(block)["channels"]["webform"]["shop"]
    assert msgspec.convert(settings, WebFormSettings).title == "Write to the shop"


def test_a_form_of_ones_own_is_understood() -> None:
    """Every field of the form that is shown arrives under its meaning."""
    _, form = blocks("html")
    names = re.findall(r'name="([^"]+)"', form)
    assert names == ["email", "message", "order number", "attachments", "website", "submission_id"]
    fields = {"email": "ann@example.org", "message": "hi", "order number": "7", "submission_id": "0f8a-4c55"}
    with serving() as door:
        assert door.post(data=fields, files={"attachments": ("a.txt", b"a")}).status_code == 202
        message = door.last()
    assert message.fields == {"order number": "7"}
    assert [attachment.name for attachment in message.attachments] == ["a.txt"]


def test_the_signed_post_is_taken() -> None:
    """The function that is shown sends a message that a form with its secret takes."""
    (block,) = blocks("python")
    shown: dict[str, Any] = {}
    exec(block, shown)  # noqa: S102 - our own documentation
    secret = "a secret that is long enough"
    with serving(WebFormSettings(secrets=(secret,))) as door:
        url = str(door.client.base_url) + "/webform/shop"
        sent = shown["send"](url, secret, {"email": "ann@example.org", "message": "hi"}, "delivery-1")
        assert sent == door.last().id
