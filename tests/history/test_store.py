"""The history keeps what it is given: in order, within its size, whoever else writes."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from stagebuild.errors import HistoryError
from stagebuild.history import BuildRecord, GitState, History, Machine
from stagebuild.history.database import MIGRATIONS, connect
from stagebuild.values import replaced

if TYPE_CHECKING:
    from collections.abc import Callable

    Make = Callable[..., BuildRecord]


def test_a_record_comes_back_as_it_was(history: History, record: Make) -> None:
    git = GitState(sha="a" * 40, branch=None, dirty=True)
    machine = Machine(name="ci-1", system="Linux x86_64", processors=2)
    whole = replaced(record(), git=git, machine=machine, overheads={"push": 1.5}, tags=("shop:1",))
    history.add(whole)
    assert history.builds() == [whole]


def test_builds_come_newest_first(history: History, record: Make) -> None:
    history.add(record(1), record(3), record(2))
    assert [build.uid[-1] for build in history.builds()] == ["3", "2", "1"]


def test_builds_of_one_environment_can_be_asked_for(history: History, record: Make) -> None:
    history.add(record(1), record(2, environment="dev"))
    assert [build.environment for build in history.builds("dev")] == ["dev"]


def test_environments_come_with_their_counts_last_built_first(
    history: History, record: Make
) -> None:
    history.add(record(1), record(2), record(3, environment="dev"))
    assert list(history.environments().items()) == [("dev", 1), ("prod", 2)]


def test_a_build_is_remembered_once(history: History, record: Make) -> None:
    assert (history.add(record(1)), history.add(record(1))) == (1, 0)


def test_a_build_is_found_by_its_image(history: History, record: Make) -> None:
    history.add(record(1), record(2, digest=record(1).digest), record(3))
    found = history.with_digest(record(1).digest or "")
    assert found is not None
    assert found.uid == record(2).uid


def test_pruning_keeps_the_newest_of_each_environment(history: History, record: Make) -> None:
    history.add(*map(record, range(5)), record(9, environment="dev"))
    assert history.prune(keep=2) == 3
    assert [build.uid[-1] for build in history.builds()] == ["9", "4", "3"]


def test_pruning_by_age_forgets_what_is_older(history: History, record: Make) -> None:
    history.add(*map(record, range(5)))
    assert history.prune(before_s=record(3).started_s) == 3


def test_the_oldest_builds_go_when_the_file_holds_too_much(tmp_path: Path, record: Make) -> None:
    most_bytes = 200_000
    with History(tmp_path / "h.sqlite", most_bytes=most_bytes) as history:
        for number in range(60):
            history.add(*(record(number * 20 + each) for each in range(20)))
        uids = [int(build.uid, 16) for build in history.builds()]
        assert uids == list(range(1199, 1199 - len(uids), -1))
        assert 0 < len(uids) < 1200
    assert Path(history.path).stat().st_size <= most_bytes * 1.1


def test_what_is_exported_can_be_imported_elsewhere(
    history: History, record: Make, tmp_path: Path
) -> None:
    history.add(*map(record, range(3)))
    with History(tmp_path / "other.sqlite") as other:
        other.add(record(1))
        assert other.import_lines(history.export()) == 2
        assert other.builds() == history.builds()


@pytest.mark.parametrize(
    "lines",
    [
        [],
        ["[]"],
        ["{}"],
        ['{"stagebuild-history": 99}'],
        ["no json"],
        ['{"stagebuild-history": 1}', '{"version": 1}'],
        ['{"stagebuild-history": 1}', '{"version": 99}'],
        ['{"stagebuild-history": 1}', "[1]"],
    ],
)
def test_what_is_no_export_is_refused_and_adds_nothing(history: History, lines: list[str]) -> None:
    with pytest.raises(ValueError, match=r"history|record|JSON|value"):
        history.import_lines(lines)
    assert history.builds() == []


def test_a_broken_file_is_set_aside_and_said_so(history: History, record: Make) -> None:
    path = Path(history.path)
    path.parent.mkdir()
    path.write_bytes(b"this is no database, whatever its name says" * 100)
    history.add(record(1))
    assert [build.uid for build in history.builds()] == [record(1).uid]
    aside = [each for each in path.parent.iterdir() if ".broken-" in each.name]
    assert len(aside) == 1
    assert history.notice is not None
    assert str(aside[0]) in history.notice


def test_a_file_that_breaks_in_the_middle_is_set_aside(history: History, record: Make) -> None:
    history.add(*map(record, range(200)))
    history.close()
    path = Path(history.path)
    whole = path.read_bytes()
    path.write_bytes(whole[:100] + b"\xff" * (len(whole) - 100))
    assert history.add(record(1)) == 1
    assert history.notice is not None


def test_a_folder_that_cannot_be_written_is_one_error_with_the_path(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    history = History(tmp_path / "file" / "h.sqlite")
    with pytest.raises(HistoryError, match=r"h\.sqlite: can't be opened"):
        history.builds()


def test_a_file_of_a_newer_version_is_left_alone(history: History) -> None:
    history.open()
    with sqlite3.connect(history.path) as newer:
        newer.execute("PRAGMA user_version = 99")
    newer.close()
    history.close()
    with pytest.raises(HistoryError, match="newer stagebuild"):
        history.builds()


def test_an_older_file_is_migrated_and_keeps_its_builds(history: History, record: Make) -> None:
    history.add(record(1))
    history.close()
    newer = (*MIGRATIONS, "ALTER TABLE builds ADD COLUMN colour TEXT; CREATE TABLE more (a TEXT)")
    connection = connect(history.path, migrations=newer)
    assert connection.execute("SELECT uid, colour FROM builds").fetchall() == [
        (record(1).uid, None)
    ]
    assert connection.execute("PRAGMA user_version").fetchone() == (len(newer),)
    connection.close()


def test_a_migration_that_fails_changes_nothing(history: History, record: Make) -> None:
    history.add(record(1))
    history.close()
    broken = (*MIGRATIONS, "CREATE TABLE half (a TEXT); SELECT nothing FROM nowhere")
    with pytest.raises(HistoryError, match="can't be used"):
        connect(history.path, migrations=broken)
    assert history.builds() == [record(1)]


_WRITER = """
import sys
from stagebuild.history import History
from tests_history_record import make_record
with History(sys.argv[1]) as history:
    for number in range(25):
        history.add(make_record(int(sys.argv[2]) * 1000 + number))
"""


def test_sixteen_writers_at_once_lose_nothing(tmp_path: Path) -> None:
    (tmp_path / "tests_history_record.py").write_text(
        Path(__file__).with_name("conftest.py").read_text()
    )
    root = str(Path(__file__).parents[2])
    path = tmp_path / "new" / "h.sqlite"
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", _WRITER, str(path), str(writer)],
            env={"PYTHONPATH": f"{root}:{tmp_path}"},
        )
        for writer in range(16)
    ]
    assert [writer.wait() for writer in writers] == [0] * 16
    with History(path) as history:
        assert len(history.builds()) == 16 * 25


def test_ten_thousand_builds_are_read_in_no_time(tmp_path: Path, record: Make) -> None:
    with History(tmp_path / "h.sqlite") as history:
        history.add(*map(record, range(10_000)))
        started_s = time.perf_counter()
        assert sum(history.environments().values()) == 10_000
        assert len(history.builds("prod", limit=100)) == 100
        assert time.perf_counter() - started_s < 0.25
