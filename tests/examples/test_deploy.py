"""The deployments of the example name the digest that was built."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from stagebuild.model import Digest
from stagebuild.planning.spec import BuildSpec
from stagebuild.report.document import run_document
from stagebuild.report.dotenv import dotenv, variable_of
from stagebuild.result import BuildResult
from stagebuild.timeline import TimelineBuilder

ROOT = Path(__file__).parents[2] / "examples" / "deploy"
DIGEST = Digest(f"sha256:{'a' * 64}")
IMAGE = f"registry.example/shop@{DIGEST}"


def result(
    name: str = "prod", *, pushed: bool = True, digest: Digest | None = DIGEST
) -> BuildResult:
    tag = "registry.example/shop:prod"
    spec = BuildSpec(
        name=name,
        root=Path("/shop"),
        context="/shop",
        dockerfile="/shop/Dockerfile",
        dockerfile_shown="Dockerfile",
        target=None,
        tags=(tag,),
    )
    return BuildResult(
        name=name,
        spec=spec,
        digest=digest,
        image_id=None,
        is_index=False,
        references={} if digest is None else {tag: f"registry.example/shop@{digest}"},
        pushed=pushed,
        timeline=TimelineBuilder().build(wall_s=0.0, stage_order=()),
        backend="buildx",
    )


def test_a_pushed_image_has_four_variables() -> None:
    assert dotenv({"prod": result()}).splitlines() == [
        f"PROD_IMAGE={IMAGE}",
        f"PROD_DIGEST={DIGEST}",
        "PROD_REPOSITORY=registry.example/shop",
        "PROD_TAG=prod",
    ]


def test_an_image_that_is_here_alone_is_what_docker_run_takes() -> None:
    lines = dotenv({"prod": result(pushed=False)}).splitlines()
    assert lines[0] == f"PROD_IMAGE={DIGEST}"
    assert not any("REPOSITORY" in line for line in lines)


def test_what_is_no_image_and_what_nobody_named_have_no_lines() -> None:
    results = {"files": result("files", digest=None), "test": result("test")}
    assert dotenv(results, gates={"test"}) == ""


@pytest.mark.parametrize(
    ("build", "variable"),
    [
        ("prod", "PROD"),
        ("api:prod", "API_PROD"),
        ("prod-eu.west", "PROD_EU_WEST"),
        ("prod[python=3.12]", "PROD_PYTHON_3_12"),
        ("2nd", "_2ND"),
    ],
)
def test_the_variables_of_a_build_are_called_like_it(build: str, variable: str) -> None:
    assert variable_of(build) == variable
    assert re.fullmatch("[A-Za-z_][A-Za-z0-9_]*", variable)


def test_two_builds_with_one_variable_are_an_error() -> None:
    with pytest.raises(ValueError, match="a-b and a_b would both be A_B_IMAGE"):
        dotenv({"a-b": result("a-b"), "a_b": result("a_b")})


def test_compose_gets_the_image_from_the_variable() -> None:
    named = re.findall(r"\$\{(\w+):\?", (ROOT / "compose.yaml").read_text())
    assert named == ["PROD_IMAGE"]


@pytest.mark.skipif(shutil.which("kubectl") is None, reason="there is no kubectl")
def test_kustomize_puts_the_image_into_the_deployment(tmp_path: Path) -> None:
    folder = tmp_path / "kustomize"
    shutil.copytree(ROOT / "kustomize", folder)
    (folder / "images.env").write_text(dotenv({"prod": result()}))

    done = subprocess.run(
        ["kubectl", "kustomize", str(folder)], check=False, capture_output=True, text=True
    )

    assert done.returncode == 0, done.stderr
    assert f"image: {IMAGE}" in done.stdout
    assert "set-by-kustomization" not in done.stdout


@pytest.mark.skipif(shutil.which("jq") is None, reason="there is no jq")
def test_helm_gets_every_value_that_the_chart_asks_for() -> None:
    document = run_document({"prod": result()}, [])
    done = subprocess.run(
        ["jq", "-f", str(ROOT / "values.jq")],
        input=json.dumps(document),
        check=True,
        capture_output=True,
        text=True,
    )

    values = json.loads(done.stdout)

    assert values == {"image": {"repository": "registry.example/shop", "digest": DIGEST}}
    chart = (ROOT / "helm/shortlinks/templates/deployment.yaml").read_text()
    asked = set(re.findall(r"\.Values\.image\.(\w+)", chart))
    assert asked == set(values["image"])
