"""A child process is read without blocking, ends when asked, and leaves nothing behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from stagebuild.backends.base import Cancel
from stagebuild.backends.buildx.process import Exit, NotStarted, run

if TYPE_CHECKING:
    from collections.abc import Iterator


def ran(source: str, *, cancel: Cancel | None = None, **more: Any) -> tuple[Exit, bytes]:
    """Run Python source; return how it ended and what it wrote to stderr."""
    received: list[bytes] = []
    options: dict[str, Any] = {"receive": received.append, "folder": "/", "environ": os.environ}
    argv = [sys.executable, "-S", "-c", source]
    ended = run(argv, cancel=cancel or Cancel(), **{**options, **more})
    return ended, b"".join(received)


@pytest.fixture(autouse=True)
def nothing_is_left() -> Iterator[None]:
    """No descriptor, thread or child more than before, whatever the test did."""
    before = held()
    yield
    assert held() == before
    with pytest.raises(ChildProcessError):
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)


def test_what_it_writes_is_received_and_its_code_returned() -> None:
    source = "import sys; sys.stderr.write('one\\ntwo'); sys.exit(3)"

    assert ran(source) == (Exit(code=3), b"one\ntwo")


def test_it_is_received_in_the_calling_thread_as_it_comes() -> None:
    began_s = time.monotonic()
    seen: list[tuple[int, bytes, float]] = []
    ran(
        "import os, time; os.write(2, b'a\\n'); time.sleep(0.5)",
        receive=lambda chunk: seen.append(
            (threading.get_ident(), chunk, time.monotonic() - began_s)
        ),
    )

    ((thread, chunk, at_s),) = seen
    assert (thread, chunk) == (threading.get_ident(), b"a\n")
    assert at_s < 0.4


def test_it_gets_the_environment_and_the_folder_given(tmp_path: Path) -> None:
    source = "import os, sys; sys.stderr.write(os.environ['A'] + os.getcwd())"

    _, said = ran(source, environ={"A": "b "}, folder=tmp_path)

    assert said.decode() == f"b {tmp_path}"


def test_stdin_is_at_its_end_and_stdout_never_full() -> None:
    source = "import sys; assert sys.stdin.read() == ''; sys.stdout.write('x' * 10_000_000)"

    assert ran(source)[0] == Exit(code=0)


def test_it_is_in_a_session_of_its_own_without_the_terminal() -> None:
    source = "import os, sys; sys.stderr.write(str(os.getpid() == os.getsid(0) == os.getpgid(0)))"

    assert ran(source)[1] == b"True"


def test_a_signal_that_ended_it_is_its_code() -> None:
    assert ran("import os; os.kill(os.getpid(), 9)")[0] == Exit(code=-signal.SIGKILL)


def test_a_cancellation_ends_its_whole_group() -> None:
    source = (
        "import subprocess, sys\n"
        "child = subprocess.Popen(['sleep', '60'])\n"
        "print(child.pid, file=sys.stderr, flush=True)\n"
        "child.wait()\n"
    )
    cancel = Cancel()
    received: list[bytes] = []

    def receive(chunk: bytes) -> None:
        received.append(chunk)
        cancel.cancel()

    ended, _ = ran(source, cancel=cancel, receive=receive)

    assert ended == Exit(code=-signal.SIGTERM)
    assert not alive(int(received[0]))


def test_it_is_asked_once_to_end() -> None:
    source = (
        "import signal, sys, time\n"
        "times = []\n"
        "signal.signal(signal.SIGTERM, lambda *_: times.append(1))\n"
        "print('ready', file=sys.stderr, flush=True)\n"
        "time.sleep(0.4)\n"
        "sys.exit(40 + len(times))\n"
    )
    cancel = Cancel()

    ended, _ = ran(source, cancel=cancel, receive=lambda _: cancel.cancel())

    assert ended == Exit(code=41)


def test_what_does_not_end_is_killed_after_the_grace() -> None:
    source = (
        "import signal, sys, time\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "print('ready', file=sys.stderr, flush=True)\n"
        "time.sleep(60)\n"
    )
    cancel = Cancel()
    began_s = time.monotonic()

    ended, _ = ran(source, cancel=cancel, receive=lambda _: cancel.cancel(), grace_s=0.3)

    assert ended == Exit(code=-signal.SIGKILL, killed=True)
    assert 0.3 < time.monotonic() - began_s < 2


def test_one_that_closed_its_stderr_and_goes_on_is_killed_after_the_grace() -> None:
    source = (
        "import os, signal, time\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "os.write(2, b'ready'); os.close(2)\n"
        "time.sleep(60)\n"
    )
    cancel = Cancel()

    ended, _ = ran(source, cancel=cancel, receive=lambda _: cancel.cancel(), grace_s=0.3)

    assert ended == Exit(code=-signal.SIGKILL, killed=True)


def test_a_cancellation_from_another_thread_is_heard() -> None:
    cancel = Cancel()
    timer = threading.Timer(0.2, cancel.cancel)
    timer.start()

    ended, _ = ran("import time; time.sleep(60)", cancel=cancel)

    timer.join()
    assert ended == Exit(code=-signal.SIGTERM)


def test_one_that_was_canceled_before_is_ended_at_once() -> None:
    cancel = Cancel()
    cancel.cancel()

    assert ran("import time; time.sleep(60)", cancel=cancel)[0] == Exit(code=-signal.SIGTERM)


def test_a_cancellation_after_its_end_does_nothing() -> None:
    cancel = Cancel()
    ran("pass", cancel=cancel)

    cancel.cancel()


def test_a_receiver_that_raises_ends_it() -> None:
    pids = []

    def receive(chunk: bytes) -> None:
        pids.append(int(chunk))
        raise ValueError("no room")

    with pytest.raises(ValueError, match="no room"):
        ran(
            "import os, time; os.write(2, str(os.getpid()).encode()); time.sleep(60)",
            receive=receive,
        )

    assert not alive(pids[0])


@pytest.fixture
def interruptible() -> Iterator[None]:
    """Let SIGINT interrupt: a shell starts what it puts into the background with it ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interruptible")
