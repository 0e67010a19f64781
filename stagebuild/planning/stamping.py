"""
What a checkout says of an image: the time of a reproducible build, and the labels of OCI.

No time of the build is in either, so that an unchanged commit gives an unchanged digest.

Source: reproducible-builds.org/specs/source-date-epoch; OCI image specification, annotations.md.
"""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING

from stagebuild.config.keypaths import Misfit
from stagebuild.planning.git import GitUnavailable

if TYPE_CHECKING:
    from stagebuild.planning.git import CommitFacts, GitFacts
    from stagebuild.planning.variables import Facts

EPOCH_VARIABLE = "SOURCE_DATE_EPOCH"

_PREFIX = "org.opencontainers.image"
_SCP = r"(?:[^@/]+@)?(?P<host>[^:/]+):(?P<path>[^/].*)"
_URL = r"(?:https?|ssh|git)://(?:[^@/]*@)?(?P<host>[^/:]+)(?P<port>:\d+)?/(?P<path>.+)"


def epoch_of(facts: Facts) -> int:
    """
    Return the time of a reproducible build: ``SOURCE_DATE_EPOCH``, else the commit's.

    Raises:
        Misfit: The variable is no time, or there is neither.
    """
    text = facts.environ.get(EPOCH_VARIABLE, "")
    if text:
        if not (text.isascii() and text.isdecimal()):
            raise Misfit(f'{EPOCH_VARIABLE} is "{text}", not a number of seconds since 1970')
        return int(text)
    try:
        return facts.commit().committed_s
    except GitUnavailable as unavailable:
        raise Misfit(
            f"a reproducible build needs a time: {unavailable}",
            hint=f"set {EPOCH_VARIABLE} to seconds since 1970, or build in a Git checkout",
        ) from unavailable


def stamps_of(facts: Facts) -> dict[str, str]:
    """
    Return revision, source, created and version by OCI's names.

    A checkout with changes says ``-dirty`` behind revision and version. There is no source where
    the remote is a folder of this machine.

    Raises:
        Misfit: There is no checkout.
    """
    try:
        git, commit = facts.git(), facts.commit()
    except GitUnavailable as unavailable:
        raise Misfit(
            f"there is nothing to say: {unavailable}",
            hint="build in a Git checkout, or leave git-metadata out",
        ) from unavailable
    return dict(_stamps(git, commit, epoch_of(facts)))


def _stamps(git: GitFacts, commit: CommitFacts, epoch_s: int) -> list[tuple[str, str]]:
    dirty = "-dirty" if git.dirty else ""
    found = [
        (f"{_PREFIX}.revision", git.sha + dirty),
        (f"{_PREFIX}.created", time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(epoch_s))),
        (f"{_PREFIX}.version", (git.tag or git.describe) + dirty),
    ]
    source = None if commit.remote is None else public_url(commit.remote)
    return found if source is None else [*found, (f"{_PREFIX}.source", source)]


def public_url(remote: str) -> str | None:
    """
    Return the address of a remote for a browser, without user or password; None for a folder.

    ``git@host:group/project.git`` and ``ssh://`` become ``https://host/group/project``.
    """
    found = re.fullmatch(_URL, remote)
    if found is not None:
        is_web = remote.startswith("http")
        scheme = remote.partition("://")[0] if is_web else "https"
        host = found["host"] + ((found["port"] or "") if is_web else "")
        path = found["path"].partition("?")[0].partition("#")[0]
        return f"{scheme}://{host}/{_bare(path)}"
    found = re.fullmatch(_SCP, remote)
    return None if found is None else f"https://{found['host']}/{_bare(found['path'])}"


def _bare(path: str) -> str:
    return path.rstrip("/").removesuffix(".git")
