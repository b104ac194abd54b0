"""The chat's widget in a real Chromium, on a customer's page of another origin: reloads, lost networks, tabs, keyboards."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, BrowserContext, expect

from tests.e2e.webchat_shop import Shop, line, lines, say, visit
from tests.e2e.webchat_shop import context as context  # a fixture, made known here
from tests.e2e.webchat_shop import shop as shop  # likewise
from tests.servers.chromium import browser as browser  # likewise
from tests.unit.connectors.webchat_door import identity

pytestmark = pytest.mark.engine
expect.set_options(timeout=15_000)


def test_a_reload_keeps_the_conversation_and_sends_nothing_twice(shop: Shop, context: BrowserContext) -> None:
    """Question, answer, reload: all is there, read is told once, and Kafka has every message once."""
    page = visit(context, shop)
    say(page, "Do you have green cups?")
    expect(line(page, "green cups")).to_contain_text("Sent")
    shop.door.answer(shop.session(), "Yes: https://shop.example/green. javascript:alert(1)", name="Tom")
    expect(line(page, "Yes:")).to_contain_text("Tom")
    link = line(page, "Yes:").get_by_role("link")
    assert (link.get_attribute("href"), link.count()) == ("https://shop.example/green", 1)
    page.reload()
    page.get_by_role("button", name="Open chat").click()
    expect(line(page, "Yes:")).to_be_visible()
    say(page, "Two, please.")
    expect(line(page, "Two, please.")).to_contain_text("Sent")
    assert [text.partition(":")[0] for text in lines(page)] == ["Do you have green cups?", "Yes", "Two, please."]
    assert shop.texts() == ["Do you have green cups?", "Two, please."]
    kinds = [message.kind for message in shop.door.messages()]
    assert kinds.count("status") == 1
    assert {message.refs.provider for message in shop.door.messages()} == {shop.session()}
    assert shop.door.messages()[0].fields == {"page": f"{shop.url}/cups"}


def test_what_is_written_without_a_network_arrives_once(shop: Shop, context: BrowserContext) -> None:
    """It says so, keeps it over a reload of the tab, and sends it in order when the network is back."""
    page = visit(context, shop)
    say(page, "one")
    expect(line(page, "one")).to_contain_text("Sent")
    context.set_offline(True)
    expect(page.get_by_role("status")).to_contain_text("No connection")
    say(page, "two")
    say(page, "three")
    expect(line(page, "three")).to_contain_text("Waiting to be sent")
    page.close()
    context.set_offline(False)
    page = visit(context, shop, unfold=False)
    page.get_by_role("button", name="Open chat").click()
    expect(line(page, "three")).to_contain_text("Sent")
    assert shop.texts() == lines(page) == ["one", "two", "three"]


def test_a_server_restart_loses_nothing(shop: Shop, context: BrowserContext) -> None:
    """The edge is away while somebody writes; it comes back with an empty memory."""
    page = visit(context, shop)
    say(page, "before")
    expect(line(page, "before")).to_contain_text("Sent")
    shop.close()
    say(page, "meanwhile")
    expect(page.get_by_role("status")).to_contain_text(re.compile("No connection|Connecting"))
    expect(line(page, "meanwhile")).to_contain_text("Waiting")
    shop.open()
    expect(line(page, "meanwhile")).to_contain_text("Sent")
    shop.door.answer(shop.session(), "Here we are again.")
    expect(line(page, "Here we are again.")).to_be_visible()
    assert shop.texts() == ["before", "meanwhile"]
    assert lines(page) == ["before", "meanwhile", "Here we are again."]


def test_two_tabs_are_one_conversation(shop: Shop, context: BrowserContext) -> None:
    """Opened at once, without a session yet; both show all, in one order, and each message is sent by one of them."""
    first, second = visit(context, shop), visit(context, shop)
    for number in range(3):
        say(first, f"from one {number}")
        say(second, f"from two {number}")
    for page in (first, second):
        expect(page.get_by_role("log").get_by_role("article")).to_have_count(6)
        expect(page.get_by_role("log").get_by_text("Sent")).to_have_count(6)
    assert lines(first) == lines(second) == shop.texts()
    shop.door.answer(shop.session(), "One answer")
    for page in (first, second):
        expect(line(page, "One answer")).to_have_count(1)


def test_what_a_closed_tab_leaves_another_sends(shop: Shop, context: BrowserContext) -> None:
    """Each tab sends what was written in it, and what is left by one that was closed before it could."""
    first, second = visit(context, shop), visit(context, shop)
    say(second, "hello")
    expect(line(second, "hello")).to_contain_text("Sent")
    context.set_offline(True)
    expect(first.get_by_role("status")).to_contain_text("No connection")
    say(first, "left behind")
    expect(line(first, "left behind")).to_contain_text("Waiting to be sent")
    first.close()
    context.set_offline(False)
    expect(line(second, "left behind")).to_contain_text("Sent")
    assert shop.texts() == ["hello", "left behind"]


def test_the_form_before_the_chat(shop: Shop, context: BrowserContext) -> None:
    """What is required must be filled in; what was typed comes along as a claim."""
    shop.close()
    shop.open(ask=("name", "email"), required=("email",))
    page = visit(context, shop)
    expect(page.get_by_label("Your name (optional)")).to_be_focused()
    page.get_by_role("button", name="Start chat").click()
    expect(page.get_by_label("Your message")).to_be_hidden()
    page.get_by_label("Your email address").fill("ann@example.org")
    page.get_by_label("Your email address").press("Enter")
    expect(page.get_by_label("Your message")).to_be_focused()
    say(page, "hi")
    expect(line(page, "hi")).to_contain_text("Sent")
    (message,) = shop.door.messages()
    assert (message.fields["email"], message.degradations) == ("ann@example.org", ("unverified-sender",))


def test_hostile_text_is_shown_as_text(shop: Shop, context: BrowserContext) -> None:
    """From both sides; nothing of it becomes an element of the page."""
    hostile = '<img src=x onerror="document.title=1"><script>document.title=1</script>'
    page = visit(context, shop)
    say(page, hostile)
    expect(line(page, "<img")).to_contain_text("Sent")
    shop.door.answer(shop.session(), hostile, name="<b>Tom</b>")
    expect(page.get_by_role("log").get_by_role("article")).to_have_count(2)
    assert lines(page) == [hostile, hostile]
    assert page.locator("img, b, #switchboard-chat script").count() == 0
    assert page.title() == "Shop"


def test_by_keyboard_alone(shop: Shop, context: BrowserContext) -> None:
    """Open, write, send and close without a mouse; the focus is never lost, and every control has a name."""
    page = visit(context, shop, unfold=False)
    page.keyboard.press("Tab")  # the page's own link
    page.keyboard.press("Tab")
    launcher = page.get_by_role("button", name="Open chat")
    expect(launcher).to_be_focused()
    expect(launcher).to_have_attribute("aria-expanded", "false")
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog", name="Chat with us")).to_be_visible()
    expect(page.get_by_label("Your message")).to_be_focused()
    page.keyboard.type("first line")
    page.keyboard.press("Shift+Enter")
    page.keyboard.type("second line")
    page.keyboard.press("Enter")
    expect(line(page, "second line")).to_contain_text("Sent")
    log = page.get_by_role("log", name="Messages")
    expect(log).to_have_attribute("aria-live", "polite")
    nameless = page.locator("#switchboard-chat").evaluate(
        """host => [...host.shadowRoot.querySelectorAll("button, input, textarea")].filter(each =>
            each.checkVisibility() && !each.getAttribute("aria-label") && !each.labels?.length && !each.textContent.trim()).length"""
    )
    assert nameless == 0
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()
    expect(launcher).to_be_focused()
    shop.door.answer(shop.session(), "an answer")
    expect(page.get_by_role("button", name="Open chat, 1 new messages")).to_be_visible()


def test_right_to_left_and_reduced_motion(shop: Shop, browser: Browser) -> None:
    """The widget goes with the page's direction, and holds still for those who asked for it."""
    shop.lang = 'lang="ar" dir="rtl"'
    with browser.new_context(reduced_motion="reduce") as context:
        page = visit(context, shop)
        panel = page.get_by_role("dialog")
        box = panel.bounding_box()
        assert box is not None
        assert box["x"] < 100
        assert panel.evaluate("panel => getComputedStyle(panel).animationName") == "none"


