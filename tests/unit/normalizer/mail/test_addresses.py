"""Address headers as they are written, and as they should be."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from normalizer.mail import addresses


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("jo@x.example", [("", "jo@x.example")]),
        ("Jo Doe <Jo@X.example>", [("Jo Doe", "jo@x.example")]),
        ('"Doe, Jo" <jo@x.example>, ann@x.example', [("Doe, Jo", "jo@x.example"), ("", "ann@x.example")]),
        ("Doe, Jo <jo@x.example>", [("Doe, Jo", "jo@x.example")]),
        ('"Jo \\"J\\" Doe" <jo@x.example>', [('Jo "J" Doe', "jo@x.example")]),
        ("jo@x.example (Jo Doe)", [("Jo Doe", "jo@x.example")]),
        ("Jo <jo(his)@x.example> (work)", [("Jo (his work)", "jo@x.example")]),
        ("Team: jo@x.example, Ann <ann@x.example>;", [("", "jo@x.example"), ("Ann", "ann@x.example")]),
        ("undisclosed-recipients:;", []),
        ("<@relay.example:jo@x.example>", [("", "jo@x.example")]),
        ("Jo Doe jo@x.example", [("Jo Doe", "jo@x.example")]),
        ("Jo Doe <jo@x.example", [("Jo Doe", "jo@x.example")]),
        ("<jo@x.example> <jo@x.example>", [("jo@x.example", "jo@x.example")]),
        ("jo@x.example; ann@x.example", [("", "jo@x.example"), ("", "ann@x.example")]),
        ("mailto:jo@x.example", [("", "jo@x.example")]),
        ('"jo doe"@x.example', [("", '"jo doe"@x.example')]),
        ('"jo@x.example" <jo@x.example>', [("jo@x.example", "jo@x.example")]),
        ("root", [("", "root")]),
        ("Jo without address", []),
        ("", []),
        ("<>", []),
    ],
)
def test_lists(header: str, expected: list[tuple[str, str]]) -> None:
    """Names, groups, comments, routes, and forgotten commas, quotes and brackets."""
    assert [(each.name, each.address) for each in addresses.parse(header)] == expected


def test_the_list_is_bounded() -> None:
    """A header of a hundred thousand people gives the first of them."""
    assert len(addresses.parse("a@b.example," * 100_000)) == addresses.MAX_ADDRESSES


@given(st.text(alphabet='a@.,;:<>()"\\ é=?', max_size=200))
def test_any_text_is_a_list(text: str) -> None:
    """Never an exception; every address found is not empty."""
    assert all(each.address for each in addresses.parse(text))
