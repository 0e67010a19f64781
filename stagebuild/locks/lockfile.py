"""``stagebuild.lock``: TOML text -> Lock, and back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from stagebuild.errors import ConfigError
from stagebuild.locks.values import Lock, LockedImage
from stagebuild.model import Digest

if TYPE_CHECKING:
    from collections.abc import Iterator

LOCK_FILE = "stagebuild.lock"
"""The file's name, in the project's folder."""

LOCK_VERSION = 1

_HEAD = """\
# What every base image of this project was when `stagebuild lock` looked. Commit this file.
# Builds use these digests; `stagebuild lock --upgrade` moves them.
"""
_REMEDY = "`stagebuild lock` writes it anew"


def read_lock(text: str, *, path: str = LOCK_FILE) -> Lock:
    """
    Return the lock that a file holds.

    Args:
        text: The file's text.
        path: The file as the user would type it, for messages.

    Raises:
        ConfigError: It is no lock, half of a merge say, or one of a newer stagebuild.
    """
    import tomllib  # noqa: PLC0415 - only where there is a lock

    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        hint = f"take one side of the merge, or remove the file: {_REMEDY}"
        raise ConfigError(f"not TOML: {error}", path=path, hint=hint) from error
    version = document.get("version")
    if not isinstance(version, int) or isinstance(version, bool):
        raise ConfigError("not a lock: it has no version", path=path, key="version", hint=_REMEDY)
    if version > LOCK_VERSION:
        raise ConfigError(
            f"a newer stagebuild wrote it: this one knows version {LOCK_VERSION}, not {version}",
            path=path,
            key="version",
            hint="upgrade stagebuild",
        )
    images = _table(document.get("images", {}), "images", path)
    return Lock(
        images={name: _image(name, value, path) for name, value in images.items()}, path=path
    )


def _image(name: str, value: object, path: str) -> LockedImage:
    key = f'images."{name}"'
    fields = _table(value, key, path)
    platforms = _table(fields.get("platforms", {}), f"{key}.platforms", path)
    return LockedImage(
        name=name,
        digest=_digest(fields.get("digest"), f"{key}.digest", path),
        platforms={
            platform: _digest(digest, f'{key}.platforms."{platform}"', path)
            for platform, digest in platforms.items()
        },
        resolved=str(fields.get("resolved", "")),
    )


def _table(value: object, key: str, path: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ConfigError("expected a table", path=path, key=key, hint=_REMEDY)
    return value


def _digest(value: object, key: str, path: str) -> Digest:
    try:
        return Digest.parse(str(value))
    except ValueError as error:
        raise ConfigError(str(error), path=path, key=key, hint=_REMEDY) from error


def lock_text(lock: Lock) -> str:
    """Return the file's text: sorted, one fact a line, so that merges and diffs are small."""
    return _HEAD + "".join(f"{line}\n" for line in _lines(lock))


def _lines(lock: Lock) -> Iterator[str]:
    yield f"version = {LOCK_VERSION}"
    for name, image in sorted(lock.images.items()):
        yield ""
        yield f"[images.{_quoted(name)}]"
        yield f"digest = {_quoted(image.digest)}"
        yield f"resolved = {_quoted(image.resolved)}"
        if image.platforms:
            yield f"[images.{_quoted(name)}.platforms]"
        for platform, digest in sorted(image.platforms.items()):
            yield f"{_quoted(platform)} = {_quoted(digest)}"


def _quoted(text: str) -> str:
    import json  # noqa: PLC0415 - only when one is written

    # JSON's escapes are TOML's, but for DEL, which no image reference has.
    return json.dumps(text, ensure_ascii=False)
