"""Promotions in a real registry, and everything that stops one."""

from __future__ import annotations

import io
import json
import uuid
from contextlib import redirect_stderr, redirect_stdout
from typing import TYPE_CHECKING, Any

import pytest

from stagebuild.cli import main
from stagebuild.config import load
from stagebuild.distribution.errors import RegistryError
from stagebuild.errors import ConfigError
from stagebuild.history import BuildRecord, GitState, History
from stagebuild.model import Digest
from stagebuild.promotion import promote
from stagebuild.promotion.errors import PromotionRefused
from tests.faults.proxy import Fault, Phase

if TYPE_CHECKING:
    from pathlib import Path

    from stagebuild.model import Project
    from stagebuild.promotion import Promotion
    from tests.conftest import Engine
    from tests.shelf import Shelf

pytestmark = pytest.mark.engine

DOCKERFILE = "FROM scratch AS base\nFROM base AS test\nFROM base AS lint\nFROM base AS prod\n"
TOML = """\
[environments.test]
[environments.lint]
[environments.staging]
target = "prod"
requires = ["test", "lint"]
tags = ["{staging}:staging"]
secrets = {{ token = {{ env = "NOT_SET_HERE" }} }}
[environments.prod]
requires = ["test"]
tags = ["{prod}:prod", "{prod}:${{git.short-sha:-none}}"]
"""
REFUSES = Fault(name="401", status=401, headers=(("WWW-Authenticate", 'Basic realm="x"'),))


class Stand:
    """A project with staging and prod, a registry, and a history of one push of staging."""

    def __init__(self, shelf: Shelf, engine: Engine, folder: Path, *, prod: str = "shop") -> None:
        self.shelf = shelf
        self.engine = engine
        self.folder = folder
        self.prod = f"{shelf.registry}/{shelf.path(prod)}"
        self.staging = f"{shelf.registry}/{shelf.path()}"
        (folder / "Dockerfile").write_text(DOCKERFILE)
        (folder / "stagebuild.toml").write_text(TOML.format(staging=self.staging, prod=self.prod))
        self.history = History(folder / "history.sqlite")

    @property
    def project(self) -> Project:
        return load(self.folder)

    def push(self, text: str = "image", **fields: Any) -> Digest:
        """Push an image as staging and remember it."""
        architectures = fields.pop("architectures", ())
        digest = self.shelf.put(text, "staging", architectures=architectures)
        self.remember(digest, **fields)
        return digest

    def remember(self, digest: Digest, **fields: Any) -> None:
        values: dict[str, Any] = {
            "uid": uuid.uuid4().hex,
            "environment": "staging",
            "target": "prod",
            "outcome": "built",
            "started_s": float(len(self.history.builds())),
            "wall_s": 1.0,
            "digest": digest,
            "pushed": True,
            "tags": (f"{self.staging}:staging",),
            "gates": ("test", "lint"),
            "git": GitState(sha="abcdef0123" * 4, branch="main", dirty=False),
        }
        self.history.add(BuildRecord(**{**values, **fields}))

    def promote(self, **options: Any) -> Promotion:
        return promote(
            "staging",
            "prod",
            project=self.project,
            history=self.history,
            environ=self.engine.env,
            **options,
        )

    def tagged(self, tag: str = "prod", name: str = "shop") -> Digest | None:
        return self.shelf.repository(name).digest(tag)

    def cli(self, *words: str, history: bool = True) -> tuple[int, str, str]:
        out, err = io.StringIO(), io.StringIO()
        where = str(self.history.path) if history else "0"
        environ = {**self.engine.env, "STAGEBUILD_HISTORY": where}
        with redirect_stdout(out), redirect_stderr(err):
            argv = ["promote", "staging", "prod", "-f", str(self.folder), *words]
            code = main(argv, environ=environ)
        return code, out.getvalue(), err.getvalue()


@pytest.fixture
def stand(shelf: Shelf, engine: Engine, tmp_path: Path) -> Stand:
    return Stand(shelf, engine, tmp_path)


def elsewhere(shelf: Shelf, engine: Engine, folder: Path) -> Stand:
    return Stand(shelf, engine, folder, prod="deployed")


def test_the_digest_that_staging_runs_gets_prods_tags(stand: Stand) -> None:
    digest = stand.push()

    done = stand.promote()

    assert done.digest == stand.tagged() == stand.tagged("abcdef0") == digest
    assert done.references == (f"{stand.prod}@{digest}",)
    assert done.gates == ("lint", "test")


