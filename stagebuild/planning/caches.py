"""
``cache = "registry"`` -> cache imports and exports: where a build's cache is, by who builds what.

A cache belongs to an environment, its platforms and a branch. A build reads its own branch's, then
that of the branch it will be merged into, then the default branch's; it writes its own branch's and
no other. So a new branch begins warm, and no two builds overwrite each other's cache.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from stagebuild.config.keypaths import Misfit
from stagebuild.model.entries import CacheEntry

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from stagebuild.model.values import Platform

NO_CACHE = "none"
"""The word that switches an inherited cache off."""

_LONGEST_NAME = 100
_DEFAULT_BRANCHES = ("main", "master")

# The branch that is built, by CI system: GitHub (pull request, push), GitLab, Jenkins, Bitbucket,
# CircleCI, Azure, Buildkite, Travis.
_BRANCH_VARIABLES = (
    "GITHUB_HEAD_REF",
    "GITHUB_REF_NAME",
    "CI_MERGE_REQUEST_SOURCE_BRANCH_NAME",
    "CI_COMMIT_REF_NAME",
    "CHANGE_BRANCH",
    "BRANCH_NAME",
    "BITBUCKET_BRANCH",
    "CIRCLE_BRANCH",
    "BUILD_SOURCEBRANCHNAME",
    "BUILDKITE_BRANCH",
    "TRAVIS_BRANCH",
)
_BASE_VARIABLES = (
    "GITHUB_BASE_REF",
    "CI_MERGE_REQUEST_TARGET_BRANCH_NAME",
    "CHANGE_TARGET",
    "BITBUCKET_PR_DESTINATION_BRANCH",
    "SYSTEM_PULLREQUEST_TARGETBRANCHNAME",
    "BUILDKITE_PULL_REQUEST_BASE_BRANCH",
)
_DEFAULT_VARIABLES = ("CI_DEFAULT_BRANCH", "BUILDKITE_PIPELINE_DEFAULT_BRANCH")
_FALSE = ("", "0", "false", "no")


class CacheOwner(NamedTuple):
    """
    Whose cache it is.

    Attributes:
        project: The project's name.
        environment: The environment's name.
        platforms: What is built for; empty is the builder's own.
        repository: The project's repository, or None.
        tags: The image's tags.
        branches: The branch that is built, then those whose caches may help, each once; empty
            where there are no branches.
        folder: Absolute folder for local caches.
    """

    project: str
    environment: str
    platforms: Sequence[Platform]
    repository: str | None
    tags: Sequence[str]
    branches: Sequence[str]
    folder: str


def derived_imports(word: CacheEntry, owner: CacheOwner) -> tuple[CacheEntry, ...]:
    """
    Return the imports that a cache word means, in order of preference.

    Raises:
        Misfit: Nothing says where the cache is.
    """
    if word.type == NO_CACHE:
        return ()
    if word.type == "inline":
        return tuple(CacheEntry(type="registry", attributes={"ref": tag}) for tag in owner.tags)
    return tuple(_entry(word, owner, name, "src") for name in _names(owner))


def derived_exports(word: CacheEntry, owner: CacheOwner) -> tuple[CacheEntry, ...]:
    """
    Return the one export that a cache word means, of everything that was built.

    Raises:
        Misfit: Nothing says where the cache is.
    """
    if word.type == NO_CACHE:
        return ()
    if word.type == "inline":
        return (CacheEntry(type="inline"),)
    entry = _entry(word, owner, next(_names(owner)), "dest")
    return (CacheEntry(type=entry.type, attributes={"mode": "max", **entry.attributes}),)


def branches_of(environ: Mapping[str, str], own: str | None) -> tuple[str, ...]:
    """
    Return the branch that is built, its base branch and the default branch, each once.

    Args:
        environ: The process environment; what a CI system says of branches wins.
        own: The branch that git knows, or None.
    """
    built = _first(environ, _BRANCH_VARIABLES) or own
    default = _first(environ, _DEFAULT_VARIABLES)
    found = [
        built,
        _first(environ, _BASE_VARIABLES),
        *((default,) if default else _DEFAULT_BRANCHES),
    ]
    return tuple(dict.fromkeys(branch for branch in found if branch)) if built else ()


def names_branch(environ: Mapping[str, str]) -> bool:
    """Whether a CI system says which branch is built, so that git need not be asked."""
    return _first(environ, _BRANCH_VARIABLES) is not None


def in_ci(environ: Mapping[str, str]) -> bool:
    """Whether this is a CI job, which may write caches unless it is told otherwise."""
    return environ.get("CI", "").lower() not in _FALSE


def _first(environ: Mapping[str, str], names: Sequence[str]) -> str | None:
    return next((environ[name] for name in names if environ.get(name)), None)


def _names(owner: CacheOwner) -> Iterator[str]:
    """Yield the name of the cache on each branch."""
    platforms = "_".join(str(platform) for platform in owner.platforms)
    for branch in owner.branches or ("",):
        yield _name("-".join(part for part in (owner.environment, platforms, branch) if part))


def _name(text: str) -> str:
    """Return a name that may be a tag; what had to be changed is told apart by a checksum."""
    plain = re.sub(r"[^A-Za-z0-9_.-]+", "-", text.replace("/", "-"))[:_LONGEST_NAME]
    if plain == text:
        return plain
    from zlib import crc32  # noqa: PLC0415 - few names need it

    return f"{plain}-{crc32(text.encode()):08x}"


def _entry(word: CacheEntry, owner: CacheOwner, name: str, folder_key: str) -> CacheEntry:
    given = dict(word.attributes)
    match word.type:
        case "registry":
            repository = given.pop("ref", owner.repository)
            if repository is None:
                raise Misfit(
                    "nothing says which repository the cache is in",
                    hint='set project.repository, or cache = { type = "registry", ref = "…" }',
                )
            place = {"ref": f"{repository}:cache-{name}"}
        case "local":
            folder = given.pop("path", owner.folder)
            place = {folder_key: f"{folder}/{name}"}
        case "gha":
            place = {"scope": f"{owner.project}-{name}"}
        case _:  # s3 and azblob name manifests; the rest of the place is for the user to say
            place = {"name": f"{owner.project}-{name}"}
    return CacheEntry(type=word.type, attributes={**place, **given})