def test_an_interrupt_ends_it() -> None:
    def interrupt(_: bytes) -> None:
        os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        ran("import os, time; os.write(2, b'.'); time.sleep(60)", receive=interrupt)


def test_what_it_left_behind_with_its_stderr_does_not_hold_the_build_up() -> None:
    # As an ssh master connection does.
    source = (
        "import subprocess, sys\n"
        "left = subprocess.Popen(['sleep', '60'], start_new_session=True)\n"
        "print(left.pid, file=sys.stderr, flush=True)\n"
    )
    began_s = time.monotonic()

    ended, said = ran(source)

    assert ended == Exit(code=0)
    assert time.monotonic() - began_s < 3
    assert alive(int(said))
    os.kill(int(said), signal.SIGKILL)


def test_a_program_that_is_not_there_is_told_from_a_folder_that_is_not(tmp_path: Path) -> None:
    for argv, folder, of_folder in (
        (["no-such-program"], tmp_path, False),
        ([sys.executable], tmp_path / "missing", True),
    ):
        with pytest.raises(NotStarted) as caught:
            run(argv, environ={}, folder=folder, receive=print, cancel=Cancel())
        assert caught.value.of_folder == of_folder
        assert isinstance(caught.value.error, FileNotFoundError)


def test_a_nul_character_is_not_started() -> None:
    with pytest.raises(NotStarted, match="null"):
        ran("pass", environ={"A": "\0"})


def test_a_million_lines_take_bounded_memory() -> None:
    source = (
        "import sys\n"
        'line = b\'{"logs":[{"vertex":"sha256:a","stream":1,"data":"aGVsbG8K"}]}\\n\'\n'
        "for _ in range(1000): sys.stderr.buffer.write(line * 1000)\n"
    )
    reader = (
        "import os, pathlib, re, sys\n"
        "from stagebuild.backends.base import Cancel\n"
        "from stagebuild.backends.buildx.process import run\n"
        "count = 0\n"
        "def receive(chunk):\n"
        "    global count\n"
        "    count += chunk.count(10)\n"
        f"run([sys.executable, '-c', {source!r}], environ=os.environ, folder='/',"
        " receive=receive, cancel=Cancel())\n"
        # Not ru_maxrss: that begins with what the process was forked from.
        "peak = re.search(r'VmHWM:\\s+(\\d+)', pathlib.Path('/proc/self/status').read_text())[1]\n"
        "print(count, peak)\n"
    )

    done = subprocess.run(
        [sys.executable, "-c", reader], check=True, capture_output=True, text=True
    )

    lines, peak_kb = map(int, done.stdout.split())
    assert lines == 1_000_000
    assert peak_kb < 40_000


def held() -> tuple[set[str], int]:
    """Open descriptors and running threads."""
    return {path.name for path in Path("/proc/self/fd").iterdir()}, threading.active_count()


def alive(pid: int) -> bool:
    """Whether a process is there; one that has ended takes a moment to be reaped by init."""
    for _ in range(50):
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except FileNotFoundError:
            return False
        if state == "Z":
            return False
        time.sleep(0.01)
    return True
