"""
The child process: started, read, stopped, and gone without a trace.

One thread does it all, the caller's: it waits for stderr and hands on what comes. stdin and stdout
are the null device, so nothing can block there. The child leads a session of its own, which keeps
the terminal's Ctrl-C and job control away from it, and makes it and whatever it starts one group
that one signal reaches.

What a signal does, in all versions from 0.13: the docker command closes the socket that its plugin
watches, and buildx cancels the solve on the first SIGTERM or SIGINT (moby/buildkit
util/appcontext), which ends the RUN in the daemon; a second signal skips the orderly end, a third
one kills. So exactly one is sent, and SIGKILL if that did not help in time.
"""

from __future__ import annotations

import errno
import os
import select
import signal
import subprocess
import time
from typing import TYPE_CHECKING

from stagebuild.backends.leftovers import at_once
from stagebuild.values import frozen

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from stagebuild.backends.base import Cancel

GRACE_S = 8.0
"""
How long a child may take to end once it was asked to, in seconds.

buildx ends about 0.1 s after its signal; it waits longer where the engine does not answer.
"""

_CHUNK_BYTES = 256 * 1024
_TICK_MS = 100

# How long to go on reading when the child has ended but something that it left behind (an ssh
# master connection, say) still holds its stderr.
_LINGER_S = 1.0
_FIRST_PAUSE_S = 0.0002


@frozen
class Exit:
    """
    How a child ended.

    Attributes:
        code: Its exit code; negative for the signal that killed it.
        killed: Whether it had to be killed because it did not end in time.
    """

    code: int
    killed: bool = False


class NotStarted(Exception):
    """
    A program could not be started.

    Attributes:
        error: Why: an ``OSError``, or a ``ValueError`` for a NUL character in an argument.
        of_folder: Whether it was for the working directory, not for the program.
    """

    def __init__(self, error: OSError | ValueError, *, of_folder: bool) -> None:
        super().__init__(str(error))
        self.error = error
        self.of_folder = of_folder


def run(
    argv: Sequence[str],
    *,
    environ: Mapping[str, str],
    folder: str | os.PathLike[str],
    receive: Callable[[bytes], None],
    cancel: Cancel,
    grace_s: float = GRACE_S,
) -> Exit:
    """
    Run a program to its end and return how it ended.

    Args:
        argv: Program and arguments.
        environ: Its whole environment.
        folder: Its working directory.
        receive: Gets what it writes to stderr, in this thread, as it comes, cut anywhere.
        cancel: Ends it when asked to: SIGTERM to its group, SIGKILL after ``grace_s``.
        grace_s: In seconds.

    Returns:
        After the program has ended and was reaped, whatever happened; when this raises, too.

    Raises:
        NotStarted: It could not be started.
    """
    with _start(argv, environ, folder) as child:
        group = _Group(child)
        withdraw = cancel.on_cancel(group.ask_to_end)
        try:
            with at_once(group.kill):
                killed = _read_to_the_end(child, group, receive, grace_s)
        except BaseException:
            # The caller's own trouble (Ctrl-C, a failing receiver) must not leave a build behind.
            group.ask_to_end()
            _read_to_the_end(child, group, _drop, grace_s)
            raise
        finally:
            withdraw()
            group.kill_what_is_left()
        return Exit(code=child.wait(), killed=killed)


def _start(
    argv: Sequence[str], environ: Mapping[str, str], folder: str | os.PathLike[str]
) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(
            argv,
            env=environ,
            cwd=os.fspath(folder),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            start_new_session=True,
            bufsize=0,
        )
    except OSError as error:
        raise NotStarted(error, of_folder=error.filename == os.fspath(folder)) from error
    except ValueError as error:
        # Python's word for a NUL character in an argument or a variable.
        raise NotStarted(error, of_folder=False) from error


class _Group:
    """
    The child's process group, as something to send signals to.

    The child is reaped last, so that its process and group id stay its own until then.
    """

    def __init__(self, child: subprocess.Popen[bytes]) -> None:
        self._child = child
        self.asked_at_s: float | None = None

    def ask_to_end(self) -> None:
        """Send SIGTERM, once. Safe in a signal handler and in any thread."""
        if self.asked_at_s is None:
            self.asked_at_s = time.monotonic()
            self._signal(signal.SIGTERM)

    def kill(self) -> None:
        """Send SIGKILL."""
        self._signal(signal.SIGKILL)

    def kill_what_is_left(self) -> None:
        """Kill what was asked to end, or was left when reading broke off, and is still there."""
        if self.asked_at_s is not None or not self.leader_has_ended():
            self.kill()

    def leader_has_ended(self) -> bool:
        """Whether the child is gone, without reaping it."""
        if self._child.returncode is not None:
            return True
        options = os.WEXITED | os.WNOHANG | os.WNOWAIT
        try:
            return os.waitid(os.P_PID, self._child.pid, options) is not None
        except ChildProcessError:
            # Somebody else reaped it: a SIGCHLD handler, or SIGCHLD ignored.
            return True

    def _signal(self, number: int) -> None:
        if self._child.returncode is not None:
            return
        try:
            os.killpg(self._child.pid, number)
        except OSError as error:
            # Gone already, or (EPERM, macOS) nothing left in it but a zombie.
            if error.errno not in (errno.ESRCH, errno.EPERM):
                raise


def _read_to_the_end(
    child: subprocess.Popen[bytes],
    group: _Group,
    receive: Callable[[bytes], None],
    grace_s: float,
) -> bool:
    """
    Read stderr until it ends and so has the child; return whether it had to be killed.

    The end of the stream wakes this at once; the ticks are for the rest: time that runs out after
    a cancellation, and a child that ended while something else holds its stderr open.
    """
    assert child.stderr is not None  # noqa: S101 - it was asked for
    descriptor = child.stderr.fileno()
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    killed = False
    ended_at_s: float | None = None
    pause_s = _FIRST_PAUSE_S
    reading = True
    while reading or not group.leader_has_ended():
        if not reading:
            # Between closing its files and having ended there is little time; more if it goes on.
            time.sleep(pause_s)
            pause_s = min(2 * pause_s, _TICK_MS / 1000)
        elif poll.poll(_TICK_MS):
            chunk = os.read(descriptor, _CHUNK_BYTES)
            reading = bool(chunk)
            if chunk:
                receive(chunk)
        elif group.leader_has_ended():
            ended_at_s = ended_at_s or time.monotonic()
            reading = time.monotonic() - ended_at_s < _LINGER_S
        asked_at_s = group.asked_at_s
        if asked_at_s is not None and not killed and time.monotonic() - asked_at_s > grace_s:
            killed = True
            group.kill()
    return killed


def _drop(_chunk: bytes) -> None:
    pass
