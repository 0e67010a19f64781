"""A wire that keeps what is written, and a tree that is in memory."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from stagebuild.context.filestat import Stat

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


@dataclass
class MemoryWire:
    """Keeps what a connection sends."""

    sent: bytearray = field(default_factory=bytearray)
    closed: bool = False
    asked: bool = False

    def write(self, data: bytes) -> None:
        if not self.closed:
            self.sent += data

    def full(self) -> bool:
        return False

    def ask_room(self) -> None:
        self.asked = True

    def close(self) -> None:
        self.closed = True

    def take(self) -> bytes:
        data = bytes(self.sent)
        self.sent.clear()
        return data


@dataclass
class MemoryTree:
    """Files by path; their contents are served through pipes of the system."""

    files: dict[bytes, bytes]

    def entries(
        self, *, excludes: Sequence[str], includes: Sequence[str], follow_paths: Sequence[str]
    ) -> Iterator[Stat]:
        del excludes, includes, follow_paths
        for path in sorted(self.files):
            yield Stat(path, 0o644, len(self.files[path]), 1)

    def open(self, path: bytes) -> int:
        descriptor = os.memfd_create("tree")
        os.write(descriptor, self.files[path])
        os.lseek(descriptor, 0, os.SEEK_SET)
        return descriptor


@pytest.fixture
def wire() -> MemoryWire:
    return MemoryWire()


@pytest.fixture
def tree() -> type[MemoryTree]:
    return MemoryTree


@pytest.fixture
def open_descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))
