"""What git says of a checkout, in two processes."""

from __future__ import annotations

import re
from typing import NamedTuple

_DESCRIBED = r"(?P<tag>.+)-(?P<ahead>[0-9]+)-g[0-9a-f]+"
_NO_COMMIT = "(initial)"
_DETACHED = "(detached)"


class GitUnavailable(Exception):
    """There is nothing that git could say; the text says why."""


class GitFacts(NamedTuple):
    """
    The state of a checkout.

    Attributes:
        sha: The commit, 40 or 64 characters.
        branch: The branch, or None when HEAD is detached.
        tag: The tag at this very commit, or None.
        describe: As ``git describe --tags --always``.
        dirty: Whether a tracked file differs from the commit.
    """

    sha: str
    branch: str | None
    tag: str | None
    describe: str
    dirty: bool


class CommitFacts(NamedTuple):
    """
    What else there is to say of a checkout, asked for more rarely.

    Attributes:
        committed_s: When the commit was made, in seconds since 1970.
        remote: Address of ``origin`` as git has it, or None without one; it may hold a password.
    """

    committed_s: int
    remote: str | None


def read_commit(folder: str) -> CommitFacts:
    """
    Return the facts of the commit that ``folder`` has checked out.

    Raises:
        GitUnavailable: As ``read_git``.
    """
    committed = _git(folder, "log", "-1", "--no-show-signature", "--format=%ct").strip()
    try:
        remote = _git(folder, "config", "--get", "remote.origin.url").strip()
    except GitUnavailable:
        remote = ""
    return CommitFacts(committed_s=int(committed), remote=remote or None)


def read_git(folder: str) -> GitFacts:
    """
    Return the facts of the checkout that ``folder`` lies in.

    Untracked files do not make it dirty, as in ``git describe --dirty``.

    Raises:
        GitUnavailable: git is not installed, this is no checkout, or it has no commit yet.
    """
    status = _git(folder, "status", "--porcelain=v2", "--branch", "--untracked-files=no")
    headers: dict[str, str] = {}
    dirty = False
    for line in status.splitlines():
        if line.startswith("# "):
            name, _, value = line[2:].partition(" ")
            headers[name] = value
        else:
            dirty = True
    if headers.get("branch.oid", _NO_COMMIT) == _NO_COMMIT:
        raise GitUnavailable("the checkout has no commit yet")
    branch = headers.get("branch.head", _DETACHED)
    described = _git(folder, "describe", "--tags", "--always", "--long", "--abbrev=7").strip()
    exact = re.fullmatch(_DESCRIBED, described)
    tag = exact["tag"] if exact is not None and exact["ahead"] == "0" else None
    return GitFacts(
        sha=headers["branch.oid"],
        branch=None if branch == _DETACHED else branch,
        tag=tag,
        describe=tag or described,
        dirty=dirty,
    )


def _git(folder: str, *arguments: str) -> str:
    return ask_git(folder, *arguments).decode(errors="replace")


def ask_git(folder: str, *arguments: str) -> bytes:
    """
    Return what git prints; its messages are asked for in English, since one is recognised.

    Raises:
        GitUnavailable: git is not installed, ``folder`` is in no checkout, or git refuses.
    """
    import os  # noqa: PLC0415 - only when a variable asks for git
    import subprocess  # noqa: PLC0415

    try:
        done = subprocess.run(
            ["git", "-C", folder, *arguments],
            check=False,
            capture_output=True,
            env={**os.environ, "LC_ALL": "C", "GIT_OPTIONAL_LOCKS": "0"},
        )
    except FileNotFoundError:
        raise GitUnavailable("git is not installed") from None
    if done.returncode == 0:
        return done.stdout
    said = done.stderr.decode(errors="replace")
    if "not a git repository" in said:
        raise GitUnavailable(f"{folder} is not in a git checkout")
    raise GitUnavailable(f"git {arguments[0]} failed: {said.strip()}")
