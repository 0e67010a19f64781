"""Files that scripts and make read: replaced whole, and only when their content changes."""

from __future__ import annotations

import os
from pathlib import Path


def write_if_changed(path: Path, text: str) -> None:
    """
    Give ``path`` this content, atomically; leave it untouched when it has it already.

    A reader sees the old content or the new one, never a part; ``make`` sees a newer file only when
    something changed.

    Raises:
        OSError: The folder does not exist, or can't be written to.
    """
    import tempfile  # noqa: PLC0415 - 3 ms that a run without such a file does not pay

    wanted = text.encode()
    try:
        if path.read_bytes() == wanted:
            return
    except FileNotFoundError:
        pass
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(wanted)
            os.fchmod(file.fileno(), 0o666 & ~_umask())
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _umask() -> int:
    """Return the process' umask, which can only be read by setting it."""
    current = os.umask(0o077)
    os.umask(current)
    return current
