"""
Image references, ``registry.example:5000/shop:1.2@sha256:…``: read and normalised as by docker.

Source: distribution/reference, regexp.go (the grammar) and normalize.go (familiar names).
"""

from __future__ import annotations

import re
from typing import Self

from stagebuild.model.values import Digest
from stagebuild.values import frozen, replaced

DEFAULT_DOMAIN = "docker.io"
DEFAULT_TAG = "latest"
MAX_NAME_LENGTH = 255

_LEGACY_DOMAIN = "index.docker.io"
_OFFICIAL = "library/"
# Patterns are text: compiling them here would cost a millisecond of every start.
_LABEL = r"[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?"
_DOMAIN = rf"(?:{_LABEL}(?:\.{_LABEL})*|\[[a-fA-F0-9:]+\])(?::[0-9]+)?"
_COMPONENT = r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*"
_PATH = rf"{_COMPONENT}(?:/{_COMPONENT})*"
_TAG = r"[a-zA-Z0-9_][a-zA-Z0-9_.-]{0,127}"
_IMAGE_ID = r"[a-f0-9]{64}"
_DIGEST_LENGTHS = {"sha256": 64, "sha384": 96, "sha512": 128}


@frozen
class Reference:
    """
    A repository in a registry, and perhaps one image in it.

    Attributes:
        domain: Registry's host and port; ``docker.io`` where none was written.
        path: Repository within the registry, ``library/`` included for Docker's official images.
        tag: The tag, or None when none was written.
        digest: The digest, or None when none was written.
    """

    domain: str
    path: str
    tag: str | None = None
    digest: Digest | None = None

    @classmethod
    def parse(cls, text: str) -> Self:
        """
        Return the reference that ``text`` is, familiar (``python:3.11``) or complete.

        Raises:
            ValueError: It is none; the message says which part is wrong.
        """
        name, tag, digest = _split(text)
        if re.fullmatch(_IMAGE_ID, text):
            raise ValueError(f'"{text}" is an image ID, not an image reference')
        domain, path = _split_domain(name)
        if not re.fullmatch(_DOMAIN, domain):
            raise ValueError(f'"{text}" is not an image reference: "{domain}" is no registry host')
        if not re.fullmatch(_PATH, path):
            raise ValueError(f'"{text}" is not an image reference: {_path_problem(path)}')
        if len(path) > MAX_NAME_LENGTH:
            raise ValueError(f"a repository has at most {MAX_NAME_LENGTH} characters: {text[:40]}…")
        if tag is not None and not re.fullmatch(_TAG, tag):
            raise ValueError(
                f'"{text}" is not an image reference: the tag "{tag}" may have letters, digits and'
                " _ . - only, 128 at most, and begins with a letter, a digit or _"
            )
        return cls(domain=domain, path=path, tag=tag, digest=digest)

    @property
    def name(self) -> str:
        """Domain and path, without tag and digest: ``docker.io/library/python``."""
        return f"{self.domain}/{self.path}"

    @property
    def familiar_name(self) -> str:
        """The name as people write it: ``python`` for ``docker.io/library/python``."""
        if self.domain != DEFAULT_DOMAIN:
            return self.name
        rest = self.path.removeprefix(_OFFICIAL)
        return self.path if "/" in rest else rest

    @property
    def familiar(self) -> str:
        """The whole reference as people write it."""
        return self.familiar_name + self._suffix

    @property
    def _suffix(self) -> str:
        tag = "" if self.tag is None else f":{self.tag}"
        return tag if self.digest is None else f"{tag}@{self.digest}"

    def __str__(self) -> str:
        return self.name + self._suffix

    def tagged(self) -> Self:
        """Return this with the tag ``latest`` if it has neither tag nor digest."""
        if self.tag is None and self.digest is None:
            return replaced(self, tag=DEFAULT_TAG)
        return self


def _split(text: str) -> tuple[str, str | None, Digest | None]:
    """Return name, tag and digest of ``text``; the digest is checked, the others are not."""
    rest, at, digest_text = text.partition("@")
    slash = rest.rfind("/")
    colon = rest.find(":", slash + 1)
    name, tag = (rest, None) if colon < 0 else (rest[:colon], rest[colon + 1 :])
    if not name:
        raise ValueError(f'"{text}" is not an image reference: it has no name')
    return name, tag, _digest(digest_text, text) if at else None


def _digest(digest_text: str, text: str) -> Digest:
    algorithm, _, encoded = digest_text.partition(":")
    length = _DIGEST_LENGTHS.get(algorithm)
    if length is None or not re.fullmatch(f"[a-f0-9]{{{length}}}", encoded):
        raise ValueError(
            f'"{text}" is not an image reference: "{digest_text}" is no digest such as sha256:…'
        )
    return Digest(digest_text)


def _split_domain(name: str) -> tuple[str, str]:
    """Return domain and path; a first part without ``.``, ``:`` or capitals is no domain."""
    first, slash, rest = name.partition("/")
    if not slash:
        return DEFAULT_DOMAIN, _OFFICIAL + name
    if first == _LEGACY_DOMAIN:
        first = DEFAULT_DOMAIN
    elif not (first == "localhost" or "." in first or ":" in first or first != first.lower()):
        return DEFAULT_DOMAIN, name
    if first == DEFAULT_DOMAIN and "/" not in rest:
        return first, _OFFICIAL + rest
    return first, rest


def _path_problem(path: str) -> str:
    shown = path.removeprefix(_OFFICIAL)
    if shown != shown.lower():
        return f'the repository "{shown}" must be in lower case'
    return f'"{shown}" is no repository: letters, digits and . _ - between them, parts divided by /'
