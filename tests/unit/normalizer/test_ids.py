"""Ids are UUIDs of version 5: any program can make them again."""

from __future__ import annotations

from uuid import UUID, uuid5

from hypothesis import given
from hypothesis import strategies as st

from normalizer.ids import event_id

NAMESPACE = UUID("6b1f2d0c-6a0e-5d0a-9c53-7f0f3f6d1b11")


@given(st.lists(st.text(), max_size=4))
def test_an_id_is_the_uuid_of_its_parts(parts: list[str]) -> None:
    """RFC 9562, 5.5, over the length-prefixed parts in our namespace."""
    told = "".join(f"{len(part)}:{part}" for part in parts)
    assert str(uuid5(NAMESPACE, told)) == event_id(*parts)
