"""The example does what its README says, on a real engine."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
import xml.etree.ElementTree as ET
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.conftest import Engine

ROOT = Path(__file__).parents[2]
MADE_HERE = shutil.ignore_patterns(
    ".digests", "__pycache__", "deployment.env", "dist", "node_modules", "reports", "*.db*"
)
MANIFESTS = (
    "application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json, "
    "application/vnd.docker.distribution.manifest.v2+json"
)

pytestmark = pytest.mark.engine


class Checkout:
    """A copy of the example, where a person works on it."""

    def __init__(self, folder: Path, engine: Engine) -> None:
        self.folder = folder
        self.engine = engine
        path = f"{Path(sys.executable).parent}:{engine.env['PATH']}"
        self.env = {**engine.env, "PATH": path, "REGISTRY": engine.registry, "NO_COLOR": "1"}
        for inherited in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS"):  # these tests may run under make
            self.env.pop(inherited, None)

    def type(self, *argv: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            argv, cwd=self.folder, env=self.env, check=False, text=True, capture_output=True
        )

    def run(self, *argv: str) -> str:
        """Return what a command that has to succeed printed to stdout, stripped."""
        done = self.type(*argv)
        assert done.returncode == 0, f"{argv}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done.stdout.strip()


@pytest.fixture
def app(engine: Engine, tmp_path: Path) -> Checkout:
    shutil.copytree(ROOT / "examples" / "webapp", tmp_path / "webapp", ignore=MADE_HERE)
    return Checkout(tmp_path / "webapp", engine)


@pytest.fixture(scope="module")
def prod(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The reference of prod, built once from a copy that no test changes."""
    folder = tmp_path_factory.mktemp("pristine") / "webapp"
    shutil.copytree(ROOT / "examples" / "webapp", folder, ignore=MADE_HERE)
    return Checkout(folder, engine).run("stagebuild", "prod", "-q", "--push")


@contextmanager
def serving(app: Checkout, image: str) -> Iterator[str]:
    """Run the image; yield its address once it answers."""
    container = app.run("docker", "run", "--detach", "--publish", "127.0.0.1::8000", image)
    try:
        published = app.run("docker", "port", container, "8000/tcp").splitlines()[0]
        address = f"http://{published}"
        for _ in range(100):
            try:
                get(f"{address}/healthz")
                break
            except OSError:
                time.sleep(0.1)
        yield address
    finally:
        print(app.type("docker", "logs", container).stderr)
        app.run("docker", "rm", "--force", "--volumes", container)


def get(url: str, body: dict[str, Any] | None = None) -> str:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=5) as answer:
        text: str = answer.read().decode()
        return text


def test_prod_answers_with_page_assets_and_what_the_database_holds(
    app: Checkout, prod: str
) -> None:
    with serving(app, prod) as address:
        added = json.loads(get(f"{address}/api/links", {"url": "https://example.org/long"}))
        assert json.loads(get(f"{address}/api/links")) == [added]
        page = get(address)
        assert "https://example.org/long" in page
        assert ">prod</small>" in page
        [style] = re.findall(r'href="(/static/main-\w+\.css)"', page)
        assert ".environment{" in get(address + style)


def test_prod_is_healthy_by_its_own_check(app: Checkout, prod: str) -> None:
    with serving(app, prod) as address:
        port = address.rpartition(":")[2]
        [container] = app.run("docker", "ps", "-q", "--filter", f"publish={port}").splitlines()
        app.run("docker", "exec", container, "python", "-m", "shortlinks.healthcheck")


def test_prod_runs_as_a_user_with_a_number(app: Checkout, prod: str) -> None:
    assert app.run("docker", "run", "--rm", prod, "id", "-u") == "10001"


def test_prod_has_no_build_tools(app: Checkout, prod: str) -> None:
    # One at a time: dash's `command -v` looks at its first argument alone.
    look = "for tool in gunicorn gcc make node npm ruff pytest; do command -v $tool || true; done"
    found = app.run("docker", "run", "--rm", prod, "sh", "-c", look)
    assert found.splitlines() == ["/opt/venv/bin/gunicorn"]


def test_prod_has_no_pip_in_its_environment(app: Checkout, prod: str) -> None:
    assert "pip" not in app.run("docker", "run", "--rm", prod, "ls", "/opt/venv/bin").split()


