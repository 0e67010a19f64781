"""
Image references, as far as the graph needs them: are they valid, and are two the same.

Source: distribution/reference normalize.go and regexp.go.
"""

from __future__ import annotations

import re

from stagebuild.errors import DockerfileError

_DOMAIN_PART = "(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])"
_HOST = rf"(?:{_DOMAIN_PART}(?:\.{_DOMAIN_PART})*|\[[a-fA-F0-9:]+\])(?::[0-9]+)?"
_COMPONENT = "[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*"
_REFERENCE = re.compile(
    rf"(?P<host>{_HOST})/(?P<path>{_COMPONENT}(?:/{_COMPONENT})*)"
    r"(?::(?P<tag>[a-zA-Z0-9_][a-zA-Z0-9_.-]{0,127}))?"
    r"(?:@(?P<digest>[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}))?"
)
_IDENTIFIER = re.compile("[a-f0-9]{64}")
_HUB = "docker.io"
_OFFICIAL = "library/"
_LONGEST_NAME = 255


def normalize_reference(reference: str) -> str:
    """
    Return the complete form of an image reference: ``docker.io/library/alpine:latest``.

    A reference with a digest gets no tag.

    Raises:
        DockerfileError: Without a place: it is no valid reference.
    """
    host, rest = _host_and_rest(reference)
    found = _REFERENCE.fullmatch(f"{host}/{rest}")
    name = rest.partition(":")[0]
    if found is None or _IDENTIFIER.fullmatch(reference) or len(name) > _LONGEST_NAME:
        hint = "the name of an image is lower-case" if name != name.lower() else None
        raise DockerfileError(f'"{reference}" is not a valid image reference', hint=hint)
    if found["tag"] is None and found["digest"] is None:
        return f"{found.group()}:latest"
    return found.group()


def context_name(reference: str) -> str:
    """
    Return the name under which a build context stands in for this image.

    That is the short form without ``:latest``: ``alpine`` for ``docker.io/library/alpine:latest``.

    Raises:
        DockerfileError: Without a place: it is no valid reference.
    """
    complete = normalize_reference(reference)
    short = complete.removeprefix(f"{_HUB}/")
    official = short.removeprefix(_OFFICIAL)
    if short != complete and "/" not in official.partition("@")[0]:
        short = official
    return short.removesuffix(":latest")


def _host_and_rest(reference: str) -> tuple[str, str]:
    first, slash, rest = reference.partition("/")
    is_host = first == "localhost" or "." in first or ":" in first or first != first.lower()
    if not slash or not is_host:
        first, rest = _HUB, reference
    elif first == "index.docker.io":
        first = _HUB
    if first == _HUB and "/" not in rest:
        rest = _OFFICIAL + rest
    return first, rest
