"""Small deliveries that would become large work: bounded in CPU and memory, read or rejected. And no script gets through."""

from __future__ import annotations

import base64
import gzip
import re
import time
import tracemalloc
from datetime import UTC, datetime

import httpx
import pytest
from selectolax.lexbor import LexborHTMLParser

from connectors.mail import Mail
from connectors.webhook import Webhook
from connectors.x import X
from normalizer.errors import Rejected
from normalizer.events import RawEvent
from normalizer.mail.html import bounded, sanitize
from normalizer.wire import encode
from tests.unit.connectors.http_doors import serving

CPU_SECONDS = 10.0  # far above what they take: it tells bounded from unbounded on any machine
BYTES = 256 << 20


def nested(depth: int) -> bytes:
    """Multiparts in multiparts."""
    opened = b"".join(b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (n, n) for n in range(depth))
    return b"From: a@b.example\nSubject: x\n" + opened + b"Content-Type: text/plain\n\nhi\n"


def mails_in_mails(depth: int) -> bytes:
    """A forward of a forward of …"""
    return b"From: a@b.example\n" + b"Content-Type: message/rfc822\n\nFrom: a@b.example\n" * depth + b"\nhi\n"


TNEF = base64.encodebytes(b"\x78\x9f\x3e\x22\x01\x00" + b"\x02\x0f\x80\x06\x00\xff\xff\xff\x7f" * 20_000)
BOMBS = {
    "nested multiparts": nested(3000),
    "mails in mails": mails_in_mails(3000),
    "many parts": b"From: a@b.example\nContent-Type: multipart/mixed; boundary=b\n\n" + b"--b\n\nx\n" * 60_000 + b"--b--\n",
    "many headers": b"".join(b"X-%d: y\n" % number for number in range(60_000)) + b"\nhi",
    "one long header": b"From: a@b.example\nSubject: " + b"x" * 500_000 + b"\n\nhi",
    "many addresses": b"From: a@b.example\nTo: " + b"a@b.example, " * 40_000 + b"\n\nhi",
    "comments in comments": b"From: " + b"(" * 200_000 + b"a@b.example\n\nhi",
    "encoded words": b"Subject: " + b"=?utf-8?B?4pyT?= " * 30_000 + b"\n\nhi",
    "references": b"From: a@b.example\nReferences: " + b"<a@b> " * 80_000 + b"\n\nhi",
    "quotes in quotes": b"From: a@b.example\n\n" + b"> " * 200_000 + b"hi",
    "many lines": b"From: a@b.example\n\n" + b"On x, y wrote:\n" * 30_000,
    "html": b"From: a@b.example\nContent-Type: text/html\n\n" + b"<div><table><a href=x>" * 20_000,
    "entities": b"From: a@b.example\nContent-Type: text/html\n\n" + b"&amp;&#x1F600;&nosuch;" * 20_000,
    "tnef": b"From: a@b.example\nContent-Type: application/ms-tnef; name=winmail.dat\nContent-Transfer-Encoding: base64\n\n" + TNEF,
    "uuencode": b"From: a@b.example\n\n" + b"begin 644 x\nM" + b"M" * 400_000,
    "parameters": b"From: a@b.example\nContent-Type: text/plain; " + b"a*0*=x; " * 50_000 + b"\n\nhi",
    "delivery status": b"From: a@b.example\nContent-Type: message/delivery-status\n\n" + b"Final-Recipient: rfc822; a@b\n\n" * 15_000,
}  # fmt: skip


def raw(channel: str, body: bytes, content_type: str) -> RawEvent:
    """A delivery."""
    facts = {"account": "main", "source_id": "1", "received_at": datetime(2026, 1, 2, tzinfo=UTC)}
    return RawEvent(channel=channel, body=body, content_type=content_type, **facts)  # type: ignore[arg-type]  # as they are


@pytest.mark.slow
@pytest.mark.parametrize("name", BOMBS)
def test_a_mail_is_no_bomb(name: str) -> None:
    """Up to the size that a connector publishes, whatever is in it."""
    bomb = raw("mail", BOMBS[name][: 512 << 10], "message/rfc822")
    began = time.process_time()
    messages = Mail.read(bomb)
    assert time.process_time() - began < CPU_SECONDS
    assert [len(encode(each)) < 1_000_000 for each in messages] == [True] * len(messages)
    tracemalloc.start()
    try:
        Mail.read(bomb)
        assert tracemalloc.get_traced_memory()[1] < BYTES
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("body", [b"[" * 400_000, b'{"a":' * 100_000, b'{"a":1' + b',"a":1' * 60_000, b"1" * 400_000])
@pytest.mark.parametrize("eye", [Webhook, X])
def test_json_is_no_bomb(eye: type[Webhook] | type[X], body: bytes) -> None:
    """Deep, wide, or one number of many digits."""
    began = time.process_time()
    try:
        found = eye.read(raw(eye.channel, body, "application/json"))
    except Rejected:
        found = ()
    assert [len(encode(each)) < 1_000_000 for each in found] == [True] * len(found)
    assert time.process_time() - began < CPU_SECONDS


