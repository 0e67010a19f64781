"""Where a build happens, looked up: the checkout by git, the machine by its system."""

from __future__ import annotations

import os

from stagebuild.history.records import GitState, Machine


def git_state(root: str) -> GitState | None:
    """Return the state of the checkout around a folder, or None outside of one."""
    folder = os.path.realpath(root)
    while not os.path.exists(f"{folder}/.git"):  # noqa: PTH110 - pathlib is not loaded on this path
        folder, name = os.path.split(folder)
        if not name:
            return None
    from stagebuild.planning.git import GitUnavailable, read_git  # noqa: PLC0415 - off the hot path

    try:
        facts = read_git(root)
    except (GitUnavailable, OSError):
        return None
    return GitState(sha=facts.sha, branch=facts.branch, dirty=facts.dirty)


def this_machine() -> Machine:
    """Return where this process runs."""
    uname = os.uname()
    return Machine(
        name=uname.nodename,
        system=f"{uname.sysname} {uname.machine}",
        processors=os.cpu_count() or 1,
    )
