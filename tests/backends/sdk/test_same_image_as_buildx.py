"""
Generated contexts and Dockerfiles: buildx and we get the same image, each from the other's cache.

A config digest has the moment of the build in it, so the second of two builders has the same one
only if every step was a hit, which needs every name, mode, link and byte of the context to be the
same. ``SAME_IMAGE_CASES=300`` runs more; a case is named by its seed.
"""

from __future__ import annotations

import os
import random
import subprocess
import uuid
from typing import TYPE_CHECKING, Any

import pytest

from stagebuild.backends.base import Cancel, SolveFailed
from stagebuild.backends.sdk import SdkBackend
from stagebuild.planning.spec import BuildSpec

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.engine

CASES = int(os.environ.get("SAME_IMAGE_CASES", "50"))

NAMES = [
    "a",
    "b.txt",
    "c-d",
    "c.d",
    "c d",
    "ä",
    ".hidden",
    "Z",
    "z",
    "0",
    "a+b",
    "c'd",
    "日本",
    "x" * 200,
]
MODES = [0o644, 0o600, 0o755, 0o777, 0o400, 0o4755, 0o2711, 0o1777]
FOLDER_MODES = [0o755, 0o700, 0o1777, 0o2775]


def grow(rng: random.Random, folder: Path, depth: int = 0) -> list[Path]:
    """Fill a folder with files, links and folders; return the regular files."""
    files: list[Path] = []
    for name in rng.sample(NAMES, rng.randint(1, 6)):
        path = folder / name
        match rng.randrange(9):
            case 0 if depth < 3:
                path.mkdir()
                files += grow(rng, path, depth + 1)
                path.chmod(rng.choice(FOLDER_MODES))
            case 1:
                path.symlink_to(rng.choice(["a", "../a", "nowhere", "/etc/passwd", "."]))
            case 2 if files:
                os.link(rng.choice(files), path)
            case 3:
                path.mkdir()
            case 4:
                path.write_bytes(b"")
                files.append(path)
            case _:
                path.write_bytes(rng.randbytes(rng.choice((1, 1_000, 40_000, 300_000))))
                path.chmod(rng.choice(MODES))
                os.utime(path, ns=(rng.getrandbits(60), rng.getrandbits(60)))
                files.append(path)
                if rng.random() < 0.1:
                    os.setxattr(path, "user.note", rng.randbytes(5))
    return files


def dockerfile(rng: random.Random, context: Path) -> str:
    """A Dockerfile that takes things from the context in several ways."""
    names = [path.name for path in context.iterdir() if path.name != "Dockerfile"]
    plain = [name for name in names if name.isascii() and "'" not in name and len(name) < 100]
    lines = ["FROM busybox AS one", f"LABEL seed={rng.getrandbits(64)}"]
    for number in range(rng.randint(1, 3)):
        to = f"/to{number}/"
        ways = [
            f"COPY . {to}",
            f"COPY --chmod=0750 . {to}",
            f"COPY --chown=12:34 . {to}",
            f"COPY --link . {to}",
            f"ADD . {to}",
            f"COPY <<EOF {to}said\nhello {number}\nEOF",
            f"COPY [a-z]* Dockerfile {to}",
        ]
        if plain:
            ways.append(f'COPY ["{rng.choice(plain)}", "{to}"]')
        lines.append(rng.choice(ways))
    if rng.random() < 0.5:
        lines += ["FROM busybox", f"COPY --from=one /to0 {rng.choice(['/x', '/'])}"]
    if rng.random() < 0.3:
        lines.append("RUN --mount=type=bind,target=/ctx ls -lR /ctx > /listing")
    return "\n".join(lines) + "\n"


def by_buildx(context: Path, environ: dict[str, str]) -> str:
    done = subprocess.run(
        ["docker", "buildx", "build", "-q", "--provenance=false", str(context)],
        env=environ,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        return "fails: " + done.stderr.rpartition(": ")[2].strip()
    return done.stdout.strip()  # the config digest


def by_us(context: Path, environ: dict[str, str]) -> str:
    spec = BuildSpec(
        name="same",
        root=context,
        context=str(context),
        dockerfile=str(context / "Dockerfile"),
        dockerfile_shown="Dockerfile",
        target=None,
    )
    try:
        response = SdkBackend(environ=environ).build(spec, lambda _: None, Cancel())
    except SolveFailed as failed:
        return "fails: " + failed.message.rpartition(": ")[2].strip()
    return str(response.image_id)


@pytest.mark.parametrize("seed", range(CASES))
def test_buildx_and_we_make_the_same_image(seed: int, engine: Any, tmp_path: Path) -> None:
    rng = random.Random(seed)
    # Without a name of its own buildx would share the engine's copy with other contexts of that
    # name, and what those left in it changes its result: a fresh buildx agrees with us again.
    context = tmp_path / f"context-{uuid.uuid4().hex}"
    context.mkdir()
    grow(rng, context)
    (context / "nonce").write_text(uuid.uuid4().hex)  # so that nothing is left of earlier runs
    (context / "Dockerfile").write_text(dockerfile(rng, context))
    environ = dict(engine.env)
    first, second = (by_us, by_buildx) if seed % 2 else (by_buildx, by_us)

    made = first(context, environ)
    again = second(context, environ)

    assert again == made, f"a third time: {first(context, environ)}, {second(context, environ)}"