def test_where_no_socket_gets_through_it_polls(shop: Shop, context: BrowserContext) -> None:
    """A proxy that knows no WebSocket: messages and answers come all the same."""
    context.route_web_socket("**/socket", lambda socket: socket.close())
    page = visit(context, shop)
    say(page, "hi")
    expect(line(page, "hi")).to_contain_text("Sent")
    shop.door.answer(shop.session(), "hello")
    expect(line(page, "hello")).to_be_visible()
    assert shop.texts() == ["hi"]


def test_a_file_is_sent(shop: Shop, context: BrowserContext) -> None:
    """Chosen, uploaded, named in the list, and sent with the next message."""
    page = visit(context, shop)
    expect(page.get_by_role("status")).to_be_empty()
    page.get_by_label("Attach a file").set_input_files({"name": "cup.png", "mimeType": "image/png", "buffer": b"png"})
    expect(page.get_by_role("button", name="Remove cup.png")).to_be_visible()
    page.get_by_role("button", name="Send").click()
    expect(line(page, "cup.png")).to_contain_text("Sent")
    (message,) = shop.door.messages()
    assert [(file.name, file.content_type, file.size) for file in message.attachments] == [("cup.png", "image/png", 3)]


def test_who_logs_in_later_sees_nothing_of_an_earlier_visitor(shop: Shop, context: BrowserContext) -> None:
    """Somebody chats, leaves, and closes the tab; Ann logs in, chats, and logs out: nobody sees another's lines."""
    page = visit(context, shop)
    say(page, "of a stranger")
    expect(line(page, "of a stranger")).to_contain_text("Sent")
    page.close()
    shop.tag(f'data-identity="{identity("42", email="ann@example.org", name="Ann")}"')
    page = visit(context, shop)
    say(page, "of Ann")
    expect(line(page, "of Ann")).to_contain_text("Sent")
    assert lines(page) == ["of Ann"]
    page.close()
    shop.tag()
    page = visit(context, shop)
    say(page, "of the next one")
    expect(line(page, "of the next one")).to_contain_text("Sent")
    assert lines(page) == ["of the next one"]
    assert len({message.refs.provider for message in shop.door.messages()}) == 3


