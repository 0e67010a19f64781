"""The lock's text, read and written."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stagebuild.errors import ConfigError
from stagebuild.locks import Lock, LockedImage, changes_between, lock_text, read_lock
from stagebuild.model import Digest

A, B = (Digest(f"sha256:{letter * 64}") for letter in "ab")

DIGESTS = st.binary(min_size=32, max_size=32).map(lambda data: Digest(f"sha256:{data.hex()}"))
TAGS = st.text("abcXYZ019_.-", min_size=1, max_size=12)
NAMES = TAGS.map(lambda tag: f"registry.example:5000/shop/{tag.lower()}:{tag}")
PLATFORM = st.sampled_from(["linux/amd64", "linux/arm64", "linux/arm/v7", "windows/amd64"])
PLATFORMS = st.dictionaries(PLATFORM, DIGESTS, max_size=3)
IMAGES = st.builds(
    LockedImage,
    name=NAMES,
    digest=DIGESTS,
    platforms=PLATFORMS,
    resolved=st.just("2026-11-24T11:06:39Z"),
)


def image(name: str = "docker.io/library/alpine:3.20", digest: Digest = A) -> LockedImage:
    return LockedImage(name=name, digest=digest, resolved="2026-11-24T11:06:39Z")


@settings(max_examples=50, deadline=None)
@given(st.lists(IMAGES, max_size=6))
def test_what_is_written_is_read_back(images: list[LockedImage]) -> None:
    lock = Lock(images={each.name: each for each in images})
    assert read_lock(lock_text(lock)) == lock


def test_the_text_does_not_depend_on_the_order_of_discovery() -> None:
    one, two = image("docker.io/a:1"), image("docker.io/b:1")
    there = Lock(images={one.name: one, two.name: two})
    back = Lock(images={two.name: two, one.name: one})
    assert lock_text(there) == lock_text(back)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("<<<<<<< HEAD\nversion = 1\n", "take one side of the merge"),
        ("", "it has no version"),
        ("version = true\n", "it has no version"),
        ("version = 2\n", "a newer stagebuild wrote it"),
        ("version = 1\nimages = 3\n", "expected a table"),
        ('version = 1\n[images."a:1"]\n', 'images."a:1".digest: "None" is not a digest'),
        ('version = 1\n[images."a:1"]\ndigest = "sha256:12"\n', "is not a digest"),
        (
            f'version = 1\n[images."a:1"]\ndigest = "{A}"\nplatforms = "x"\n',
            'images."a:1".platforms: expected a table',
        ),
    ],
)
def test_a_text_that_is_no_lock_is_refused_with_its_place(text: str, words: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read_lock(text, path="shop/stagebuild.lock")
    assert str(caught.value).startswith("shop/stagebuild.lock: ")
    assert words in str(caught.value)
    assert "hint: " in str(caught.value)


def test_a_change_is_an_image_with_another_digest_or_on_one_side_only() -> None:
    before = Lock(images={"a": image("a"), "b": image("b"), "c": image("c")})
    after = Lock(images={"a": image("a"), "b": image("b", B), "d": image("d")})
    kinds = [(change.name, change.kind) for change in changes_between(before, after)]
    assert kinds == [("b", "moved"), ("c", "removed"), ("d", "added")]
