"""The words of a message for PostgreSQL: what is usual is made by a shorter way, with the same result."""

from hypothesis import given
from hypothesis import strategies as st

from sinks._lexemes import _places, _plain_places

TEXTS = st.text(st.characters(max_codepoint=127), max_size=300) | st.text("aB1 .-", max_size=600)


@given(TEXTS, TEXTS, TEXTS)
def test_both_ways_find_the_same_words_at_the_same_places(subject: str, sender: str, text: str) -> None:
    """Short texts in ASCII, which most are, take the shorter way."""
    fields = (("A", subject), ("B", sender), ("", text))
    assert list(_places(fields).items()) == list(_plain_places(fields).items())


def test_a_long_word_is_cut_by_both() -> None:
    """PostgreSQL takes no longer ones."""
    fields = (("A", "x" * 300), ("", "x" * 100))
    expected = {"x" * 100: "1A,7"}
    assert (expected, expected) == (_places(fields), _plain_places(fields))
