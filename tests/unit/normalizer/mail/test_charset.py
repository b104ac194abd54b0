"""Bytes to text: charsets that are missing, unknown, wrong or wider than their name."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from normalizer.mail.charset import codec, to_text

RUSSIAN = "Здравствуйте, я хотел бы узнать, когда будет доставлен мой заказ. Спасибо большое за ответ!"
JAPANESE = "お世話になっております。注文した商品がまだ届いていません。ご確認をお願いいたします。"


@pytest.mark.parametrize(
    ("data", "charset", "expected"),
    [
        ("朱镕基".encode("gb18030"), "gb2312", ("朱镕基", "")),
        (b"\x93quoted\x94", "iso-8859-1", ("“quoted”", "")),
        ("Việt".encode("cp1258", "replace"), "windows-1258", ("Vi?t", "")),
        (b"+BBQEMA-", "unicode-1-1-utf-7", ("Да", "")),
        ("é".encode(), "unicode-1-1-utf-8", ("é", "")),
        ("é".encode(), "utf8", ("é", "")),
        ("한국".encode("cp949"), "ks_c_5601-1987", ("한국", "")),
        ("①".encode("cp932"), "shift_jis", ("①", "")),
        (b"\x1b$B-!\x1b(B", "iso-2022-jp", ("①", "")),
        ("é".encode(), "x-unknown", ("é", "charset-wrong")),
        ("é".encode(), "", ("é", "charset-guessed")),
        ("é".encode(), "iso-8859-1", ("é", "charset-wrong")),
        (b"plain", "x-unknown", ("plain", "")),
        (b"\xef\xbb\xbfmark", "utf-8", ("mark", "")),
        (RUSSIAN.encode("koi8-r"), "koi8-r", (RUSSIAN, "")),
        (RUSSIAN.encode("cp1251"), "", (RUSSIAN, "charset-guessed")),
        (JAPANESE.encode("cp932"), "", (JAPANESE, "charset-guessed")),
    ],
)
def test_what_bytes_say(data: bytes, charset: str, expected: tuple[str, str]) -> None:
    """The text that was meant, and whether it had to be guessed."""
    assert to_text(data, charset) == expected


@pytest.mark.parametrize("name", ["rot13", "base64", "unicode_escape", "idna", "undefined", "no-such", "a\0b", ""])
def test_names_that_are_no_charset(name: str) -> None:
    """Python codecs that are no charsets of mail are refused."""
    assert codec(name) == ""


@given(st.binary(max_size=300), st.sampled_from(["", "utf-8", "utf-7", "utf-16", "iso-2022-jp", "gb2312", "hz", "x"]))
def test_any_bytes_are_text(data: bytes, charset: str) -> None:
    """Whatever the bytes, there is a text, and UTF-8 can say it."""
    text, _ = to_text(data, charset)
    text.encode("utf-8")
