"""Only processes that were started here are ended, however a pid is used again."""

import subprocess
import sys
import time
from pathlib import Path

from tools.engine import processes, state
from tools.engine.places import locked, of_checkout
from tools.engine.state import Record

SLEEP = [sys.executable, "-c", "import time; time.sleep(60)"]


def test_a_started_process_runs_until_it_is_ended(tmp_path: Path) -> None:
    pid, ticks = processes.start(SLEEP, env={}, log=tmp_path / "log")
    assert processes.is_running(pid, ticks)
    processes.end(pid, ticks)
    assert not processes.is_running(pid, ticks)


def test_a_pid_used_again_by_another_program_is_left_alone() -> None:
    with subprocess.Popen(SLEEP) as other:
        ticks = processes.started_ticks(other.pid)
        assert ticks is not None
        processes.end(other.pid, ticks - 1)
        assert other.poll() is None
        other.kill()


def test_a_zombie_counts_as_ended() -> None:
    with subprocess.Popen([sys.executable, "-c", "pass"]) as zombie:
        deadline = time.monotonic() + 10
        while processes.started_ticks(zombie.pid) is not None and time.monotonic() < deadline:
            time.sleep(0.01)
        assert processes.started_ticks(zombie.pid) is None


def test_a_process_that_ignores_the_question_is_forced(tmp_path: Path) -> None:
    stubborn = (
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); "
        "print('ready', flush=True); time.sleep(60)"
    )
    log = tmp_path / "log"
    pid, ticks = processes.start([sys.executable, "-c", stubborn], env={}, log=log)
    assert processes.wait_until(lambda: "ready" in processes.tail(log), patience_s=10)
    processes.end(pid, ticks, patience_s=0.2)
    assert not processes.is_running(pid, ticks)


def test_a_program_that_only_mentions_our_folder_is_not_ours(tmp_path: Path) -> None:
    with subprocess.Popen([*SLEEP, str(tmp_path)]) as other:
        assert processes.mentioning(str(tmp_path)) == []
        other.kill()


def test_a_record_survives_being_written_and_read(tmp_path: Path) -> None:
    record = Record(
        name="28.5", pid=7, started_ticks=11, address="unix:///x", bridge="sb", block="10.0.0.0/20"
    )
    state.write(tmp_path, record)
    assert state.read(tmp_path, "28.5") == record
    assert state.read_all(tmp_path) == {"28.5": record}
    state.forget(tmp_path, "28.5")
    assert state.read(tmp_path, "28.5") is None


def test_a_record_that_is_no_record_counts_as_none(tmp_path: Path) -> None:
    (tmp_path / "28.5.json").write_text('{"name": "28.5", "pid": ')
    (tmp_path / "26.1.json").write_text('{"name": "26.1"}')
    assert state.read_all(tmp_path) == {}


def test_two_checkouts_have_nothing_in_common(tmp_path: Path) -> None:
    one, other = (of_checkout(tmp_path / name) for name in ("one", "other"))
    assert one.key != other.key
    assert one.run != other.run
    assert one.home != other.home


def test_a_socket_path_stays_short_however_deep_the_checkout_is(tmp_path: Path) -> None:
    places = of_checkout(tmp_path / ("deep/" * 40))
    assert len(f"{places.runtime('26.1-containerd')}/docker.sock") < 108


def test_a_second_call_is_told_that_it_waits(tmp_path: Path) -> None:
    class _Told(Exception):
        pass

    def tell() -> None:
        raise _Told

    told = False
    with locked(tmp_path / "lock"):
        try:
            with locked(tmp_path / "lock", on_wait=tell):
                pass
        except _Told:
            told = True
    assert told
