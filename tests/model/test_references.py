from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stagebuild.model.references import Reference

DIGEST = "sha256:" + "f" * 64


@pytest.mark.parametrize(
    ("text", "domain", "path", "tag", "digest"),
    [
        ("debian", "docker.io", "library/debian", None, None),
        ("debian:bookworm-slim", "docker.io", "library/debian", "bookworm-slim", None),
        ("team/shop", "docker.io", "team/shop", None, None),
        ("docker.io/debian", "docker.io", "library/debian", None, None),
        ("index.docker.io/team/shop:1", "docker.io", "team/shop", "1", None),
        ("test.com:5000", "docker.io", "library/test.com", "5000", None),
        ("test:5000/repo", "test:5000", "repo", None, None),
        ("test:5000/repo:tag", "test:5000", "repo", "tag", None),
        (f"test:5000/repo:tag@{DIGEST}", "test:5000", "repo", "tag", DIGEST),
        (f"localhost/x@{DIGEST}", "localhost", "x", None, DIGEST),
        ("Uppercase/lowercase:tag", "Uppercase", "lowercase", "tag", None),
        ("[2001:db8::1]:5000/repo", "[2001:db8::1]:5000", "repo", None, None),
        ("a/b__c--d.e/f", "docker.io", "a/b__c--d.e/f", None, None),
        ("lowercase:Uppercase", "docker.io", "library/lowercase", "Uppercase", None),
        ("xn--n3h.com/myimage:xn--n3h.com", "xn--n3h.com", "myimage", "xn--n3h.com", None),
    ],
)
def test_a_reference_is_read_into_domain_path_tag_and_digest(
    text: str, domain: str, path: str, tag: str | None, digest: str | None
) -> None:
    reference = Reference.parse(text)
    assert (reference.domain, reference.path) == (domain, path)
    assert (reference.tag, reference.digest) == (tag, digest)


@pytest.mark.parametrize(
    "text",
    [
        "",
        ":justtag",
        "@" + DIGEST,
        "repo@sha256:" + "f" * 34,
        "repo@md5:" + "f" * 64,
        "Uppercase:tag",
        "test:5000/Uppercase/lowercase:tag",
        "a/b/C",
        "-test/repo.com",
        "repo:",
        "repo:-tag",
        "repo:" + "a" * 129,
        "a//b",
        "a/",
        "/a",
        "a..b",
        "a___b",
        "a b",
        "aa/asdf$$^/aa",
        "foo_bar.com:8080/x",
        "[fe80::1%eth0]:80/x",
        "f" * 64,
        "repo:tag\n",
        "ä",
        "x" * 300,
    ],
)
def test_what_is_no_reference_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"image reference|image ID|at most 255"):
        Reference.parse(text)


def test_the_message_names_the_part_that_is_wrong() -> None:
    with pytest.raises(ValueError, match=re.escape('the repository "Shop" must be in lower case')):
        Reference.parse("Shop:1")
    with pytest.raises(ValueError, match=re.escape('the tag "a+b" may have letters')):
        Reference.parse("shop:a+b")


@pytest.mark.parametrize(
    ("text", "familiar"),
    [
        ("docker.io/library/debian:12", "debian:12"),
        ("debian", "debian"),
        ("docker.io/team/shop", "team/shop"),
        ("docker.io/library/a/b", "library/a/b"),
        ("localhost:5000/shop:1", "localhost:5000/shop:1"),
    ],
)
def test_the_familiar_form_is_what_people_write(text: str, familiar: str) -> None:
    assert Reference.parse(text).familiar == familiar


def test_a_reference_without_tag_and_digest_is_tagged_latest() -> None:
    assert str(Reference.parse("debian").tagged()) == "docker.io/library/debian:latest"
    assert Reference.parse("debian:1").tagged() == Reference.parse("debian:1")


_component = st.from_regex(r"[a-z0-9]{1,4}((\.|_|__|-{1,3})[a-z0-9]{1,4}){0,2}", fullmatch=True)
_domain = st.from_regex(r"([a-z]{1,4}\.){1,2}[a-z]{1,3}(:[0-9]{1,5})?", fullmatch=True)
_tag = st.from_regex(r"[a-zA-Z0-9_][a-zA-Z0-9_.-]{0,20}", fullmatch=True)


@given(_domain, st.lists(_component, min_size=1, max_size=4), st.none() | _tag)
def test_what_is_made_of_valid_parts_is_read_and_written_unchanged(
    domain: str, path: list[str], tag: str | None
) -> None:
    text = f"{domain}/{'/'.join(path)}" + ("" if tag is None else f":{tag}")
    reference = Reference.parse(text)
    assert (str(reference), reference.tag) == (text, tag)
    assert Reference.parse(reference.familiar) == reference


@given(st.text(alphabet="aB0./:@_- [", max_size=20))
def test_any_text_is_read_or_refused_with_a_value_error(text: str) -> None:
    try:
        reference = Reference.parse(text)
    except ValueError:
        return
    assert Reference.parse(str(reference)) == reference
