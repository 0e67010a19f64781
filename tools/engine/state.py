"""What runs, as recorded between two calls of the tool: one JSON file a process."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

SUFFIX = ".json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """
    One process that we started.

    Attributes:
        name: an engine's name, or `registry`.
        pid: of the process.
        started_ticks: its start time as /proc/PID/stat field 22 tells it, in clock ticks since
            boot: a pid used again by another program has another start time.
        address: `unix:///…` of an engine, `localhost:PORT` of the registry.
        bridge: the engine's own bridge; empty for the registry.
        block: the IPv4 block that the engine's networks come from; empty for the registry.
    """

    name: str
    pid: int
    started_ticks: int
    address: str
    bridge: str = ""
    block: str = ""


def write(folder: Path, record: Record) -> None:
    """Record a process; the file is complete or absent, never half-written."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{record.name}{SUFFIX}"
    draft = path.with_suffix(".tmp")
    draft.write_text(json.dumps(asdict(record), indent=2) + "\n", encoding="utf-8")
    draft.replace(path)


def read(folder: Path, name: str) -> Record | None:
    """Return the record of that name; None if there is none, or none that can be read."""
    try:
        value = json.loads((folder / f"{name}{SUFFIX}").read_text(encoding="utf-8"))
    except (FileNotFoundError, json.JSONDecodeError):
        return None
    return parse(value)


def read_all(folder: Path) -> Mapping[str, Record]:
    """Return every readable record in the folder by its name, in the order of the names."""
    names = sorted(path.name.removesuffix(SUFFIX) for path in folder.glob(f"*{SUFFIX}"))
    records = ((name, read(folder, name)) for name in names)
    return {name: record for name, record in records if record is not None}


def forget(folder: Path, name: str) -> None:
    """Remove the record of that name, if there is one."""
    (folder / f"{name}{SUFFIX}").unlink(missing_ok=True)


def parse(value: Any) -> Record | None:
    """Return the record that a JSON value holds; None if it is not one of ours."""
    match value:
        case {
            "name": str(name),
            "pid": int(pid),
            "started_ticks": int(ticks),
            "address": str(address),
            "bridge": str(bridge),
            "block": str(block),
        }:
            return Record(
                name=name,
                pid=pid,
                started_ticks=ticks,
                address=address,
                bridge=bridge,
                block=block,
            )
    return None
