"""
Mirrors, downloads and unpacking, by the machine's own apt with a state folder of ours.

Nothing here installs: the machine's package database is neither read nor written. No mirror is
named in the code; it is the one that the machine itself uses.
"""

import re
import shutil
import subprocess
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from tools.engine.errors import EngineError
from tools.engine.places import locked

KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
_LISTED = "$(REPO_URI) $(RELEASE)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """
    One suite for one processor at a mirror.

    Attributes:
        mirror: the address in front of `/dists`, with a slash at its end.
        suite: `bookworm`, `trixie`, `forky`.
        architecture: Debian's word for the processor: `amd64`, `arm64`, `i386`.
    """

    mirror: str
    suite: str
    architecture: str


def parse_targets(text: str) -> Sequence[tuple[str, str]]:
    """
    Return the (mirror, release) pairs that `apt-get indextargets` or `--print-uris` listed.

    Args:
        text: lines `http://…/debian/ bookworm`, or `'http://…/debian/dists/bookworm/InRelease' …`.
    """
    pairs: list[tuple[str, str]] = []
    for line in text.splitlines():
        if found := re.match(r"'([^']*/)dists/([^']+)/(?:In)?Release'", line):
            pairs.append((found[1], found[2]))
        elif len(words := line.split()) == 2:  # noqa: PLR2004 - the two of _LISTED
            pairs.append((words[0].rstrip("/") + "/", words[1]))
    return pairs


def choose_mirror(pairs: Sequence[tuple[str, str]], *, codename: str) -> str:
    """
    Return the mirror of Debian itself among a machine's package sources.

    Args:
        pairs: (mirror, release) of every source, third parties' included.
        codename: of the machine's own release, such as `bookworm`.

    Raises:
        EngineError: no source carries that release.
    """
    for mirror, release in pairs:
        if release == codename and "security" not in mirror:
            return mirror
    raise EngineError(
        f"apt knows no mirror of Debian {codename} on this machine",
        remedy="Add one to /etc/apt/sources.list.d and run `apt-get update`.",
    )


def machine_sources() -> Sequence[tuple[str, str]]:
    """Return (mirror, release) of every package source of the machine, updated or not yet."""
    questions = (
        ["apt-get", "indextargets", "--format", _LISTED, "Created-By: Packages"],
        # The first lists only what was fetched before, which is nothing on a fresh machine.
        ["apt-get", "update", "--print-uris"],
    )
    with ThreadPoolExecutor() as pool:
        answers = pool.map(_run, questions)
    return list(dict.fromkeys(pair for answer in answers for pair in parse_targets(answer)))


def machine_codename(os_release: Path = Path("/etc/os-release")) -> str:
    """Return the codename of the machine's Debian; raise EngineError if it is another system."""
    fields = dict(
        line.split("=", 1)
        for line in os_release.read_text(encoding="utf-8").splitlines()
        if "=" in line
    )
    codename = fields.get("VERSION_CODENAME", "").strip('"')
    if fields.get("ID", "").strip('"') != "debian" or not codename:
        raise EngineError(
            f"this machine runs {fields.get('PRETTY_NAME', 'an unknown system')}, and private "
            "engines are made from Debian's packages",
            remedy="Install Docker 23 or newer with buildx 0.13 or newer, and use that one.",
        )
    return codename


def machine_architecture() -> str:
    """Return Debian's word for the machine's processor, such as `amd64`."""
    return _run(["dpkg", "--print-architecture"]).strip()


class Archive:
    """
    Packages of one release, downloaded with a state folder of our own.

    Args:
        release: which suite, from where, for which processor.
        folder: package lists and packages are kept here; a download that broke off goes on here.
        retries: how often apt asks the mirror again, waiting longer each time.
    """

    def __init__(self, release: Release, folder: Path, *, retries: int = 3) -> None:
        self.release = release
        self.retries = retries
        self.folder = folder / f"{release.suite}-{release.architecture}"

    def update(self) -> None:
        """Fetch the suite's package list, unless it is there already."""
        if any(self.folder.glob("lists/*_Packages*")):
            return
        for part in ("lists/partial", "cache/archives/partial", "parts"):
            (self.folder / part).mkdir(parents=True, exist_ok=True)
        (self.folder / "status").touch()
        (self.folder / "sources.list").write_text(
            f"deb [signed-by={KEYRING} arch={self.release.architecture}] "
            f"{self.release.mirror} {self.release.suite} main\n",
            encoding="utf-8",
        )
        self._apt(["update", "--error-on=any"], what="fetch the package list")

    def download(self, packages: Sequence[str]) -> Sequence[Path]:
        """
        Download packages, without what they depend on; those fetched before are kept.

        Returns:
            The packages' files, in the order of `packages`.
        """
        debs = self.folder / "debs"
        debs.mkdir(parents=True, exist_ok=True)
        with locked(self.folder / "lock"):
            self.update()
            try:
                self._download(packages, debs)
            except EngineError:
                # A list of last week names packages that the mirror has replaced since.
                shutil.rmtree(self.folder / "lists")
                self.update()
                self._download(packages, debs)
        return [self._newest(debs, package) for package in packages]

    def _download(self, packages: Sequence[str], debs: Path) -> None:
        # apt checks size and hash, takes what is there as fetched, and goes on with a part.
        self._apt(["download", *packages], what=f"download {' '.join(packages)}", cwd=debs)

    def _newest(self, debs: Path, package: str) -> Path:
        found = sorted(debs.glob(f"{package}_*.deb"), key=lambda path: path.stat().st_mtime)
        if not found:
            raise EngineError(f"apt downloaded no {package} of Debian {self.release.suite}")
        return found[-1]

    def _apt(self, words: Sequence[str], *, what: str, cwd: Path | None = None) -> None:
        options = {
            "Dir::State": self.folder,
            "Dir::State::status": self.folder / "status",
            "Dir::State::lists": self.folder / "lists",
            "Dir::Cache": self.folder / "cache",
            "Dir::Etc::sourcelist": self.folder / "sources.list",
            "Dir::Etc::sourceparts": self.folder / "parts",
            "Dir::Etc::preferences": "/dev/null",
            "Dir::Etc::preferencesparts": self.folder / "parts",
            "APT::Architecture": self.release.architecture,
            "APT::Architectures": self.release.architecture,
            "APT::Sandbox::User": "root",
            "Acquire::GzipIndexes": "true",
            "Acquire::Languages": "none",
            "Acquire::Retries": str(self.retries),
            "Acquire::http::Timeout": "60",
        }
        argv = ["apt-get", "--quiet=2"]
        for key, value in options.items():
            argv += ["-o", f"{key}={value}"]
        done = subprocess.run([*argv, *words], cwd=cwd, capture_output=True, text=True, check=False)
        if done.returncode:
            raise EngineError(
                f"apt could not {what} from {self.release.mirror} {self.release.suite}:\n"
                f"{done.stderr.strip()}",
                remedy="What was fetched is kept; call the same command again to go on.",
            )


def unpack(debs: Sequence[Path], folder: Path) -> None:
    """Unpack packages over each other into a folder; no script of theirs runs."""
    for deb in debs:
        _run(["dpkg-deb", "--extract", str(deb), str(folder)])


def _run(argv: Sequence[str]) -> str:
    try:
        done = subprocess.run(argv, capture_output=True, text=True, check=False)
    except FileNotFoundError as error:
        raise EngineError(
            f"{argv[0]} is not on this machine", remedy="Private engines need Debian's own tools."
        ) from error
    if done.returncode:
        raise EngineError(f"`{' '.join(argv)}` failed: {done.stderr.strip()}")
    return done.stdout
