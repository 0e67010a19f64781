"""
Whole runs, kept as documents: the newest alone, since they are large.

A run has what a report needs and a build's record does not have: when steps ran, and their logs.
"""

from __future__ import annotations

import json
import zlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping

MOST_RUNS = 20
"""How many are kept."""


def insert_run(connection: sqlite3.Connection, document: Mapping[str, Any]) -> None:
    """Keep a run, and forget the oldest when there are too many."""
    text = json.dumps(document, separators=(",", ":"), ensure_ascii=False)
    connection.execute("BEGIN IMMEDIATE")
    try:
        connection.execute(
            "INSERT INTO runs (started_s, document) VALUES (?, ?)",
            (document["started_s"] or 0.0, zlib.compress(text.encode("utf-8", "replace"), 1)),
        )
        connection.execute(
            "DELETE FROM runs WHERE id NOT IN"
            " (SELECT id FROM runs ORDER BY started_s DESC, id DESC LIMIT ?)",
            (MOST_RUNS,),
        )
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise


def newest_runs(connection: sqlite3.Connection, limit: int) -> list[dict[str, Any]]:
    """Return the documents of the newest runs, newest first."""
    rows = connection.execute(
        "SELECT document FROM runs ORDER BY started_s DESC, id DESC LIMIT ?", (limit,)
    ).fetchall()
    return [json.loads(zlib.decompress(document)) for (document,) in rows]
