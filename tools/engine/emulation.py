"""
Other processors, by qemu: `up --emulation`.

The one thing here that is the whole machine's: the kernel keeps one table of interpreters. Nothing
is installed; the interpreter is registered with the flag F, so the kernel holds the open file and
containers need none of their own. Source: kernel.org, admin-guide/binfmt-misc.rst.
"""

import subprocess
from collections.abc import Sequence
from pathlib import Path

from tools.engine.errors import EngineError
from tools.engine.toolbox import Toolbox

TABLE = Path("/proc/sys/fs/binfmt_misc")
NAME = "qemu-aarch64"
_MOUNTED = "mounted"
_MAGIC = r"\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\xb7\x00"
_MASK = r"\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff"


def registration(interpreter: Path) -> str:
    """Return the line that makes the kernel start arm64 programs with the interpreter."""
    return f":{NAME}:M::{_MAGIC}:{_MASK}:{interpreter}:OCF"


def switch_on(box: Toolbox, marker: Path) -> bool:
    """
    Let the machine run arm64 programs.

    Args:
        box: holds qemu-aarch64-static.
        marker: a file that remembers that it was us.

    Returns:
        False if the machine can do so already; then nothing is touched.
    """
    if (TABLE / NAME).exists():
        return False
    mounted = not (TABLE / "register").exists()
    if mounted:
        _run(["mount", "-t", "binfmt_misc", "binfmt_misc", str(TABLE)])
        if (TABLE / NAME).exists():
            return False
    (TABLE / "register").write_text(
        registration(box.program("qemu-aarch64-static")), encoding="ascii"
    )
    marker.write_text(_MOUNTED if mounted else "", encoding="ascii")
    return True


def switch_off(marker: Path) -> None:
    """Take the interpreter out of the kernel's table, if it was us who put it in."""
    if not marker.exists():
        return
    if (TABLE / NAME).exists():
        (TABLE / NAME).write_text("-1", encoding="ascii")
    if marker.read_text(encoding="ascii") == _MOUNTED:
        _run(["umount", str(TABLE)])
    marker.unlink()


def _run(argv: Sequence[str]) -> None:
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    if done.returncode:
        raise EngineError(
            f"`{' '.join(argv)}` failed: {done.stderr.strip()}",
            remedy="Without binfmt_misc no arm64 program runs here; leave out --emulation.",
        )
