"""
Where everything lies: downloads and data in the checkout, sockets and state in /run.

The state is in /run because it names processes and bridges, which a reboot takes away too, and
because a socket's path is limited to 108 characters.
"""

import fcntl
import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

RUN_ROOT = Path("/run/stagebuild")
"""Of all checkouts on the machine, so that they can see which networks the others took."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """
    The folders of one checkout's engines.

    Attributes:
        home: `.engine/` in the checkout: programs, image stores, logs.
        run: sockets, pidfiles and state.
        key: six hexadecimal characters that tell this checkout from others on the machine.
    """

    home: Path
    run: Path
    key: str

    @property
    def logs(self) -> Path:
        """One file for every engine, and one for the registry."""
        return self.home / "logs"

    @property
    def toolboxes(self) -> Path:
        """Unpacked packages, a folder for each suite and purpose."""
        return self.home / "toolboxes"

    @property
    def apt(self) -> Path:
        """Package lists and downloaded packages."""
        return self.home / "apt"

    @property
    def clients(self) -> Path:
        """The docker command of every engine with its configuration."""
        return self.home / "clients"

    @property
    def lock(self) -> Path:
        """Held during an up or a down. It is outside `home`, which `clean` removes."""
        return self.run.with_name(f"{self.key}.lock")

    def data(self, name: str) -> Path:
        """Return the image store of an engine, or the registry's storage."""
        return self.home / "data" / name

    def runtime(self, name: str) -> Path:
        """Return the folder of an engine's socket, pidfile and running containers."""
        return self.run / name

    def prepare(self) -> None:
        """Create the folders that have to be there before anything else; git ignores `home`."""
        for folder in (self.home, self.logs, self.toolboxes, self.apt, self.run):
            folder.mkdir(parents=True, exist_ok=True)
        (self.home / ".gitignore").write_text("*\n", encoding="utf-8")


def of_checkout(checkout: Path, *, run_root: Path = RUN_ROOT) -> Places:
    """Return the places of the engines that belong to the checkout at this folder."""
    key = hashlib.sha256(str(checkout.resolve()).encode()).hexdigest()[:6]
    return Places(home=checkout.resolve() / ".engine", run=run_root / key, key=key)


@contextmanager
def locked(path: Path, *, on_wait: Callable[[], None] = lambda: None) -> Iterator[None]:
    """
    Hold the lock file at `path`; the kernel frees it if we die.

    Args:
        path: created if it is not there, and never removed.
        on_wait: called once if another call holds it, before waiting for that one.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            on_wait()
            fcntl.flock(file, fcntl.LOCK_EX)
        yield
