"""What every recipe works with: the places, the packages, and what the machine trusts."""

import io
import subprocess
import tarfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tools.engine import oci
from tools.engine.debian import Archive
from tools.engine.machine import CA_BUNDLE, Machine
from tools.engine.oci import Entry
from tools.engine.toolbox import Toolbox

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

_DROPPED = ("usr/share/doc/", "usr/share/man/", "usr/share/lintian/", "usr/share/locale/")


@dataclass(frozen=True, slots=True, kw_only=True)
class Kitchen:
    """
    What every recipe works with.

    Attributes:
        archive: of the suite that the images are made from.
        machine: what the images take over from the machine.
        support: the unpacked programs, mmdebstrap among them.
        env: the process environment that finds them.
        scratch: layers and unpacked packages are written here.
    """

    archive: Archive
    machine: Machine
    support: Toolbox
    env: Mapping[str, str]
    scratch: Path


def tree(folder: Path) -> Iterable[Entry]:
    """Return the entries of an unpacked folder, its own path left out."""
    for path in sorted(folder.rglob("*")):
        name, mode = str(path.relative_to(folder)), path.lstat().st_mode & 0o7777
        if path.is_symlink():
            yield oci.symlink(name, str(path.readlink()))
        elif path.is_dir():
            yield Entry(path=name, mode=mode)
        elif path.is_file():
            yield Entry(path=name, content=path.read_bytes(), mode=mode)


def slim(entries: Iterable[Entry]) -> Iterable[Entry]:
    """Leave out documentation, manual pages and translations, as slim images do."""
    return (
        entry
        for entry in entries
        if not entry.path.startswith(_DROPPED) or entry.path.endswith("/copyright")
    )


def merged_usr(entries: Iterable[Entry]) -> Iterable[Entry]:
    """Move what older packages put into /bin, /sbin and /lib to /usr, where Debian links them."""
    for entry in entries:
        top, _, rest = entry.path.partition("/")
        if top not in {"bin", "sbin", "lib", "lib64"}:
            yield entry
        elif rest:
            yield Entry(
                path=f"usr/{entry.path}",
                content=entry.content,
                mode=entry.mode,
                link=entry.link,
                uid=entry.uid,
                gid=entry.gid,
            )


def installed(debs: Sequence[Path], *, status: str) -> Iterable[Entry]:
    """
    Return dpkg's database with these packages added as installed.

    Their scripts are left out, since nothing of theirs has run.

    Args:
        debs: packages whose files a layer holds.
        status: the text of /var/lib/dpkg/status in the layers below.
    """
    stanzas = [status.rstrip("\n")]
    for deb in debs:
        fields = _dpkg_deb("--field", deb)
        name, _, rest = fields.partition("\n")
        stanzas.append(f"{name}\nStatus: install ok installed\n{rest.rstrip()}")
        package = deb.name.partition("_")[0]
        if "\nMulti-Arch: same\n" in fields:
            package += f":{deb.stem.rpartition('_')[2]}"
        with tarfile.open(fileobj=io.BytesIO(_dpkg_deb_tar("--fsys-tarfile", deb))) as opened:
            paths = [one.name.removeprefix(".").rstrip("/") or "/." for one in opened]
        with tarfile.open(fileobj=io.BytesIO(_dpkg_deb_tar("--ctrl-tarfile", deb))) as opened:
            sums = next((one for one in oci.entries_of_tar(opened) if one.path == "md5sums"), None)
        info = f"var/lib/dpkg/info/{package}"
        yield oci.file(f"{info}.list", "\n".join([*paths, ""]))
        yield oci.file(f"{info}.md5sums", (sums and sums.content) or b"")
    yield oci.file("var/lib/dpkg/status", "\n\n".join(stanzas) + "\n")


def _dpkg_deb(option: str, deb: Path) -> str:
    return _dpkg_deb_tar(option, deb).decode()


def _dpkg_deb_tar(option: str, deb: Path) -> bytes:
    return subprocess.run(["dpkg-deb", option, str(deb)], capture_output=True, check=True).stdout


def trust_environment(machine: Machine) -> Sequence[str]:
    """Return the variables that make programs with their own certificates trust the machine's."""
    if not machine.ca_bundle:
        return []
    return [f"SSL_CERT_FILE={CA_BUNDLE}", f"NODE_EXTRA_CA_CERTS={CA_BUNDLE}"]