def test_an_index_is_promoted_to_another_repository_with_all_that_it_names(
    shelf: Shelf, engine: Engine, tmp_path: Path
) -> None:
    stand = elsewhere(shelf, engine, tmp_path)
    digest = stand.push(architectures=("amd64", "arm64"))

    stand.promote()

    there = shelf.repository("deployed")
    index = there.manifest("prod")
    assert index is not None
    assert index.digest == digest
    children = list(index.children())
    assert len(children) == 3  # two platforms and a statement
    for child in children:
        manifest = there.manifest(child)
        assert manifest is not None
        assert all(there.has_blob(blob) for blob, _ in manifest.blobs())
    mounted = [each for each in shelf.proxy.requests if "mount=" in each]
    assert len(mounted) == 6
    assert not [each for each in shelf.proxy.requests if "/blobs/sha256" in each and "GET" in each]


def test_where_a_registry_mounts_nothing_blobs_are_copied(
    shelf: Shelf, engine: Engine, tmp_path: Path
) -> None:
    stand = elsewhere(shelf, engine, tmp_path)
    digest = stand.push()
    here = f"http://{engine.registry}/v2/{shelf.path('deployed')}/blobs/uploads/nothing"
    begun = Fault(name="202", status=202, headers=(("Location", here),))

    with shelf.proxy.broken(begun, r"POST .*mount="):
        stand.promote()

    assert stand.tagged(name="deployed") == digest


def test_a_promotion_is_remembered_and_can_be_promoted_further(stand: Stand) -> None:
    digest = stand.push()
    stand.promote()
    (record,) = stand.history.builds("prod")
    assert (record.outcome, record.digest, record.gates) == ("promoted", digest, ("test", "lint"))

    back = promote(
        "prod", "staging", project=stand.project, history=stand.history, environ=stand.engine.env
    )

    assert back.digest == digest


def test_a_dry_run_tells_the_same_and_writes_nothing(stand: Stand) -> None:
    digest = stand.push()

    planned = stand.promote(dry_run=True)

    assert (planned.digest, stand.tagged()) == (digest, None)
    assert stand.history.builds("prod") == []
    assert not [each for each in stand.shelf.proxy.requests[-4:] if each.startswith("PUT")]


def test_it_is_refused_where_a_gate_was_not_passed(stand: Stand) -> None:
    stand.push(gates=("test",))

    with pytest.raises(PromotionRefused, match="not known to have passed lint") as caught:
        stand.promote()

    assert caught.value.gates == ("lint",)
    assert "[environments.staging] requires = ['lint', 'test']" in str(caught.value)
    assert stand.tagged() is None


def test_another_push_of_the_same_digest_may_have_passed_the_rest(stand: Stand) -> None:
    digest = stand.push(gates=("test",))
    stand.remember(digest, gates=("lint",))
    assert stand.promote().digest == digest


def test_what_failed_or_was_not_pushed_counts_for_nothing(stand: Stand) -> None:
    digest = stand.push(gates=())
    stand.remember(digest, outcome="failed")
    stand.remember(digest, pushed=False)
    with pytest.raises(PromotionRefused):
        stand.promote()


def test_it_is_refused_where_no_push_is_recorded(stand: Stand) -> None:
    stand.shelf.put("image", "staging")
    with pytest.raises(PromotionRefused, match="no push of staging is recorded"):
        stand.promote()


def test_it_is_refused_where_the_tag_has_moved_since(stand: Stand) -> None:
    old = stand.push()
    new = stand.shelf.put("somebody else's", "staging")

    with pytest.raises(PromotionRefused, match="has moved") as caught:
        stand.promote()

    assert old in str(caught.value)
    assert new in str(caught.value)
    assert stand.promote(digest=old).digest == old


def test_an_earlier_image_is_promoted_when_it_is_named(stand: Stand) -> None:
    old = stand.push("old")
    stand.push("new")
    assert stand.promote(digest=old).digest == old
    assert stand.tagged() == old


def test_a_digest_that_nobody_recorded_is_refused(stand: Stand) -> None:
    stand.push()
    unknown = f"sha256:{'0' * 64}"
    with pytest.raises(PromotionRefused, match=f"no push of {unknown} as staging"):
        stand.promote(digest=unknown)
    with pytest.raises(ConfigError, match="--digest"):
        stand.promote(digest="latest")


def test_a_digest_that_is_gone_from_the_registry_is_an_error(stand: Stand) -> None:
    stand.remember(Digest(f"sha256:{'0' * 64}"))
    with pytest.raises(RegistryError, match="no longer in the registry") as caught:
        stand.promote()
    assert caught.value.status == 404


