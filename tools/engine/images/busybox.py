"""library/busybox:latest for three processors: one static program from Debian's package."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from tools.engine import debian, oci
from tools.engine.debian import Archive
from tools.engine.images.kitchen import PATH, Kitchen
from tools.engine.oci import Entry, Image

ARCHITECTURES = ("amd64", "i386", "arm64")
"""i386 runs on an amd64 machine as it is; arm64 by emulation."""

_APPLETS = (
    "[ ash awk base64 basename cat chmod chown cp cut date dd df dirname du echo env expr "
    "false find fold free grep gunzip gzip head hostname id install ip kill ln ls md5sum "
    "mkdir mknod mktemp more mount mv nc nproc od paste ping printenv printf ps pwd readlink "
    "realpath rm rmdir sed seq sh sha1sum sha256sum sha512sum sleep sort split stat strings "
    "sync tail tar tee test time timeout top touch tr true truncate tty umount uname uniq "
    "unzip vi wc wget which whoami xargs xxd yes zcat"
)


def images(kitchen: Kitchen) -> Sequence[Image]:
    """Return one image for each processor."""
    return [_image(kitchen, architecture) for architecture in ARCHITECTURES]


def _image(kitchen: Kitchen, architecture: str) -> Image:
    archive = Archive(
        replace(kitchen.archive.release, architecture=architecture), kitchen.archive.folder.parent
    )
    (deb,) = archive.download(["busybox-static"])
    root = kitchen.scratch / f"busybox-{architecture}"
    debian.unpack([deb], root)
    layer = oci.layer(_entries(root / "bin/busybox"), kitchen.scratch / f"{root.name}.tar.gz")
    return Image(
        architecture=architecture,
        layers=[layer],
        settings={"Env": [f"PATH={PATH}"], "Cmd": ["sh"]},
    )


def _entries(program: Path) -> Sequence[Entry]:
    folders = ("bin", "dev", "etc", "home", "root", "usr", "usr/bin", "usr/sbin", "var")
    return [
        *(Entry(path=folder) for folder in folders),
        Entry(path="tmp", mode=0o1777),
        oci.file("etc/passwd", "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534::/:/bin/sh\n"),
        oci.file("etc/group", "root:x:0:\nnogroup:x:65534:\n"),
        oci.file("bin/busybox", program.read_bytes(), mode=0o755),
        *(Entry(path=f"bin/{name}", link="bin/busybox", hard=True) for name in _APPLETS.split()),
    ]
