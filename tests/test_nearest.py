"""The name that was probably meant is the one that difflib would say, though seldom asked."""

from __future__ import annotations

from difflib import get_close_matches

from hypothesis import given
from hypothesis import strategies as st

from stagebuild.errors import nearest

words = st.text(alphabet="abcde-", max_size=8)


@given(name=words, available=st.lists(words, max_size=4, unique=True))
def test_the_nearest_name_is_difflibs(name: str, available: list[str]) -> None:
    expected = get_close_matches(name, available, n=1, cutoff=0.66)
    assert nearest(name, available) == (expected[0] if expected else None)