@pytest.mark.slow
@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "zstd", "gzip, identity"])
def test_a_packed_body_is_refused_unopened(encoding: str) -> None:
    """415 (RFC 9110, section 15.5.16): no vendor packs, and what is never unpacked cannot burst."""
    with serving() as client:
        answer = client.post(
            "/whole", content=gzip.compress(bytes(100_000_000)), headers={"Content-Encoding": encoding}
        )
        assert (answer.status_code, answer.json()["reason"]) == (415, "packed-body")
        plain: httpx.Response = client.post("/whole", content=b"x", headers={"Content-Encoding": "identity"})
        assert plain.json() == {"size": 1}


VECTORS = [
    "<script>alert(1)</script>",
    "<scr<script>ipt>alert(1)</scr</script>ipt>",
    "<img src=x onerror=alert(1)>",
    "<img/src='x'/onerror=alert(1)>",
    "<svg onload=alert(1)>",
    "<svg><script>alert(1)</script></svg>",
    "<svg><animate xlink:href=#x attributeName=href values=javascript:alert(1) /><a id=x><text>x</text></a>",
    "<math><mtext><table><mglyph><style><!--</style><img title='--&gt;&lt;img src=1 onerror=alert(1)&gt;'>",
    "<a href='javascript:alert(1)'>x</a>",
    "<a href='jAvAsCrIpT&#58;alert(1)'>x</a>",
    "<a href='java\tscript:alert(1)'>x</a>",
    "<a href='&#x6A;avascript:alert(1)'>x</a>",
    "<a href=' \x01javascript:alert(1)'>x</a>",
    "<a href='data:text/html;base64,PHNjcmlwdD4='>x</a>",
    "<a href='vbscript:msgbox(1)'>x</a>",
    "<iframe src=javascript:alert(1)></iframe>",
    "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
    "<object data=javascript:alert(1)></object><embed src=javascript:alert(1)>",
    "<form action=javascript:alert(1)><button>x</button></form>",
    "<button formaction=javascript:alert(1)>x</button>",
    "<input onfocus=alert(1) autofocus>",
    "<details open ontoggle=alert(1)>",
    "<video><source onerror=alert(1)></video>",
    "<body onload=alert(1)>",
    "<base href='https://evil.example/'>",
    "<meta http-equiv=refresh content='0;url=javascript:alert(1)'>",
    "<link rel=stylesheet href=javascript:alert(1)>",
    "<style>@import 'javascript:alert(1)';*{background:url(javascript:alert(1))}</style>",
    "<p style='background:url(javascript:alert(1));position:fixed'>x</p>",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
    "<template><img src=x onerror=alert(1)></template>",
    "<!--<img src='--><img src=x onerror=alert(1)//'>",
    "<![CDATA[<img src=x onerror=alert(1)>]]>",
    "<xmp><img src=x onerror=alert(1)></xmp>",
    "<textarea><img src=x onerror=alert(1)></textarea>",
    "<img src='data:image/svg+xml,<svg onload=alert(1)>'>",
    "<img src=javascript:alert(1)>",
    "<img src='cid:1' style='width:expression(alert(1))'>",
    "<table background=javascript:alert(1)><td>x",
    "<a href='https://x.example' target=_blank onclick=alert(1)>x</a>",
    "<a href='mailto:x@y.example?body=<script>'>x</a>",
    "<isindex action=javascript:alert(1) type=image>",
    "\x00<script\x00>alert(1)</script>",
    "<p id=x name=y class=z data-x=1>clobbered</p>",
]  # what OWASP's cheat sheet on XSS filter evasion, the tests of DOMPurify and mail clients' bug reports have


@pytest.mark.parametrize("vector", VECTORS)
def test_html_in_a_message_runs_nothing(vector: str) -> None:
    """What a message keeps of HTML has no script, style, frame, form or handler, whatever a parser makes of it again."""
    mail = raw("mail", b"From: a@b.example\nContent-Type: text/html\n\n<p>hi</p>" + vector.encode(), "message/rfc822")
    (message,) = Mail.read(mail)
    for shown in (message.html, sanitize(bounded(vector)), sanitize(sanitize(bounded(vector)))):
        tree = LexborHTMLParser(f"<div>{shown}</div>")
        tags = {node.tag for node in tree.css("body *")}
        forbidden = {"script", "style", "iframe", "object", "embed", "form", "input", "button", "svg", "math", "base", "meta",
                     "link", "video", "audio", "template", "noscript", "textarea", "body"}  # fmt: skip
        assert tags & forbidden == set()
        attributes = [(name, value or "") for node in tree.css("body *") for name, value in node.attributes.items()]
        assert [
            name for name, _ in attributes if name.startswith("on") or name in {"style", "id", "srcdoc", "action"}
        ] == []
        links = [re.sub(r"[\x00-\x20]", "", value).lower() for name, value in attributes if name in {"href", "src"}]
        assert [
            link for link in links if re.match(r"[a-z]+:", link) and not re.match("(https?|mailto|tel|cid):", link)
        ] == []