def test_what_is_written_before_we_know_who_it_is_is_not_lost(shop: Shop, context: BrowserContext) -> None:
    """The edge is away, and this browser still holds another person's session: only that person's lines are forgotten."""
    shop.tag(f'data-identity="{identity("42")}"')
    page = visit(context, shop)
    say(page, "of Ann")
    expect(line(page, "of Ann")).to_contain_text("Sent")
    shop.tag()
    context.route("**/hello", lambda route: route.abort())
    context.route_web_socket("**/socket", lambda socket: socket.close())
    page = visit(context, shop)
    say(page, "of the next one")
    expect(line(page, "of the next one")).to_contain_text("Waiting")
    context.unroute("**/hello")
    expect(line(page, "of the next one")).to_contain_text("Sent")
    assert lines(page) == ["of the next one"]
    assert shop.texts() == ["of Ann", "of the next one"]


def test_logging_in_while_chatting_goes_on(shop: Shop, context: BrowserContext) -> None:
    """The page says who it is, in the same tab: one conversation."""
    page = visit(context, shop)
    say(page, "before")
    expect(line(page, "before")).to_contain_text("Sent")
    page.evaluate("token => SwitchboardChat.identify(() => token)", identity("42", email="ann@example.org"))
    say(page, "after")
    expect(line(page, "after")).to_contain_text("Sent")
    before, after = shop.door.messages()
    assert lines(page) == ["before", "after"]
    assert before.refs.provider == after.refs.provider
    assert (before.sender.scheme, after.sender.address) == ("chat", "ann@example.org")
