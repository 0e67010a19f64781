"""Which base images there are, when they are made again, and their way into the registry."""

import hashlib
import json
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from tools.engine import oci
from tools.engine.images import busybox, debian, node, python
from tools.engine.images.kitchen import Kitchen
from tools.engine.machine import Machine
from tools.engine.oci import Entry, Image
from tools.engine.push import Repository

Say = Callable[[str], None]

NAMES = (
    "library/busybox:latest",
    "library/debian:bookworm-slim",
    "library/node:20-slim",
    "library/python:3.11-slim",
)


def recipe_key(machine: Machine) -> str:
    """Return a hash of what the images are made from: recipes and machine, but not packages."""
    digest = hashlib.sha256(repr(machine).encode())
    for path in (Path(oci.__file__), *sorted(Path(__file__).parent.glob("*.py"))):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def missing(address: str, *, key: str, stamp: Path) -> Sequence[str]:
    """
    Return the images that the registry lacks or has from another recipe.

    Args:
        address: of the registry.
        key: of the present recipes.
        stamp: the file that `serve` writes: key, and digest by image.
    """
    try:
        made = json.loads(stamp.read_text(encoding="utf-8"))
    except (FileNotFoundError, json.JSONDecodeError):
        return NAMES
    if made.get("key") != key:
        return NAMES
    return [name for name in NAMES if _digest(address, name) is None]


def serve(address: str, kitchen: Kitchen, *, stamp: Path, say: Say) -> None:
    """Make every base image that is missing and push it, several at once."""
    key = recipe_key(kitchen.machine)
    wanted = missing(address, key=key, stamp=stamp)
    if not wanted:
        return
    began = time.monotonic()
    kitchen.scratch.mkdir(parents=True, exist_ok=True)
    say(f"base images: making {', '.join(wanted)}")
    with ThreadPoolExecutor(max_workers=3) as pool:
        base = pool.submit(debian.base, kitchen)
        works: dict[str, Future[Sequence[Image]]] = {}
        if NAMES[0] in wanted:
            works[NAMES[0]] = pool.submit(busybox.images, kitchen)
        if set(wanted) - {NAMES[0]}:
            works.update(_on_debian(kitchen, base.result(), pool))
        for name, images in works.items():
            digest = _push(address, name, images.result())
            say(f"base images: {name} {digest} ({time.monotonic() - began:.0f} s)")
    stamp.write_text(json.dumps({"key": key}) + "\n", encoding="utf-8")
    shutil.rmtree(kitchen.scratch)


def _on_debian(
    kitchen: Kitchen, entries: Sequence[Entry], pool: ThreadPoolExecutor
) -> Mapping[str, Future[Sequence[Image]]]:
    by_path = {entry.path: entry for entry in entries}
    status = (by_path["var/lib/dpkg/status"].content or b"").decode()
    known = frozenset(one.path for one in entries if one.content is None)
    below = pool.submit(
        oci.layer, oci.with_parents(entries, known=frozenset()), kitchen.scratch / "debian.tar.gz"
    )

    def plain() -> Sequence[Image]:
        return [debian.image(kitchen, below.result())]

    def with_node() -> Sequence[Image]:
        own = node.layer(kitchen, base=by_path, known=known)
        return [node.image(kitchen, below.result(), own)]

    def with_python() -> Sequence[Image]:
        own = python.layer(kitchen, status=status, known=known)
        return [python.image(kitchen, below.result(), own)]

    return {
        NAMES[1]: pool.submit(plain),
        NAMES[2]: pool.submit(with_node),
        NAMES[3]: pool.submit(with_python),
    }


def _push(address: str, name: str, images: Sequence[Image]) -> str:
    repository, _, tag = name.rpartition(":")
    target = Repository(address, repository)
    for image in images:
        for blob in (*image.layers, oci.config(image)):
            target.push_blob(blob)
        manifest = oci.manifest(image)
        target.push_manifest(oci.digest_of(manifest), manifest)
    return target.push_manifest(tag, oci.index(images))


def _digest(address: str, name: str) -> str | None:
    repository, _, tag = name.rpartition(":")
    return Repository(address, repository).digest_of(tag)
