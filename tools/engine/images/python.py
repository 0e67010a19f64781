"""
library/python:3.11-slim: Debian's Python, moved to where the usual image has it.

Debian's Python lives in /usr and installs into dist-packages; the usual image's lives in
/usr/local and installs into site-packages, and real Dockerfiles copy that folder from stage to
stage. So the packages' files move, and Debian's few patches for it are taken back.
"""

import shutil
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from tools.engine import debian, oci
from tools.engine.errors import EngineError
from tools.engine.images.kitchen import (
    PATH,
    Kitchen,
    installed,
    merged_usr,
    slim,
    tree,
    trust_environment,
)
from tools.engine.oci import Blob, Entry, Image

_MOVED = (
    "libpython3.11-dev",
    "libpython3.11-minimal",
    "libpython3.11-stdlib",
    "python3-distutils",
    "python3-lib2to3",
    "python3.11",
    "python3.11-minimal",
    "python3.11-venv",
)
_LEFT_OUT = ("/sitecustomize.py", "/EXTERNALLY-MANAGED")
_WHEELS = ("python3-pip-whl", "python3-setuptools-whl", "python3-wheel-whl")

LIBRARIES = (
    "ca-certificates",
    "krb5-locales",
    "libexpat1",
    "libgssapi-krb5-2",
    "libk5crypto3",
    "libkeyutils1",
    "libkrb5-3",
    "libkrb5support0",
    "libncursesw6",
    "libnsl2",
    "libreadline8",
    "libsqlite3-0",
    "libssl3",
    "libtirpc-common",
    "libtirpc3",
    "media-types",
    "netbase",
    "openssl",
    "readline-common",
)
"""What Python's modules load and the base lacks; recorded as installed for apt in builds."""

_LIB = "usr/local/lib/python3.11"
_SITE = f"{_LIB}/site-packages"

_PATCHES: Mapping[str, Sequence[tuple[str, str]]] = {
    f"{_LIB}/sysconfig.py": [
        ("prefix_scheme = 'posix_local'", "prefix_scheme = 'posix_prefix'"),
    ],
    f"{_LIB}/site.py": [("dist-packages", "site-packages")],
    # site is frozen into the program; the two names are of one length.
    "usr/local/bin/python3.11": [("dist-packages", "site-packages")],
    f"{_LIB}/distutils/command/install.py": [
        ('select_scheme("unix_local")', 'select_scheme("unix_prefix")'),
    ],
}

_COMMANDS = ("pip", "pip3", "pip3.11")
_SCRIPT = """\
#!/usr/local/bin/python3.11
import sys
from pip._internal.cli.main import main
if __name__ == "__main__":
    sys.exit(main())
"""


def layer(kitchen: Kitchen, *, status: str, known: frozenset[str]) -> Blob:
    """
    Return the layer that makes Debian's base into a Python image.

    Args:
        kitchen: what every recipe works with.
        status: dpkg's database in the base.
        known: the base's folders and links to folders.
    """
    moved = kitchen.archive.download(_MOVED)
    libraries = kitchen.archive.download(LIBRARIES)
    wheels = kitchen.archive.download(_WHEELS)
    entries = [
        *_interpreter(_unpacked(kitchen, moved, "python")),
        *slim(merged_usr(tree(_unpacked(kitchen, [*libraries, *wheels], "python-libraries")))),
        *_pip(kitchen.scratch / "python-libraries"),
        oci.file("etc/pip.conf", kitchen.machine.pip_conf),
        *installed(libraries, status=status),
    ]
    return oci.layer(oci.with_parents(entries, known=known), kitchen.scratch / "python.tar.gz")


def image(kitchen: Kitchen, below: Blob, own: Blob) -> Image:
    """Return the image of the base's layer and our own."""
    return Image(
        architecture=kitchen.archive.release.architecture,
        layers=[below, own],
        settings={
            "Env": [
                f"PATH={PATH}",
                "LANG=C.UTF-8",
                "PYTHON_VERSION=3.11",
                *trust_environment(kitchen.machine),
            ],
            "Cmd": ["python3"],
        },
    )


def _unpacked(kitchen: Kitchen, debs: Sequence[Path], name: str) -> Path:
    folder = kitchen.scratch / name
    shutil.rmtree(folder, ignore_errors=True)
    debian.unpack(debs, folder)
    return folder


def _interpreter(root: Path) -> Iterable[Entry]:
    for entry in tree(root):
        if (path := moved_to(entry.path)) is None:
            continue
        content = entry.content
        for old, new in _PATCHES.get(path, ()):
            content = _patched(path, content or b"", old.encode(), new.encode())
        yield Entry(path=path, content=content, mode=entry.mode, link=entry.link)
    for name in ("python", "python3"):
        yield oci.symlink(f"usr/local/bin/{name}", "python3.11")


def moved_to(path: str) -> str | None:
    """Return where a file of Debian's Python goes in the image; None if it is left out."""
    if "/config-3.11-" in path or path.endswith(_LEFT_OUT):
        return None
    if path.startswith("usr/include/") and path.endswith("linux-gnu/python3.11/pyconfig.h"):
        return path  # named by the one in include/python3.11
    for folder in ("bin/", "lib/python3.11/", "include/python3.11/"):
        if path.startswith(f"usr/{folder}"):
            return f"usr/local/{path.removeprefix('usr/')}"
    return None


def _patched(path: str, content: bytes, old: bytes, new: bytes) -> bytes:
    if old not in content:
        raise EngineError(f"Debian's {path} is not as tools/engine knows it; its patch is to adapt")
    return content.replace(old, new)


def _pip(root: Path) -> Iterable[Entry]:
    """Return pip, setuptools and wheel as `ensurepip` would install them."""
    for wheel in sorted((root / "usr/share/python-wheels").glob("*.whl")):
        with zipfile.ZipFile(wheel) as opened:
            names = [name for name in opened.namelist() if not name.endswith("/")]
            record = next(name for name in names if name.endswith(".dist-info/RECORD"))
            installer = f"{Path(record).parent}/INSTALLER"
            added = [installer]
            if wheel.name.startswith("pip-"):
                added += [f"../../../bin/{name}" for name in _COMMANDS]
            for name in names:
                content = opened.read(name)
                if name == record:  # or uninstalling would leave the rest behind
                    content += "".join(f"{path},,\n" for path in added).encode()
                yield oci.file(f"{_SITE}/{name}", content)
            yield oci.file(f"{_SITE}/{installer}", "pip\n")
    for name in _COMMANDS:
        yield oci.file(f"usr/local/bin/{name}", _SCRIPT, mode=0o755)
