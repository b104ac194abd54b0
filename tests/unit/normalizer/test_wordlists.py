"""Words of lists are found in one pass, as whole words where the script has spaces."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from normalizer.wordlists import WordLists, split

LISTS = ("Urgent, right now, bug", "new, now, buy", "不在, urgent")


def test_the_first_of_the_list_is_found() -> None:
    """In the order of the list that asks, not in that of the text; in any case of letters."""
    text = WordLists(LISTS).read("Buy it NOW, it is URGENT")
    assert [text.first(words) for words in LISTS] == ["urgent", "now", "urgent"]


def test_parts_of_words_are_not_found() -> None:
    """But a later whole one is; Chinese has no spaces."""
    assert WordLists(LISTS).read("knowing newts").first(LISTS[1]) is None
    assert WordLists(LISTS).read("knowing now").first(LISTS[1]) == "now"
    assert WordLists(LISTS).read("我不在家").first(LISTS[2]) == "不在"


def test_no_words_stand_nowhere() -> None:
    """Lists may be empty, and lists that were not put together find nothing."""
    assert WordLists(()).read("now").first("") is None
    assert WordLists(LISTS[:1]).read("buy").first("buy") is None


@given(st.text("abn ow\u00e9\ud800不", max_size=30), st.lists(st.text("abnow é不", min_size=1), max_size=5))
def test_it_finds_what_a_search_for_each_word_finds(text: str, words: list[str]) -> None:
    """As if each word were looked for by itself, whatever the text."""
    listed = ",".join(words)
    found = WordLists([listed]).read(text).first(listed)
    assert found == next((word for word in split(listed) if _stands(word, text.casefold())), None)


def _stands(word: str, text: str) -> bool:
    before, after = (r"(?<!\w)" if word[0] < "\u0e00" else ""), (r"(?!\w)" if word[-1] < "\u0e00" else "")
    return re.search(before + re.escape(word) + after, text) is not None
