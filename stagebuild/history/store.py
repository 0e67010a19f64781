"""The history of one project: builds put in and taken out."""

from __future__ import annotations

import json
import os
import time
import zlib
from contextlib import contextmanager
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Self, TypeVar

from stagebuild.errors import HistoryError
from stagebuild.history.inputs import (
    forget_keys,
    has_listing,
    known_keys,
    listing,
    remember_keys,
    remember_listings,
)
from stagebuild.history.places import history_path
from stagebuild.history.records import BuildRecord, document_of, record_of
from stagebuild.history.runs import insert_run, newest_runs

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from stagebuild.model import Project

T = TypeVar("T")

MOST_BYTES = 128 * 1024 * 1024
"""What the file may hold; the oldest builds go first."""

EXPORT_VERSION = 1

_NEWEST_FIRST = "ORDER BY started_s DESC, id DESC"


class History:
    """
    What is remembered of a project's builds.

    The file is opened when it is first needed. One ``History`` serves one thread at a time; any
    number of them, and of processes, share a file.

    Args:
        path: The file; made when something is first written.
        most_bytes: What it may hold.

    Attributes:
        path: The file.
        notice: What has to be told: that a broken file was set aside. None otherwise.
    """

    def __init__(self, path: str | os.PathLike[str], *, most_bytes: int = MOST_BYTES) -> None:
        self.path = os.path.abspath(path)  # noqa: PTH100 - pathlib is not loaded on this path
        self.notice: str | None = None
        self._most_bytes = most_bytes
        self._connection: sqlite3.Connection | None = None

    @classmethod
    def of_project(
        cls, project: Project, *, environ: Mapping[str, str] | None = None
    ) -> Self | None:
        """Return the project's history, or None when ``STAGEBUILD_HISTORY`` turns it off."""
        path = history_path(str(project.root), os.environ if environ is None else environ)
        return None if path is None else cls(path)

    def close(self) -> None:
        """Close the file; using the history again opens it again."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def open(self) -> None:
        """
        Open the file now instead of when it is first needed.

        Raises:
            HistoryError: As every method here: it can't be read or written.
        """
        self._do(lambda _: None)

    def add(
        self,
        *records: BuildRecord,
        listings: Mapping[str, Mapping[str, str]] = MappingProxyType({}),
    ) -> int:
        """
        Remember builds and return how many of them were new. Keeps the file within its size.

        Args:
            records: The builds.
            listings: The files of selections, by the selection's digest, as far as they are new.

        Raises:
            HistoryError: It can't be written.
        """

        def insert(connection: sqlite3.Connection) -> int:
            with _transaction(connection):
                before = connection.total_changes
                connection.executemany(
                    "INSERT OR IGNORE INTO builds"
                    " (uid, environment, outcome, started_s, digest, document)"
                    " VALUES (?, ?, ?, ?, ?, ?)",
                    map(_row, records),
                )
                added = connection.total_changes - before
                for record in records:
                    remember_keys(connection, record)
                remember_listings(connection, listings, seen_s=time.time())
                return added

        added = self._do(insert)
        self._do(self._shrink)
        return added

    def builds(
        self,
        environment: str | None = None,
        *,
        limit: int | None = None,
        outcome: str | None = None,
        before: BuildRecord | None = None,
    ) -> list[BuildRecord]:
        """
        Return builds, newest first.

        Args:
            environment: Of this environment alone, when given.
            limit: At most so many.
            outcome: With this outcome alone, when given; see ``OUTCOMES``.
            before: Begun before this one alone, when given.

        Raises:
            HistoryError: It can't be read.
        """
        wanted, values = _where(
            ("environment = ?", environment),
            ("outcome = ?", outcome),
            ("started_s < ?", None if before is None else before.started_s),
        )
        rows = self._do(
            lambda connection: connection.execute(
                f"SELECT document FROM builds {wanted} {_NEWEST_FIRST} LIMIT ?",  # noqa: S608 - no text of strangers
                (*values, -1 if limit is None else limit),
            ).fetchall()
        )
        return [_read(document) for (document,) in rows]

    def environments(self) -> dict[str, int]:
        """
        Return how many builds there are by environment, the one built last first.

        Raises:
            HistoryError: It can't be read.
        """
        rows: list[tuple[str, int]] = self._do(
            lambda connection: connection.execute(
                "SELECT environment, count(*) FROM builds"
                " GROUP BY environment ORDER BY max(started_s) DESC"
            ).fetchall()
        )
        return dict(rows)

    def with_digest(self, digest: str) -> BuildRecord | None:
        """
        Return the newest build that made this image, or None.

        Raises:
            HistoryError: It can't be read.
        """
        row = self._do(
            lambda connection: connection.execute(
                f"SELECT document FROM builds WHERE digest = ? {_NEWEST_FIRST} LIMIT 1",  # noqa: S608 - no text of strangers
                (digest,),
            ).fetchone()
        )
        return None if row is None else _read(row[0])

    def known_keys(self, keys: Iterable[str], builder: str | None = None) -> set[str]:
        """
        Return those of the keys whose results a builder has had; None means any builder.

        Raises:
            HistoryError: It can't be read.
        """
        wanted = list(keys)
        return self._do(lambda connection: known_keys(connection, wanted, builder))

    def listing(self, digest: str) -> Mapping[str, str] | None:
        """
        Return the files of a selection, each with what tells its state, or None when forgotten.

        Raises:
            HistoryError: It can't be read.
        """
        return self._do(lambda connection: listing(connection, digest))

    def has_listing(self, digest: str) -> bool:
        """
        Say whether the files of a selection are known.

        Raises:
            HistoryError: It can't be read.
        """
        return self._do(lambda connection: has_listing(connection, digest))

    def prune(self, *, keep: int | None = None, before_s: float | None = None) -> int:
        """
        Forget old builds and return how many.

        Args:
            keep: Of each environment the newest so many stay.
            before_s: What began before this moment goes.

        Raises:
            HistoryError: It can't be written.
        """

        def delete(connection: sqlite3.Connection) -> int:
            with _transaction(connection):
                before = connection.total_changes
                if keep is not None:
                    connection.execute(
                        "DELETE FROM builds WHERE id IN (SELECT id FROM (SELECT id, row_number()"
                        " OVER (PARTITION BY environment ORDER BY started_s DESC, id DESC) AS age"
                        " FROM builds) WHERE age > ?)",
                        (keep,),
                    )
                if before_s is not None:
                    connection.execute("DELETE FROM builds WHERE started_s < ?", (before_s,))
                deleted = connection.total_changes - before
                forget_keys(connection)
            _give_back(connection)
            return deleted

        return self._do(delete)

    def add_run(self, document: Mapping[str, Any]) -> None:
        """
        Remember a whole run, as its document; of the oldest ones only the builds stay.

        Args:
            document: As ``stagebuild.report.runs.witness`` makes it, secrets taken out.

        Raises:
            HistoryError: It can't be written.
        """

        def insert(connection: sqlite3.Connection) -> None:
            insert_run(connection, document)

        self._do(insert)

    def runs(self, *, limit: int) -> list[dict[str, Any]]:
        """
        Return the documents of whole runs, newest first.

        Raises:
            HistoryError: It can't be read.
        """
        return self._do(lambda connection: newest_runs(connection, limit))

    def export(self) -> Iterator[str]:
        """
        Yield the history as lines of JSON, oldest build first; ``import_lines`` reads them.

        Raises:
            HistoryError: It can't be read.
        """
        yield json.dumps({"stagebuild-history": EXPORT_VERSION}) + "\n"
        for record in reversed(self.builds()):
            yield json.dumps(document_of(record), ensure_ascii=False) + "\n"

    def import_lines(self, lines: Iterable[str]) -> int:
        """
        Add what ``export`` gave, and return how many builds were new.

        Raises:
            ValueError: These are no such lines; nothing was added.
            HistoryError: It can't be written.
        """
        found = [json.loads(line) for line in lines if line.strip()]
        header = found[0] if found and isinstance(found[0], dict) else {}
        if header.get("stagebuild-history") != EXPORT_VERSION:
            raise ValueError("this is no exported history of stagebuild, or one of another version")
        return self.add(*(record_of(document) for document in found[1:]))

    def _do(self, action: Callable[[sqlite3.Connection], T]) -> T:
        """Return what ``action`` makes of the connection; a broken file is set aside first."""
        import sqlite3  # noqa: PLC0415 - 5 ms that only a process with a history pays

        from stagebuild.history.database import connect, is_broken, set_aside  # noqa: PLC0415

        for attempt in (1, 2):
            try:
                if self._connection is None:
                    self._connection = connect(self.path)
                return action(self._connection)
            except sqlite3.Error as error:
                self.close()
                if not is_broken(error) or attempt > 1:
                    raise HistoryError(str(error), path=self.path) from error
                aside = set_aside(self.path, now_s=time.time())
                self.notice = f"{self.path} was broken ({error}); it is now {aside}"
        raise AssertionError  # pragma: no cover - the second attempt returns or raises

    def _shrink(self, connection: sqlite3.Connection) -> None:
        """Forget the oldest tenth of the builds as often as the file holds too much."""
        while _used_bytes(connection) > self._most_bytes:
            with _transaction(connection):
                done = connection.execute(
                    "DELETE FROM builds WHERE id IN (SELECT id FROM builds ORDER BY started_s"
                    " LIMIT max(1, (SELECT count(*) FROM builds) / 10))"
                )
                forget_keys(connection)
            _give_back(connection)
            if done.rowcount == 0:
                return


@contextmanager
def _transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """Hold the write lock: what is done inside is done whole, or not at all."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _used_bytes(connection: sqlite3.Connection) -> int:
    pages: int = connection.execute("PRAGMA page_count").fetchone()[0]
    free: int = connection.execute("PRAGMA freelist_count").fetchone()[0]
    size: int = connection.execute("PRAGMA page_size").fetchone()[0]
    return (pages - free) * size


def _give_back(connection: sqlite3.Connection) -> None:
    """Give free pages back to the file system."""
    connection.execute("PRAGMA incremental_vacuum").fetchall()


def _where(*conditions: tuple[str, str | float | None]) -> tuple[str, list[str | float]]:
    """Return the clause of the conditions that have a value, and the values."""
    given = [(text, value) for text, value in conditions if value is not None]
    if not given:
        return "", []
    return "WHERE " + " AND ".join(text for text, _ in given), [value for _, value in given]


def _row(record: BuildRecord) -> tuple[object, ...]:
    text = json.dumps(document_of(record), separators=(",", ":"), ensure_ascii=False)
    return (
        record.uid,
        record.environment,
        record.outcome,
        record.started_s,
        record.digest,
        zlib.compress(text.encode(), 3),
    )


def _read(document: bytes) -> BuildRecord:
    return record_of(json.loads(zlib.decompress(document)))
