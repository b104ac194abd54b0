"""HTML to the text that a person sees, and to HTML that is safe to show."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from normalizer.mail.html import MAX_DEPTH, bounded, sanitize
from normalizer.mail.html_text import to_text


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("one  two\n three", "one two three"),
        ("<p>one</p><p>two</p>", "one\n\ntwo"),
        ("<div>one</div><div><br></div><div>two<br></div>three", "one\n\ntwo\nthree"),
        ("<p class=MsoNormal>one</p><p class=MsoNormal>two</p>", "one\ntwo"),
        ("<ul><li>a</li><li>b<ol><li>c</li><li>d</li></ol></li></ul>", "- a\n- b\n  1. c\n  2. d"),
        ("<table><tr><td>a</td><td>b</td></tr><tr><td>c</td><td>d</td></tr></table>", "a\tb\nc\td"),
        ('<a href="https://x.example/a">here</a>', "here <https://x.example/a>"),
        ('<a href="https://x.example/">x.example</a>', "x.example"),
        ('<a href="mailto:jo@x.example">jo@x.example</a>', "jo@x.example"),
        ('<a href="javascript:alert(1)">here</a>', "here"),
        ("<pre>a\n  b</pre>", "a\n  b"),
        ("a<hr>b", f"a\n{'_' * 32}\nb"),
        ("new<blockquote type=cite>old<br>older</blockquote>", "new\n\n> old\n> older"),
        ("<blockquote>indented</blockquote>", "indented"),
        ("<style>p{}</style><script>x()</script><title>t</title>seen", "seen"),
        ('<div style="display: none">preheader</div>seen', "seen"),
        ("a&nbsp;&amp;&eacute;", "a &é"),
        ("", ""),
        ("<", "<"),
        ("<frameset><frame>", ""),
    ],
)
def test_what_is_seen(html: str, expected: str) -> None:
    """Paragraphs, lists, tables, links, quotes; nothing that is hidden."""
    assert to_text(html) == expected


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("<script>x()</script><b onclick=x()>a</b>", "<b>a</b>"),
        ('<img src="cid:1">', '<img src="cid:1">'),
        ('<img src="https://x.example/a.png">', '<img src="https://x.example/a.png">'),
        ('<img src="http://x.example/a.png">', "<img>"),
        ('<img src="data:image/png;base64,AAAA">', "<img>"),
        ('<p style="position:fixed">a</p>', "<p>a</p>"),
        ("<form action=x><input></form>", ""),
    ],
)
def test_what_is_shown(html: str, expected: str) -> None:
    """No scripts, styles or forms; images of the mail itself or over https."""
    assert sanitize(html) == expected


@pytest.mark.parametrize("unit", ["<div>", "<ul><li>", "<x>", "<li><dd><td><p>", "<p><b>", "<blockquote class=quote>"])
def test_depth_costs_no_more_than_length(unit: str) -> None:
    """Parsers are quadratic in depth, so depth beyond any real mail is flattened."""
    html = unit * 40_000 + "seen"
    start = time.process_time()
    assert "seen" in to_text(html) + bounded(html) or len(html) > len(bounded(html))
    sanitize(bounded(html))
    assert time.process_time() - start < 10
    assert bounded("<div>" * MAX_DEPTH + "a") == "<div>" * MAX_DEPTH + "a"


@given(st.text(alphabet="<>/abdiv pul=\"'&;\n", max_size=300))
def test_any_text_is_html(html: str) -> None:
    """Never an exception, and no line break but line feeds."""
    assert "\r" not in to_text(html)
    sanitize(bounded(html))
