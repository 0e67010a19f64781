"""Where contexts and files are: local folders made absolute, remote ones left alone."""

from __future__ import annotations

import os.path
import re

# Patterns are text: compiling them here would cost a millisecond of every start.
_SCHEME = r"(?i:https?|git|ssh)://"
_SCP = r"(?:[a-zA-Z0-9_-]+@)[a-zA-Z0-9.-]+:.+"
_OCI_LAYOUT = (
    r"oci-layout://(?P<folder>.*?)"
    r"(?P<version>(?::[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?(?:@[a-z0-9+._-]+:[0-9a-fA-F]{32,})?)"
)


def is_remote(context: str) -> bool:
    """
    Return whether a build context is a Git or HTTP URL.

    Source: docker/buildx util/urlutil, IsRemoteURL; moby/buildkit
    frontend/dockerfile/dfgitutil, ParseGitRef.
    """
    return (
        context.startswith("github.com/")
        or re.match(_SCHEME, context) is not None
        or re.fullmatch(_SCP, context) is not None
    )


def absolute(path: str, base: str) -> str:
    """Return ``path`` as it is seen from the folder ``base``, absolute and without ``..``."""
    return os.path.normpath(os.path.join(base, path))  # noqa: PTH118 - text paths, for speed


def shown(path: str, folder: str) -> str:
    """Return ``path`` as a user in ``folder`` would type it."""
    relative = os.path.relpath(path, folder)
    return relative if len(relative) < len(path) else path


def split_oci_layout(context: str) -> tuple[str, str] | None:
    """
    Return folder and version (``:tag``, ``@digest``, both or nothing) of ``oci-layout://…``.

    None where it is something else.

    Source: docker/buildx util/ocilayout, Parse.
    """
    found = re.fullmatch(_OCI_LAYOUT, context)
    return None if found is None else (found["folder"], found["version"])
