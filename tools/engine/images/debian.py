"""library/debian:bookworm-slim, by mmdebstrap."""

import subprocess
import tarfile
from collections.abc import Sequence

from tools.engine import debian, oci
from tools.engine.errors import EngineError
from tools.engine.images.kitchen import PATH, Kitchen, slim, trust_environment
from tools.engine.machine import CA_BUNDLE
from tools.engine.oci import Blob, Entry, Image

_EXCLUDES = """\
path-exclude=/usr/share/doc/*
path-include=/usr/share/doc/*/copyright
path-exclude=/usr/share/groff/*
path-exclude=/usr/share/info/*
path-exclude=/usr/share/lintian/*
path-exclude=/usr/share/locale/*
path-exclude=/usr/share/man/*
"""

_APT_CLEAN = """\
DPkg::Post-Invoke { "rm -f /var/cache/apt/archives/*.deb /var/cache/apt/*.bin || true"; };
APT::Update::Post-Invoke { "rm -f /var/cache/apt/archives/*.deb /var/cache/apt/*.bin || true"; };
Dir::Cache::pkgcache "";
Dir::Cache::srcpkgcache "";
Acquire::Languages "none";
Acquire::GzipIndexes "true";
"""

_LEFT_OUT = (
    "dev/",
    "etc/apt/sources.list",
    "etc/dpkg/dpkg.cfg.d/",
    "etc/hostname",
    "etc/resolv.conf",
    "usr/share/info/",
    "usr/share/groff/",
    "var/cache/apt/",
    "var/lib/apt/lists/",
    "var/log/",
)


def base(kitchen: Kitchen) -> Sequence[Entry]:
    """
    Return the files of a minimal Debian.

    usr-is-merged keeps out usrmerge, and with it 50 MB of Perl.
    """
    archive = kitchen.archive.release
    tar = kitchen.scratch / "debian.tar"
    hooks = kitchen.support.root / "usr/share/mmdebstrap/hooks/merged-usr"
    done = subprocess.run(
        [
            "mmdebstrap",
            "--mode=root",
            "--variant=minbase",
            "--format=tar",
            f"--architectures={archive.architecture}",
            f"--hook-dir={hooks}",
            "--include=usr-is-merged",
            *(f"--dpkgopt={line}" for line in [*_EXCLUDES.splitlines(), "force-unsafe-io"]),
            archive.suite,
            str(tar),
            f"deb [signed-by={debian.KEYRING}] {archive.mirror} {archive.suite} main",
        ],
        env={**kitchen.env, "SOURCE_DATE_EPOCH": str(oci.EPOCH_S), "TMPDIR": str(kitchen.scratch)},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise EngineError(
            f"mmdebstrap could not make the Debian base image:\n{done.stderr[-2000:]}",
            remedy="Call the same command again; what was made before is kept.",
        )
    with tarfile.open(tar) as opened:
        entries = [one for one in oci.entries_of_tar(opened) if not one.path.startswith(_LEFT_OUT)]
    tar.unlink()
    return [*slim(entries), *_ours(kitchen)]


def _ours(kitchen: Kitchen) -> Sequence[Entry]:
    machine = kitchen.machine
    return [
        oci.file("etc/apt/sources.list.d/debian.sources", machine.apt_sources),
        oci.file("etc/apt/apt.conf.d/docker-clean", _APT_CLEAN),
        oci.file("etc/apt/apt.conf.d/mirror", machine.apt_conf),
        oci.file("etc/dpkg/dpkg.cfg.d/docker", _EXCLUDES),
        oci.file("usr/sbin/policy-rc.d", "#!/bin/sh\nexit 101\n", mode=0o755),
        # Read again by update-ca-certificates when ca-certificates is installed in a build.
        *(
            [
                oci.file(CA_BUNDLE.removeprefix("/"), machine.ca_bundle),
                oci.file("usr/local/share/ca-certificates/machine.crt", machine.ca_bundle),
            ]
            if machine.ca_bundle
            else []
        ),
        Entry(path="dev"),
        Entry(path="var/cache/apt/archives/partial"),
        Entry(path="var/lib/apt/lists/partial"),
        Entry(path="var/log"),
    ]


def image(kitchen: Kitchen, layer: Blob) -> Image:
    """Return the image of the layer that holds `base`."""
    return Image(
        architecture=kitchen.archive.release.architecture,
        layers=[layer],
        settings={"Env": [f"PATH={PATH}", *trust_environment(kitchen.machine)], "Cmd": ["bash"]},
    )
