"""Start, recognise and end our own processes, and nobody else's."""

import os
import shutil
import signal
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from tools.engine.errors import EngineError

POLL_S = 0.05


def start(argv: Sequence[str], *, env: Mapping[str, str], log: Path) -> tuple[int, int]:
    """
    Start a program in a session of its own, which outlives this one.

    Returns:
        Its pid and start time in clock ticks; what it prints is appended to `log`.
    """
    program = shutil.which(argv[0], path=env.get("PATH"))
    if program is None:
        raise EngineError(f"there is no {argv[0]} to start")
    log.parent.mkdir(parents=True, exist_ok=True)
    append = os.O_WRONLY | os.O_CREAT | os.O_APPEND
    pid = os.posix_spawn(
        program,
        list(argv),
        env,
        file_actions=[
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_OPEN, 1, log, append, 0o644),
            (os.POSIX_SPAWN_DUP2, 1, 2),
        ],
        setsid=True,
    )
    ticks = started_ticks(pid)
    if ticks is None:
        raise EngineError(f"{argv[0]} ended at once", remedy=f"Its own words are in {log}.")
    return pid, ticks


def started_ticks(pid: int) -> int | None:
    """
    Return when a process started, in clock ticks since boot; None if it has ended.

    A zombie (ended, but not yet waited for) counts as ended. Source: proc(5), /proc/PID/stat.
    """
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return None
    # The second field is the program's name in parentheses; it may hold spaces and parentheses.
    fields = text.rpartition(")")[2].split()
    return None if fields[0] in {"Z", "X"} else int(fields[19])


def is_running(pid: int, ticks: int) -> bool:
    """Tell whether the process that we recorded is still there, not another by the same pid."""
    return started_ticks(pid) == ticks


def end(pid: int, ticks: int, *, patience_s: float = 20.0) -> None:
    """End a recorded process: asked politely first, forced after `patience_s`; ended is fine."""
    for number, wait_s in ((signal.SIGTERM, patience_s), (signal.SIGKILL, 5.0)):
        if not is_running(pid, ticks):
            return
        os.kill(pid, number)
        if wait_until(lambda: not is_running(pid, ticks), patience_s=wait_s):
            return
    raise EngineError(f"process {pid} does not end, not even when forced")


def mentioning(text: str) -> Sequence[tuple[int, int]]:
    """
    Return (pid, start time in ticks) of the processes whose command line holds a text.

    Meant for a folder that is one engine's alone: containerd and its shims name it in theirs.
    """
    found: list[tuple[int, int]] = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            words = (folder / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        pid = int(folder.name)
        ticks = started_ticks(pid)
        if ticks is not None and pid != os.getpid() and _program_mentions(words, text):
            found.append((pid, ticks))
    return found


def members(groups: Sequence[Path]) -> Sequence[tuple[int, int]]:
    """Return (pid, start time in ticks) of the processes in control groups and those below."""
    pids = {
        int(word)
        for group in groups
        for file in group.rglob("cgroup.procs")
        for word in file.read_text(encoding="ascii").split()
    }
    ages = ((pid, started_ticks(pid)) for pid in sorted(pids))
    return [(pid, ticks) for pid, ticks in ages if ticks is not None]


def _program_mentions(words: Sequence[bytes], text: str) -> bool:
    """Tell whether it is an engine's program that has the text in an argument."""
    program = Path(words[0].decode(errors="replace")).name
    ours = program.startswith(("dockerd", "containerd", "docker-proxy", "runc"))
    return ours and any(text.encode() in word for word in words[1:])


def wait_until(holds: Callable[[], bool], *, patience_s: float) -> bool:
    """Return True as soon as the condition holds, False when patience runs out."""
    deadline = time.monotonic() + patience_s
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(POLL_S)
    return True


def tail(log: Path, *, lines: int = 15) -> str:
    """Return the last lines of a log; empty if there is none."""
    try:
        text = log.read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return ""
    return "\n".join(text.splitlines()[-lines:])