def test_the_reference_is_what_the_registry_answers(app: Checkout, prod: str) -> None:
    request = urllib.request.Request(
        f"http://{app.engine.registry}/v2/shortlinks/manifests/prod",
        headers={"Accept": MANIFESTS},
        method="HEAD",
    )
    with urllib.request.urlopen(request, timeout=5) as answer:
        assert prod.endswith("@" + answer.headers["Docker-Content-Digest"])


def test_staging_differs_from_prod_in_its_settings_alone(app: Checkout, prod: str) -> None:
    staging = app.run("stagebuild", "staging", "-q", "--push")
    app.run("docker", "pull", "-q", prod)
    app.run("docker", "pull", "-q", staging)
    format_ = "{{json .RootFS.Layers}}"
    layers = [app.run("docker", "image", "inspect", "-f", format_, i) for i in (prod, staging)]
    assert layers[0] == layers[1]
    assert app.run("docker", "run", "--rm", staging, "printenv", "APP_ENV") == "staging"
    assert prod != staging


def test_test_puts_the_report_into_reports(app: Checkout) -> None:
    app.run("stagebuild", "test")
    assert [path.name for path in (app.folder / "reports").iterdir()] == ["junit.xml"]
    [suite] = ET.parse(app.folder / "reports" / "junit.xml").getroot()
    assert int(suite.attrib["tests"]) > 10
    assert suite.attrib["failures"] == suite.attrib["errors"] == "0"


def test_a_failing_test_fails_the_build_and_is_named(app: Checkout) -> None:
    with (app.folder / "tests" / "test_app.py").open("a") as tests:
        tests.write("\n\ndef test_that_fails() -> None:\n    assert False\n")
    failed = app.type("stagebuild", "test")
    assert failed.returncode == 1
    assert "test_that_fails" in failed.stderr
    assert "pytest --junitxml" in failed.stderr


def test_a_failing_test_keeps_prod_out_of_the_registry(app: Checkout) -> None:
    with (app.folder / "tests" / "test_app.py").open("a") as tests:
        tests.write("\n\ndef test_that_fails() -> None:\n    assert len(__name__) < 1\n")
    app.env["REGISTRY"] = f"{app.engine.registry}/refused"
    failed = app.type("stagebuild", "prod", "--push")
    assert failed.returncode == 1
    assert 'error: prod: not published: gate "test" failed' in failed.stderr
    with pytest.raises(urllib.error.HTTPError, match="404"):
        get(f"http://{app.engine.registry}/v2/refused/shortlinks/tags/list")


def test_lint_makes_no_image(app: Checkout) -> None:
    assert app.run("stagebuild", "lint", "-q") == ""


def test_lint_finds_what_ruff_finds(app: Checkout) -> None:
    app.run("stagebuild", "lint")
    (app.folder / "src" / "shortlinks" / "unused.py").write_text('"""A module."""\n\nimport os\n')
    assert "F401" in app.type("stagebuild", "lint").stderr


def test_dev_serves_the_source(app: Checkout) -> None:
    app.run("stagebuild", "dev")
    with serving(app, "shortlinks:dev") as address:
        assert ">dev</small>" in get(address)


def test_make_writes_the_deployment_only_for_a_new_image(app: Checkout) -> None:
    app.run("make", "deployment")
    deployment = app.folder / "deployment.env"
    first = deployment.stat().st_mtime_ns
    assert deployment.read_text().startswith(f"IMAGE={app.engine.registry}/shortlinks@sha256:")
    app.run("make", "deployment")
    assert deployment.stat().st_mtime_ns == first
    with (app.folder / "gunicorn.conf.py").open("a") as conf:
        conf.write("threads = 5\n")
    app.run("make", "deployment")
    assert deployment.stat().st_mtime_ns > first


def test_make_image_prints_the_reference_alone(app: Checkout, prod: str) -> None:
    assert app.run("make", "image") == prod


def test_deploy_prints_the_reference_and_the_time_of_each_stage(app: Checkout, prod: str) -> None:
    printed = app.run("python3", "deploy.py")
    assert prod in printed.splitlines()
    for stage in ("base", "deps", "assets", "builder", "prod"):
        assert re.search(rf"^{stage} +\d+\.\d s +\d+/\d+ cached$", printed, re.MULTILINE)
    assert (app.folder / "deployment.env").read_text() == f"IMAGE={prod}\n"
    assert "deployed already" in app.run("python3", "deploy.py")


def test_two_builds_of_the_same_source_have_one_digest(app: Checkout, prod: str) -> None:
    assert app.run("stagebuild", "prod", "-q", "--push") == prod
