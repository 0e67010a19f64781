"""
What git says of a checkout since a commit: which paths differ now, and what they were.

Source: git's Documentation/diff-format.txt (raw output), git-merge-base(1), git-rev-parse(1).
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from stagebuild.errors import ConfigError
from stagebuild.planning.git import GitUnavailable, ask_git
from stagebuild.values import frozen

if TYPE_CHECKING:
    from collections.abc import Mapping

OPTION = "--changed-since"


class Blob(NamedTuple):
    """
    What a path was at a commit.

    Attributes:
        mode: git's: 0o100644, 0o100755, 0o120000 for a link, 0o160000 for a submodule.
        name: git's name of the content; of a submodule, the commit that it was at.
    """

    mode: int
    name: str


@frozen
class Checkout:
    """
    A checkout, compared with a commit.

    Attributes:
        top: Its folder, absolute, links resolved.
        commit: The commit's name.
        changed: What each path was, relative to ``top``, for those that differ from the commit
            now; None for one that was not there. What git ignores is not told of.
    """

    top: str
    commit: str
    changed: Mapping[bytes, Blob | None]

    def within(self, path: str) -> bytes | None:
        """Return an absolute path, relative to the checkout, or None for one outside of it."""
        if path == self.top:
            return b""
        below = path.removeprefix(f"{self.top}/")
        return None if below == path else os.fsencode(below)

    def content(self, blob: Blob) -> bytes:
        """
        Return what a file held, or where a link led.

        Raises:
            ConfigError: git does not have it.
        """
        try:
            return ask_git(self.top, "cat-file", "blob", blob.name)
        except GitUnavailable as error:
            raise ConfigError(str(error), key=OPTION) from error


def compare_checkout(folder: str, revision: str) -> Checkout:
    """
    Return the checkout around a folder, compared with where a revision and HEAD parted.

    For a revision that HEAD descends from, that is the revision itself.

    Raises:
        ConfigError: There is no git, no checkout, no such revision, or no history that shows
            where the two parted.
    """
    try:
        top = os.fsdecode(ask_git(folder, "rev-parse", "--show-toplevel").removesuffix(b"\n"))
        commit = _parting(top, revision)
        return Checkout(top=top, commit=commit, changed=_changed(top, commit))
    except GitUnavailable as error:
        raise ConfigError(str(error), key=OPTION) from error


def _parting(top: str, revision: str) -> str:
    """Return the commit where a revision and HEAD parted."""
    asked = ("rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
    try:
        there = ask_git(top, *asked).decode().strip()
    except GitUnavailable:
        message = f'git knows no revision "{revision}"'
        raise ConfigError(message, key=OPTION, hint=_remedy(top, revision)) from None
    try:
        return ask_git(top, "merge-base", there, "HEAD").decode().split()[0]
    except GitUnavailable:
        message = f'nothing shows where "{revision}" and HEAD parted'
        raise ConfigError(message, key=OPTION, hint=_remedy(top, revision)) from None


def _remedy(top: str, revision: str) -> str:
    if ask_git(top, "rev-parse", "--is-shallow-repository").strip() == b"true":
        return (
            "this is a shallow clone: fetch its history with git fetch --unshallow, or check out"
            " with all of it (fetch-depth: 0 in GitHub Actions, GIT_DEPTH: 0 in GitLab CI)"
        )
    remote, slash, branch = revision.partition("/")
    if slash and remote in ask_git(top, "remote").decode(errors="replace").split():
        return f"fetch it: git fetch {remote} {branch}"
    return "name a commit, a tag or a branch that git log shows"


def _changed(top: str, commit: str) -> dict[bytes, Blob | None]:
    """Return what differs between a commit and the files there are, and files that are new."""
    raw = ask_git(
        top, "diff", "--raw", "-z", "--no-renames", "--no-abbrev", "--no-relative", commit, "--"
    )
    words = raw.split(b"\0")
    found: dict[bytes, Blob | None] = {}
    for told, path in zip(words[::2], words[1::2], strict=False):
        mode, _, name, _, _ = told.lstrip(b":").split(b" ")
        found[path] = Blob(int(mode, 8), name.decode()) if int(mode, 8) else None
    untracked = ask_git(top, "ls-files", "-z", "--others", "--exclude-standard")
    for path in untracked.split(b"\0")[:-1]:
        # git rm --cached leaves a file that was there at the commit, and still is.
        found.setdefault(path.rstrip(b"/"), None)
    return found
