"""What people see of the web form in a browser, with and without JavaScript."""

from collections.abc import Iterator

import pytest

from connectors.webform import WebFormSettings
from tests.unit.connectors.webform_door import BROWSER, GOOD, Door, serving

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def door() -> Iterator[Door]:
    """A form that many tests share."""
    with serving() as found:
        yield found


def test_browser_sees_thanks(door: Door) -> None:
    """A form that was posted without JavaScript is answered with a page and the reference."""
    answer = door.post(data=GOOD, headers=BROWSER)
    assert answer.status_code == 202
    assert "Your message has arrived." in answer.text
    assert door.last().id in answer.text


def test_browser_is_sent_to_the_thanks_page() -> None:
    """With a page of its own a site says thanks itself."""
    with serving(WebFormSettings(thanks_url="https://www.example.org/thanks")) as door:
        answer = door.post(data=GOOD, headers=BROWSER)
        page = door.client.get("/webform/shop")
    assert (answer.status_code, answer.headers["location"]) == (303, "https://www.example.org/thanks")
    assert "form-action 'self' https://www.example.org;" in page.headers["content-security-policy"]


def test_browser_sees_why_not(door: Door) -> None:
    """A refusal is a page too, and what was typed cannot become part of it."""
    answer = door.post(data=GOOD | {"email": "<script>"}, headers=BROWSER)
    assert answer.status_code == 422
    assert "email is no mail address" in answer.text
    assert "Go back and try again" in answer.text


def test_page_is_a_form_that_works_alone(door: Door) -> None:
    """The page posts without JavaScript, has a label for every field, and a key for its second click."""
    first, second = (door.client.get("/webform/shop") for _ in range(2))
    assert '<form method="post" action="shop" enctype="multipart/form-data"' in first.text
    for name in ("name", "email", "subject", "message", "attachments"):
        assert f'<label for="{name}">' in first.text
        assert f'id="{name}" name="{name}"' in first.text
    assert 'type="email" autocomplete="email" required>' in first.text
    assert "$" not in first.text.partition("<script>")[0]
    assert first.text != second.text
    assert first.headers["cache-control"] == "no-store"


def test_page_can_be_framed_by_configured_sites_only() -> None:
    """The policy of the page names who may show it, and allows no foreign script."""
    with serving(WebFormSettings(origins=("https://www.example.org",), title="Ask <us>")) as door:
        page = door.client.get("/webform/shop")
        script = door.client.get("/webform/shop/embed.js")
    policy = page.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert policy.endswith("frame-ancestors 'self' https://www.example.org")
    assert "<h1>Ask &lt;us&gt;</h1>" in page.text
    assert script.headers["content-type"].startswith("text/javascript")
    assert "createElement" in script.text
