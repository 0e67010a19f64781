"""
The ssh agents that a build may use: one that runs, or one started for private key files.

Source: moby/buildkit session/sshforward/sshprovider.
"""

from __future__ import annotations

import os
import stat
import subprocess
import tempfile
from typing import TYPE_CHECKING

from stagebuild.backends.base import SolveFailed

if TYPE_CHECKING:
    from collections.abc import Mapping
    from contextlib import ExitStack

    from stagebuild.planning.spec import BuildSpec

_VARIABLE = "SSH_AUTH_SOCK"
_TIMEOUT_S = 20


def agent_sockets(spec: BuildSpec, environ: Mapping[str, str], stack: ExitStack) -> dict[str, str]:
    """
    Return the path of an agent's socket for every id; agents started here end with the stack.

    Raises:
        SolveFailed: There is no agent, or a key can't be used.
    """
    sockets: dict[str, str] = {}
    for identifier, forward in spec.ssh.items():
        paths = [os.path.join(spec.root, path) for path in forward.paths]  # noqa: PTH118
        if not paths:
            if not environ.get(_VARIABLE):
                raise SolveFailed(f"ssh {identifier}: no agent runs ({_VARIABLE} is not set)")
            paths = [environ[_VARIABLE]]
        sockets[identifier] = _socket(identifier, paths, environ, stack)
    return sockets


def _socket(identifier: str, paths: list[str], environ: Mapping[str, str], stack: ExitStack) -> str:
    try:
        are_sockets = [stat.S_ISSOCK(os.stat(path).st_mode) for path in paths]  # noqa: PTH116
    except OSError as error:
        raise SolveFailed(f"ssh {identifier}: {error.filename}: {error.strerror}") from error
    if not any(are_sockets):
        return _started(identifier, paths, environ, stack)
    if len(paths) > 1:
        raise SolveFailed(f"ssh {identifier}: one agent, or keys, not several of both")
    return paths[0]


def _started(identifier: str, keys: list[str], environ: Mapping[str, str], stack: ExitStack) -> str:
    """Start an agent that holds the keys and return its socket."""
    folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="stagebuild-ssh-"))
    path = f"{folder}/agent"
    try:
        agent = subprocess.Popen(
            ["ssh-agent", "-D", "-a", path],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
    except OSError as error:
        raise SolveFailed(
            f"ssh {identifier}: ssh-agent can't be started: {error.strerror}"
        ) from error
    stack.callback(_stop, agent)
    if agent.stdout is not None:
        agent.stdout.readline()  # it says where it listens, once it does
    added = subprocess.run(
        ["ssh-add", "-q", *keys],
        env={**environ, _VARIABLE: path, "SSH_ASKPASS_REQUIRE": "never"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=_TIMEOUT_S,
        check=False,
    )
    if added.returncode != 0:
        raise SolveFailed(f"ssh {identifier}: {added.stderr.strip() or 'a key can not be added'}")
    return path


def _stop(agent: subprocess.Popen[bytes]) -> None:
    agent.terminate()
    agent.wait()
    if agent.stdout is not None:
        agent.stdout.close()
