from __future__ import annotations

import pytest

from stagebuild.model.sizes import parse_size_bytes


@pytest.mark.parametrize(
    ("text", "size_bytes"),
    [
        ("0", 0),
        ("1024", 1024),
        ("32b", 32),
        ("64m", 64 << 20),
        ("64MB", 64 << 20),
        ("64MiB", 64 << 20),
        ("1.5g", 3 << 29),
        ("2 k", 2048),
        ("1T", 1 << 40),
    ],
)
def test_a_size_is_read_as_docker_does(text: str, size_bytes: int) -> None:
    assert parse_size_bytes(text) == size_bytes


@pytest.mark.parametrize("text", ["", "m", "-1m", "1x", "1 2", "1.m", "1mm", "0x10", "\u0661"])
def test_what_is_no_size_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a size such as 64m"):
        parse_size_bytes(text)
