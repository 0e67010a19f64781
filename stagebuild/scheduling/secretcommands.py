"""
Secrets that commands print: each command is run once in a run, when a build first needs it.

The output is kept in memory, for as long as the run takes. A command is run as it is written,
without a shell, in the project's folder, and with nothing on its standard input; it stays in the
terminal's process group, so a password manager can ask there.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from stagebuild.backends.base import SolveFailed
from stagebuild.values import replaced

if TYPE_CHECKING:
    import subprocess

    from stagebuild.backends.base import Cancel
    from stagebuild.planning.spec import BuildSpec

_LOOK_S = 0.1


class SecretCommands:
    """The commands of one run, and what they printed."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: dict[tuple[str, str], threading.Lock] = {}
        self._printed: dict[tuple[str, str], str | SolveFailed] = {}

    def held(self, spec: BuildSpec, cancel: Cancel) -> BuildSpec:
        """
        Return the spec with the secrets that commands print; waits for them.

        Raises:
            SolveFailed: A command failed or printed nothing, or the build was canceled.
        """
        commands = {name: s.command for name, s in spec.secrets.items() if s.command is not None}
        if not commands:
            return spec
        folder = str(spec.root)
        held = {name: self._output(name, text, folder, cancel) for name, text in commands.items()}
        return replaced(spec, held_secrets=held)

    def _output(self, name: str, command: str, folder: str, cancel: Cancel) -> str:
        key = command, folder
        with self._lock:
            running = self._running.setdefault(key, threading.Lock())
        with running:
            printed = self._printed.get(key)
            if printed is None:
                # What a cancellation ended has printed nothing that another build could use.
                printed = _printed(command, folder, cancel)
                self._printed[key] = printed
        if isinstance(printed, SolveFailed):
            raise SolveFailed(f'secret "{name}": {printed.message}') from printed
        return printed


def _printed(command: str, folder: str, cancel: Cancel) -> str | SolveFailed:
    """Return what a command prints, without the line end; why not where it does not."""
    import shlex  # noqa: PLC0415 - most builds have no such secret
    import subprocess  # noqa: PLC0415

    try:
        argv = shlex.split(command)
        child = subprocess.Popen(
            argv,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
    except ValueError as error:
        return SolveFailed(f"the command {command!r} can't be read: {error}")
    except OSError as error:
        return SolveFailed(f"the command {argv[0]} can't be run: {error.strerror}")
    with child:
        output, said = _waited(child, cancel)
    if child.returncode != 0:
        words = said.decode(errors="replace").strip().splitlines()
        reason = f": {words[-1]}" if words else ""
        return SolveFailed(f"the command {argv[0]} failed with {child.returncode}{reason}")
    text = output.decode(errors="surrogateescape").removesuffix("\n").removesuffix("\r")
    return text or SolveFailed(f"the command {argv[0]} printed nothing")


def _waited(child: subprocess.Popen[bytes], cancel: Cancel) -> tuple[bytes, bytes]:
    """Return what a child printed until its end; kill it when the build is canceled."""
    import subprocess  # noqa: PLC0415 - as above

    while True:
        try:
            return child.communicate(timeout=_LOOK_S)
        except subprocess.TimeoutExpired:
            if cancel.requested:
                child.kill()
                raise SolveFailed(cancel.reason or "canceled", canceled=True) from None
