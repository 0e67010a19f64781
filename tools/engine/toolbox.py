"""The unpacked programs of one suite, and the PATH and library path that find them."""

import hashlib
import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tools.engine import debian, specs
from tools.engine.debian import Archive, Release
from tools.engine.places import Places, locked

_PROGRAM_FOLDERS = ("links", "usr/sbin", "usr/bin", "sbin", "bin")


@dataclass(frozen=True, slots=True, kw_only=True)
class Toolbox:
    """
    An unpacked set of packages.

    Attributes:
        root: the folder that stands for `/`.
    """

    root: Path

    @property
    def programs(self) -> Sequence[Path]:
        """The folders for PATH, first one first."""
        return [self.root / folder for folder in _PROGRAM_FOLDERS]

    @property
    def libraries(self) -> Sequence[Path]:
        """The folders for LD_LIBRARY_PATH."""
        return sorted([*self.root.glob("usr/lib/*-linux-gnu"), *self.root.glob("lib/*-linux-gnu")])

    def program(self, name: str) -> Path:
        """Return the path of a program; FileNotFoundError if the packages hold none."""
        for folder in self.programs:
            if (path := folder / name).exists():
                return path
        raise FileNotFoundError(f"no {name} in {self.root}")


def environment(boxes: Sequence[Toolbox], environ: Mapping[str, str]) -> dict[str, str]:
    """
    Return a process environment in which the toolboxes' programs come first.

    Args:
        boxes: first one first; libraries come from the last one only, the support suite's,
            since a newer suite's may need a newer libc than the machine has.
        environ: the environment to start from.
    """
    folders = [str(folder) for box in boxes for folder in box.programs]
    return {
        **environ,
        "PATH": os.pathsep.join([*folders, environ.get("PATH", os.defpath)]),
        "LD_LIBRARY_PATH": os.pathsep.join(str(folder) for folder in boxes[-1].libraries),
        "XTABLES_LIBDIR": os.pathsep.join(str(lib / "xtables") for lib in boxes[-1].libraries),
    }


def make(places: Places, archive: Archive, packages: Sequence[str], *, purpose: str) -> Toolbox:
    """
    Return a toolbox of these packages, downloading and unpacking it unless it is there.

    The folder's name holds the list of packages, so a changed list makes a new one; it is
    unpacked beside its place and renamed when complete.
    """
    names = hashlib.sha256(" ".join(packages).encode()).hexdigest()[:8]
    root = places.toolboxes / f"{archive.folder.name}-{purpose}-{names}"
    with locked(places.toolboxes / f"{purpose}-{archive.folder.name}.lock"):
        if not root.exists():
            debs = archive.download(packages)
            draft = root.with_name(f"{root.name}.unpacking")
            shutil.rmtree(draft, ignore_errors=True)
            draft.mkdir()
            debian.unpack(debs, draft)
            _link_iptables(draft)
            draft.rename(root)
            for deb in debs:
                deb.unlink(missing_ok=True)
    return Toolbox(root=root)


def _link_iptables(root: Path) -> None:
    """Give iptables its usual name, which Debian's package leaves to the alternatives system."""
    multi = root / "usr/sbin/xtables-nft-multi"
    if multi.exists():
        links = root / "links"
        links.mkdir()
        for name in ("iptables", "ip6tables"):
            (links / name).symlink_to(f"../{multi.relative_to(root)}")


def support_archive(places: Places, *, mirror: str, architecture: str) -> Archive:
    """Return the archive of the suite that all engines share."""
    return Archive(
        Release(mirror=mirror, suite=specs.SUPPORT_SUITE, architecture=architecture), places.apt
    )
