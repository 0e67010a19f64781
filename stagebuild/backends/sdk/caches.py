"""
Cache imports and exports, as sent; and the local ones' folders, which the engine calls back for.

Source: docker/buildx build/opt.go (addGithubToken, addAwsCredentials, isActive); moby/buildkit
client/solve.go (parseCacheOptions).
"""

from __future__ import annotations

import os.path
from typing import TYPE_CHECKING, NamedTuple

from stagebuild.backends.base import SolveFailed
from stagebuild.buildkit.messages import CacheEntry

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stagebuild.planning.spec import BuildSpec

_GITHUB = {"token": "ACTIONS_RUNTIME_TOKEN"}
_AWS = {
    "access_key_id": "AWS_ACCESS_KEY_ID",
    "secret_access_key": "AWS_SECRET_ACCESS_KEY",
    "session_token": "AWS_SESSION_TOKEN",
}


class Caches(NamedTuple):
    """
    A build's caches.

    Attributes:
        imports: As sent.
        exports: As sent.
        folders: Local caches' folders by the id that the engine calls them by.
        named: Tag by folder, for the manifests that local exports will make.
        missing: Imports left out because there is nothing in them yet, as words for people.
    """

    imports: tuple[CacheEntry, ...]
    exports: tuple[CacheEntry, ...]
    folders: Mapping[str, str]
    named: Mapping[str, str]
    missing: tuple[str, ...]


def caches_of(spec: BuildSpec, environ: Mapping[str, str]) -> Caches:
    """
    Return a build's caches; looks into the folders of local ones.

    Raises:
        SolveFailed: A local cache has no folder.
    """
    folders: dict[str, str] = {}
    named: dict[str, str] = {}
    missing: list[str] = []
    imports: list[CacheEntry] = []
    exports: list[CacheEntry] = []
    for entry in spec.cache_from:
        attributes = _with_tokens(entry.type, entry.attributes, environ)
        if entry.type == "local":
            folder = _folder(spec, attributes, "src")
            digest = attributes.get("digest") or _digest(folder, attributes.get("tag", "latest"))
            if digest is None:
                missing.append(f"local cache import at {folder} skipped: it holds nothing yet")
                continue
            attributes |= {"src": folder, "digest": digest}
            folders[f"local:{folder}"] = folder
        if _is_active(entry.type, attributes):
            imports.append(CacheEntry(type=entry.type, attrs=attributes))
    for entry in spec.cache_to:
        attributes = _with_tokens(entry.type, entry.attributes, environ)
        if entry.type == "local":
            folder = _folder(spec, attributes, "dest")
            os.makedirs(folder, exist_ok=True)  # noqa: PTH103
            attributes["dest"] = folder
            folders[f"local:{folder}"] = folder
            named[folder] = attributes.get("tag", "latest")
        if _is_active(entry.type, attributes):
            exports.append(CacheEntry(type=entry.type, attrs=attributes))
    if _is_true(spec.build_args.get("BUILDKIT_INLINE_CACHE", "")):
        exports.append(CacheEntry(type="inline", attrs={}))
    return Caches(tuple(imports), tuple(exports), folders, named, tuple(missing))


def _folder(spec: BuildSpec, attributes: Mapping[str, str], key: str) -> str:
    path = attributes.get(key)
    if not path:
        raise SolveFailed(f"a local cache needs {key}")
    return os.path.join(spec.root, path)  # noqa: PTH118 - keeps an absolute path as it is written


def _digest(folder: str, tag: str) -> str | None:
    from stagebuild.buildkit.layout import find_digest  # noqa: PLC0415 - local caches are rare

    try:
        return find_digest(folder, tag)
    except (OSError, ValueError):
        return None


def _with_tokens(
    kind: str, attributes: Mapping[str, str], environ: Mapping[str, str]
) -> dict[str, str]:
    """Return the attributes with what the environment knows of the cache's service."""
    known = dict(attributes)
    sources = {"gha": _GITHUB, "s3": _AWS}.get(kind, {})
    if kind == "s3" and {"access_key_id", "secret_access_key"} <= known.keys():
        return known
    for key, variable in sources.items():
        if key not in known and environ.get(variable):
            known[key] = environ[variable]
    if kind == "s3":
        return {**_profile(environ), **known}
    return {**_github_urls(known, environ), **known} if kind == "gha" else known


def _github_urls(known: Mapping[str, str], environ: Mapping[str, str]) -> dict[str, str]:
    """Return where GitHub's cache is: its second version only where the job says it is there."""
    results = environ.get("ACTIONS_RESULTS_URL", "")
    said = "2" if _is_true(environ.get("ACTIONS_CACHE_SERVICE_V2", "")) else ""
    found = {"url": environ.get("ACTIONS_CACHE_URL") or results}
    if known.get("version", said) == "2":
        found["url_v2"] = results
    return {key: url for key, url in found.items() if url}


def _profile(environ: Mapping[str, str]) -> dict[str, str]:
    """Return a profile's keys from AWS' own file, where the environment has none; else nothing."""
    if environ.get("AWS_ACCESS_KEY_ID"):
        return {}
    from configparser import ConfigParser, Error  # noqa: PLC0415 - rare

    home = f"{environ.get('HOME', '')}/.aws/credentials"
    profiles = ConfigParser(interpolation=None)
    try:
        profiles.read(environ.get("AWS_SHARED_CREDENTIALS_FILE") or home)
    except (Error, OSError, ValueError):
        return {}
    name = environ.get("AWS_PROFILE") or "default"
    own = profiles[name] if profiles.has_section(name) else {}
    return {key: own[f"aws_{key}"] for key in _AWS if own.get(f"aws_{key}")}


def _is_active(kind: str, attributes: Mapping[str, str]) -> bool:
    """Say whether a cache can be used: GitHub's only within its own jobs."""
    reachable = attributes.get("url") or attributes.get("url_v2")
    return kind != "gha" or bool(attributes.get("token") and reachable)


def _is_true(text: str) -> bool:
    return text.lower() in ("1", "t", "true")
