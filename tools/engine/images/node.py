"""library/node:20-slim: Node.js and npm from the npm registry, by the machine's npm client."""

import shutil
import subprocess
import tarfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from tools.engine import oci
from tools.engine.errors import EngineError
from tools.engine.images.kitchen import PATH, Kitchen, trust_environment
from tools.engine.oci import Blob, Entry, Image

_PROCESSORS = {"amd64": "x64", "arm64": "arm64"}
_PACKAGES = ("npm@10", "corepack@0.34")
_MODULES = "usr/local/lib/node_modules"

_COMMANDS = {
    "corepack": "corepack/dist/corepack.js",
    "npm": "npm/bin/npm-cli.js",
    "npx": "npm/bin/npx-cli.js",
}

_ENTRYPOINT = """\
#!/bin/sh
set -e
# A word that is no command is a script or an option of node.
if [ "${1#-}" != "${1}" ] || [ -z "$(command -v "${1}")" ] || { [ -f "${1}" ] && ! [ -x "${1}" ]; }
then
  set -- node "$@"
fi
exec "$@"
"""

_USER = {
    "etc/passwd": "node:x:1000:1000::/home/node:/bin/bash\n",
    "etc/group": "node:x:1000:\n",
    "etc/shadow": "node:!:20089:0:99999:7:::\n",
}


def layer(kitchen: Kitchen, *, base: Mapping[str, Entry], known: frozenset[str]) -> Blob:
    """
    Return the layer that makes Debian's base into a Node.js image.

    Args:
        kitchen: what every recipe works with.
        base: the base's files by their paths; the user `node` is added to its accounts.
        known: the base's folders and links to folders.
    """
    node, *modules = _pack(kitchen)
    entries = [
        *_program(node),
        *(
            entry
            for name, tar in zip(_PACKAGES, modules, strict=True)
            for entry in _module(name, tar)
        ),
        *(
            oci.symlink(f"usr/local/bin/{name}", f"../lib/node_modules/{to}")
            for name, to in _COMMANDS.items()
        ),
        oci.symlink("usr/local/bin/nodejs", "node"),
        oci.file("usr/local/bin/docker-entrypoint.sh", _ENTRYPOINT, mode=0o755),
        oci.file("usr/local/etc/npmrc", kitchen.machine.npmrc),
        *(
            replace(base[path], content=(base[path].content or b"") + line.encode())
            for path, line in _USER.items()
        ),
        oci.owned(Entry(path="home/node"), uid=1000, gid=1000),
    ]
    return oci.layer(oci.with_parents(entries, known=known), kitchen.scratch / "node.tar.gz")


def image(kitchen: Kitchen, below: Blob, own: Blob) -> Image:
    """Return the image of the base's layer and our own."""
    return Image(
        architecture=kitchen.archive.release.architecture,
        layers=[below, own],
        settings={
            "Env": [f"PATH={PATH}", "NODE_VERSION=20", *trust_environment(kitchen.machine)],
            "Entrypoint": ["docker-entrypoint.sh"],
            "Cmd": ["node"],
        },
    )


def _pack(kitchen: Kitchen) -> Sequence[Path]:
    """Return Node.js' and the modules' archives, downloaded by npm."""
    architecture = kitchen.archive.release.architecture
    if shutil.which("npm") is None or architecture not in _PROCESSORS:
        raise EngineError(
            f"the node image needs an npm client on an {' or '.join(_PROCESSORS)} machine",
            remedy="`apt-get install npm`, then call the same command again.",
        )
    folder = kitchen.scratch / "node"
    folder.mkdir(exist_ok=True)
    names = [f"node-linux-{_PROCESSORS[architecture]}@20", *_PACKAGES]
    done = subprocess.run(
        ["npm", "pack", "--silent", *names], cwd=folder, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise EngineError(
            f"npm could not download {' '.join(names)}: {(done.stderr or done.stdout).strip()}",
            remedy="Call the same command again; npm keeps what it fetched.",
        )
    return [folder / name for name in done.stdout.split()]


def _program(tar: Path) -> Iterable[Entry]:
    with tarfile.open(tar) as opened:
        for entry in oci.entries_of_tar(opened):
            if entry.path in {"package/bin/node", "package/LICENSE"}:
                path = {"package/bin/node": "usr/local/bin/node"}.get(
                    entry.path, "usr/local/LICENSE"
                )
                yield Entry(path=path, content=entry.content, mode=entry.mode & 0o755)


def _module(name: str, tar: Path) -> Iterable[Entry]:
    folder = f"{_MODULES}/{name.partition('@')[0]}"
    executable = {f"{_MODULES}/{path}" for path in _COMMANDS.values()}
    with tarfile.open(tar) as opened:
        for entry in oci.entries_of_tar(opened):
            path = f"{folder}/{entry.path.partition('/')[2]}"
            if entry.content is not None:
                mode = 0o755 if path in executable else entry.mode & 0o755
                yield Entry(path=path, content=entry.content, mode=mode)