def test_a_part_that_is_gone_leaves_the_tags_as_they_were(
    shelf: Shelf, engine: Engine, tmp_path: Path
) -> None:
    stand = elsewhere(shelf, engine, tmp_path)
    stand.push(architectures=("amd64",))
    index = shelf.repository().manifest("staging")
    assert index is not None
    child = next(iter(index.children()))

    with (
        shelf.proxy.broken(Fault(name="404", status=404), f"GET .*manifests/{child}"),
        pytest.raises(RegistryError, match="its manifest was deleted"),
    ):
        stand.promote()

    assert stand.tagged(name="deployed") is None


@pytest.mark.parametrize(
    ("fault", "where", "words"),
    [
        (REFUSES, Phase.RESOLVE, "the registry refuses: HTTP 401"),
        (REFUSES, Phase.PUSH_MANIFEST, "as somebody who may write there"),
        (Fault(name="403", status=403), Phase.PUSH_MANIFEST, "docker login localhost"),
        (Fault(name="500", status=500), Phase.PUSH_MANIFEST, "the registry failed: HTTP 500"),
        (Fault(name="EOF", breaks="close"), Phase.ANY, "can't be reached"),
        (Fault(name="reset", breaks="reset"), Phase.PUSH_MANIFEST, "can't be reached"),
    ],
    ids=lambda value: getattr(value, "name", None),
)
def test_a_registry_that_fails_is_an_error_and_nothing_is_remembered(
    fault: Fault, where: str, words: str, stand: Stand
) -> None:
    stand.push()
    with stand.shelf.proxy.broken(fault, where), pytest.raises(RegistryError) as caught:
        stand.promote()
    assert words in str(caught.value)
    assert stand.tagged() is None
    assert stand.history.builds("prod") == []


def test_a_registry_that_is_not_there_is_an_error_with_its_address(
    shelf: Shelf, engine: Engine, tmp_path: Path
) -> None:
    stand = Stand(shelf, engine, tmp_path)
    stand.push(tags=("localhost:1/shop:staging",))
    with pytest.raises(RegistryError, match="http://localhost:1 can't be reached"):
        stand.promote()


def test_a_tag_that_somebody_else_moves_at_the_same_time_is_told(stand: Stand) -> None:
    stand.push()
    other = Fault(
        name="other", status=200, headers=(("Docker-Content-Digest", f"sha256:{'1' * 64}"),)
    )
    stand.promote(dry_run=True)
    put = f"PUT /v2/{stand.shelf.path()}/manifests/prod"
    with (
        stand.shelf.proxy.broken(Fault(name="swallowed", status=201), put),
        pytest.raises(RegistryError, match="it is nothing right after"),
    ):
        stand.promote()
    stand.promote()
    with (
        stand.shelf.proxy.broken(other, f"HEAD /v2/{stand.shelf.path()}/manifests/prod"),
        pytest.raises(RegistryError, match="somebody else moves this tag"),
    ):
        stand.promote()


def test_what_differs_from_a_build_of_the_target_is_noted(stand: Stand) -> None:
    text = (stand.folder / "stagebuild.toml").read_text()
    changed = text.replace("[environments.prod]", '[environments.prod]\nbuild-args = { A = "1" }')
    (stand.folder / "stagebuild.toml").write_text(changed)
    stand.push(git=GitState(sha="1" * 40, branch=None, dirty=True))

    notes = stand.promote(dry_run=True).notes

    assert notes[0].startswith("its build args are staging's, not prod's: A;")
    assert notes[1].startswith("it was built from 1111111 with changes")


def test_the_command_prints_the_reference_alone_on_stdout(stand: Stand) -> None:
    digest = stand.push()

    code, out, err = stand.cli()

    assert (code, out) == (0, f"{stand.prod}@{digest}\n")
    assert f"promoted staging to prod: {stand.staging}@{digest}" in err
    assert "passed lint, test" in err
    assert f"{stand.prod}:prod is new" in err
    assert stand.cli("-q")[2] == ""
    assert json.loads(stand.cli("--json", "--dry-run")[1])["tags"][0]["before"] == digest


def test_the_commands_exit_codes(stand: Stand) -> None:
    assert stand.cli()[0] == 1
    stand.push()
    with stand.shelf.proxy.broken(REFUSES, Phase.RESOLVE):
        assert stand.cli()[0] == 5
    code, _, err = stand.cli(history=False)
    assert (code, "the history is turned off" in err) == (2, True)
