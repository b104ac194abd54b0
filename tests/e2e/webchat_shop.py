"""A customer's page with the chat on it, the edge behind it, and what somebody in front of it sees and does."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page

from connectors._http import HttpServer
from tests.unit.connectors.webchat_door import Door, settings


class Shop:
    """The customer's own pages, under a strict Content-Security-Policy, and the edge, which can be stopped and started."""

    def __init__(self, stack: ExitStack) -> None:
        self._site = ThreadingHTTPServer(("127.0.0.1", 0), self._pages())
        threading.Thread(target=self._site.serve_forever, daemon=True).start()
        stack.callback(self._site.server_close)
        stack.callback(self._site.shutdown)
        self.url = f"http://127.0.0.1:{self._site.server_port}"
        self.script = ""
        self.lang = 'lang="en"'
        self.door = Door(settings())
        self._edge: ExitStack | None = None
        self._port = 0

    def open(self, **more: Any) -> None:
        """Start the edge with these settings, on the port that it had before."""
        kafka = self.door.kafka
        self.door = Door(settings(origins=(self.url,), **more))
        self.door.kafka = kafka
        self._edge = ExitStack()
        server = HttpServer(self.door.chat.routes(self.door.kafka.accept), port=self._port)
        self._edge.enter_context(server.in_thread())
        self._port = server.port
        self.door.url = f"http://127.0.0.1:{server.port}/webchat/shop"
        self.tag()

    def close(self) -> None:
        """Stop the edge."""
        if self._edge is not None:
            self._edge.close()
            self._edge = None

    def tag(self, attributes: str = "") -> None:
        """What the page holds of the chat: one tag."""
        self.script = f'<script src="{self.door.url}/widget.js" async {attributes}></script>'

    def texts(self) -> list[str]:
        """What was said, in the order in which Kafka has it; every record counts."""
        return [message.text for message in self.door.messages() if message.kind == "message"]

    def session(self) -> str:
        """The session of the last record."""
        return self.door.kafka.events[-1].key or ""

    def _pages(self) -> type[BaseHTTPRequestHandler]:
        shop = self

        class Pages(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                edge = shop.door.url.partition("/webchat")[0]
                policy = f"default-src 'none'; script-src {edge}; connect-src {edge} {edge.replace('http', 'ws')}"
                self.send_response(200)
                self.send_header("Content-Type", "text/html; charset=utf-8")
                self.send_header("Content-Security-Policy", policy)
                self.end_headers()
                page = f"<!doctype html><html {shop.lang}><title>Shop</title><h1>Cups</h1><a href='/'>Home</a>{shop.script}"
                self.wfile.write(page.encode())

            def log_message(self, *_: Any) -> None:
                pass

        return Pages


@pytest.fixture
def shop() -> Iterator[Shop]:
    """A shop whose edge is open."""
    with ExitStack() as stack:
        made = Shop(stack)
        stack.callback(made.close)
        made.open()
        yield made


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """A new browser profile."""
    with browser.new_context() as context:
        context.set_default_timeout(15_000)
        yield context


def visit(context: BrowserContext, shop: Shop, *, unfold: bool = True) -> Page:
    """A tab on the shop's page; nothing that it does may be against the page's policy."""
    page = context.new_page()
    page.on("console", lambda said: pytest.fail(said.text) if "Content Security Policy" in said.text else None)
    page.goto(f"{shop.url}/cups?token=secret")
    if unfold:
        page.get_by_role("button", name="Open chat").click()
    return page


def say(page: Page, text: str) -> None:
    """Write, and press Enter."""
    page.get_by_label("Your message").fill(text)
    page.get_by_label("Your message").press("Enter")


def line(page: Page, text: str) -> Locator:
    """The line of the conversation with this text."""
    return page.get_by_role("log").get_by_role("article").filter(has_text=text)


def lines(page: Page) -> list[str]:
    """All texts that are shown."""
    return page.get_by_role("log").locator("article > p[dir]").all_inner_texts()
