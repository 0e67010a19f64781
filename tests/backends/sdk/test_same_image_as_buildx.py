"""
Generated contexts and Dockerfiles: buildx and we get the same image, each from the other's cache.

A config digest has the moment of the build in it, so the second of two builders has the same one
only if every step was a hit, which needs every name, mode, link and byte of the context to be the
same. ``SAME_IMAGE_CASES=300`` (``make same-image``) runs more; a case is named by its seed.
"""

from __future__ import annotations

import json
import os
import random
import re
import shutil
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from stagebuild.backends.base import Cancel, SolveFailed
from stagebuild.backends.sdk import SdkBackend
from stagebuild.model import Output
from stagebuild.planning.spec import BuildSpec
from tests.backends.sdk.generated import EPOCH_S, Case, make_case

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

pytestmark = pytest.mark.engine

CASES = int(os.environ.get("SAME_IMAGE_CASES", "30"))
FRESH_CASES = CASES if CASES > 30 else 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """What a build made: the image's digests, or the end of its error."""

    config: str = ""
    manifest: str = ""
    error: str = ""


def by_buildx(case: Case, environ: Mapping[str, str], *options: str) -> Made:
    found = case.context.with_suffix(".json")
    argv = ["docker", "buildx", "build", "-q", "--provenance=false", f"--metadata-file={found}"]
    argv += ["-f", str(case.dockerfile), *options, str(case.context)]
    if case.other is not None:
        argv += ["--build-context", f"other={case.other}"]
    done = subprocess.run(argv, env=environ, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        return Made(error=_end(done.stderr))
    said = json.loads(found.read_text())
    return Made(
        config=said["containerimage.config.digest"], manifest=said.get("containerimage.digest", "")
    )


def by_us(case: Case, environ: Mapping[str, str], **fields: Any) -> Made:
    spec = BuildSpec(
        **{
            "name": "same",
            "root": case.context,
            "context": str(case.context),
            "dockerfile": str(case.dockerfile),
            "dockerfile_shown": "Dockerfile",
            "target": None,
            "contexts": {} if case.other is None else {"other": str(case.other)},
            **fields,
        }
    )
    try:
        response = SdkBackend(environ=environ).build(spec, lambda _: None, Cancel())
    except SolveFailed as failed:
        return Made(error=_end(failed.message))
    return Made(config=str(response.image_id), manifest=str(response.digest))


def _end(message: str) -> str:
    """Return the end of an error, without the engine's temporary folders."""
    return re.sub(r"/\S+/buildkit\d+", "", message.rpartition(": ")[2].strip())


@pytest.mark.parametrize("seed", range(CASES))
def test_buildx_and_we_make_the_same_image(seed: int, engine: Any, tmp_path: Path) -> None:
    case = make_case(random.Random(seed), tmp_path)
    first, second = (by_us, by_buildx) if seed % 2 else (by_buildx, by_us)

    made = first(case, engine.env)
    again = second(case, engine.env)

    assert again == made, f"a third time: {first(case, engine.env)}, {second(case, engine.env)}"


@pytest.mark.parametrize("seed", range(FRESH_CASES))
def test_with_a_source_date_epoch_both_make_the_same_manifest_from_nothing(
    seed: int, engine: Any, tmp_path: Path
) -> None:
    # No step is a hit and neither has the other's copy: times and order of the layers' entries
    # are in the digest, too.
    ours = make_case(random.Random(1_000_000 + seed), tmp_path, repeatable=True)
    theirs = ours.copy(tmp_path / "theirs")
    rewriting = {"rewrite-timestamp": "true"}

    made = by_us(
        ours,
        engine.env,
        no_cache=True,
        build_args={"SOURCE_DATE_EPOCH": str(EPOCH_S)},
        outputs=(Output(type="oci", dest=str(tmp_path / "ours.tar"), attributes=rewriting),),
    )
    expected = by_buildx(
        theirs,
        engine.env,
        "--no-cache",
        f"--build-arg=SOURCE_DATE_EPOCH={EPOCH_S}",
        f"--output=type=oci,dest={tmp_path}/theirs.tar,rewrite-timestamp=true",
    )

    assert made == expected
    shutil.rmtree(tmp_path)  # a few hundred of these would fill a small disk
