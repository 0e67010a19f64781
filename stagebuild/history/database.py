"""
The file: opened, brought to the newest schema, and set aside when it is broken.

SQLite in WAL mode, so that readers never wait and writers wait for each other instead of failing.
``PRAGMA user_version`` is the number of migrations that were applied.
"""

from __future__ import annotations

import os
import sqlite3
import time
from typing import TYPE_CHECKING

from stagebuild.errors import HistoryError

if TYPE_CHECKING:
    from collections.abc import Sequence

WAIT_S = 20.0
"""How long a writer waits for the others: sixteen at once, on a slow disk."""

MIGRATIONS: tuple[str, ...] = (
    """
    CREATE TABLE builds (
        id INTEGER PRIMARY KEY,
        uid TEXT NOT NULL UNIQUE,
        environment TEXT NOT NULL,
        outcome TEXT NOT NULL,
        started_s REAL NOT NULL,
        digest TEXT,
        document BLOB NOT NULL
    ) STRICT;
    CREATE INDEX builds_by_time ON builds (environment, started_s);
    CREATE INDEX builds_by_digest ON builds (digest) WHERE digest IS NOT NULL;
    """,
    """
    CREATE TABLE step_keys (
        key TEXT NOT NULL,
        builder TEXT NOT NULL,
        seen_s REAL NOT NULL,
        PRIMARY KEY (key, builder)
    ) WITHOUT ROWID, STRICT;
    CREATE TABLE selections (
        digest TEXT PRIMARY KEY,
        seen_s REAL NOT NULL,
        listing BLOB NOT NULL
    ) WITHOUT ROWID, STRICT;
    """,
    """
    CREATE TABLE runs (
        id INTEGER PRIMARY KEY,
        started_s REAL NOT NULL,
        document BLOB NOT NULL
    ) STRICT;
    """,
)
"""Each one once, in order; never changed after a release, only added to."""

_BROKEN = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})


def connect(path: str, *, migrations: Sequence[str] = MIGRATIONS) -> sqlite3.Connection:
    """
    Return a connection to the file, which is made when there is none, at the newest schema.

    The connection is in autocommit mode: ``BEGIN IMMEDIATE`` starts what belongs together.

    Raises:
        HistoryError: The folder or file can't be written, or a newer stagebuild wrote it.
        sqlite3.DatabaseError: It is no database; see ``is_broken``.
    """
    try:
        os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)  # noqa: PTH103, PTH120 - pathlib is not loaded on this path
        connection = sqlite3.connect(
            path, timeout=WAIT_S, isolation_level=None, check_same_thread=False
        )
    except (OSError, sqlite3.OperationalError) as error:
        raise HistoryError(f"can't be opened: {error}", path=path) from error
    try:
        _prepare(connection, path, migrations)
    except sqlite3.OperationalError as error:
        connection.close()
        raise HistoryError(f"can't be used: {error}", path=path) from error
    except BaseException:
        connection.close()
        raise
    return connection


def _prepare(connection: sqlite3.Connection, path: str, migrations: Sequence[str]) -> None:
    version = _version(connection)
    if version < len(migrations):
        if version == 0:
            connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
        _turn_to_wal(connection)
        connection.execute("BEGIN IMMEDIATE")
        try:
            # Another process may have been here while we waited for the lock.
            for number in range(_version(connection), len(migrations)):
                for statement in migrations[number].split(";"):
                    connection.execute(statement)
                connection.execute(f"PRAGMA user_version = {number + 1}")
            connection.execute("COMMIT")
        except BaseException:
            connection.execute("ROLLBACK")
            raise
        version = _version(connection)
    if version > len(migrations):
        raise HistoryError(
            f"was written by a newer stagebuild (schema {version}, this one knows "
            f"{len(migrations)})",
            path=path,
            hint="upgrade stagebuild, or name another file in STAGEBUILD_HISTORY",
        )
    # A lost commit after a power failure is a build that is not remembered; WAL stays consistent.
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute("PRAGMA foreign_keys = ON")


def _version(connection: sqlite3.Connection) -> int:
    row: tuple[int] = connection.execute("PRAGMA user_version").fetchone()
    return row[0]


def _turn_to_wal(connection: sqlite3.Connection) -> None:
    """Turn WAL on; SQLite does not wait for a lock here, so we do."""
    deadline_s = time.monotonic() + WAIT_S
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > deadline_s:
                raise
            time.sleep(0.01)
        else:
            return


def is_broken(error: sqlite3.Error) -> bool:
    """Whether the file's content is to blame, as opposed to a lock, a full disk or our SQL."""
    return getattr(error, "sqlite_errorcode", None) in _BROKEN


def set_aside(path: str, *, now_s: float) -> str:
    """
    Rename a broken file, and what SQLite keeps next to it, and return its new path.

    Of several processes that find it broken, the first one moves it; to the others it is gone.

    Raises:
        HistoryError: It can't be renamed.
    """
    stamp = time.strftime("%Y%m%dT%H%M%S", time.gmtime(now_s))
    aside = f"{path}.broken-{stamp}"
    for suffix in ("-wal", "-shm", ""):
        try:
            os.replace(path + suffix, aside + suffix)  # noqa: PTH105 - as above
        except FileNotFoundError:
            continue
        except OSError as error:
            raise HistoryError(f"is broken, and can't be set aside: {error}", path=path) from error
    return aside
