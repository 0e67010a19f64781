"""What a build makes is where it was asked for, and its digest is the one that others know."""

from __future__ import annotations

import json
import tarfile
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.error import HTTPError

import pytest

from stagebuild.backends.base import Feature, SolveFailed
from stagebuild.errors import UnsupportedFeature
from stagebuild.model import Attestation, CacheEntry, Output
from stagebuild.model.values import Platform

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.engine

SMALL = "FROM scratch\nCOPY Dockerfile /NONCE\n"


def test_a_build_without_outputs_is_in_the_image_store(lab: Any) -> None:
    spec = lab.spec(SMALL, tags=(lab.tag("a"), lab.tag("b")))

    response = lab.build(spec).response

    for tag in spec.tags:
        stored = lab.docker("image", "inspect", "--format", "{{.Id}}", tag).strip()
        assert stored in (response.digest, response.image_id)


def test_an_image_that_no_registry_has_and_no_manifest_names_has_no_digest(lab: Any) -> None:
    # Only the containerd store makes a manifest before there is a push.
    response = lab.build(lab.spec(SMALL)).response

    assert (response.digest is None) == bool(lab.target.lacks)
    assert response.image_id is not None
    assert response.digest != response.image_id


def test_load_puts_it_into_the_image_store(lab: Any) -> None:
    lab.build(lab.spec(SMALL, tags=(lab.tag(),), load=True))

    assert lab.docker("image", "inspect", "--format", "{{.RepoTags}}", lab.tag())


def test_the_digest_of_a_push_is_the_registrys_for_every_tag(lab: Any) -> None:
    spec = lab.spec(SMALL, tags=(lab.tag("a"), lab.tag("b")), push=True)

    response = lab.build(spec).response

    assert response.digest is not None
    assert not response.is_index
    assert {lab.registry_manifest(tag)[0] for tag in spec.tags} == {response.digest}


def test_push_and_load_do_both(lab: Any) -> None:
    response = lab.build(lab.spec(SMALL, tags=(lab.tag(),), push=True, load=True)).response

    assert lab.registry_manifest(lab.tag())[0] == response.digest
    assert lab.docker("image", "inspect", "--format", "{{.RepoTags}}", lab.tag())


def test_the_digest_is_the_registrys_also_beside_other_outputs(lab: Any, tmp_path: Path) -> None:
    spec = lab.spec(
        SMALL,
        tags=(lab.tag(),),
        push=True,
        outputs=(
            Output(type="local", dest=str(tmp_path / "folder")),
            Output(type="tar", dest=str(tmp_path / "files.tar")),
        ),
    )

    response = lab.build(spec).response

    assert lab.registry_manifest(lab.tag())[0] == response.digest
    assert (tmp_path / "folder" / lab.nonce).exists()
    with tarfile.open(tmp_path / "files.tar") as archive:
        assert lab.nonce in archive.getnames()


def test_the_digest_is_the_registrys_also_beside_an_oci_layout(lab: Any, tmp_path: Path) -> None:
    layout = Output(type="oci", dest=str(tmp_path / "oci.tar"))
    spec = lab.spec(SMALL, tags=(lab.tag(),), push=True, outputs=(layout,))
    if lab.lacks(Feature.OCI_OUTPUT):
        lab.refuses(spec, Feature.OCI_OUTPUT)
        return

    response = lab.build(spec).response

    assert lab.registry_manifest(lab.tag())[0] == response.digest


def test_an_unchanged_build_has_an_unchanged_digest(lab: Any) -> None:
    spec = lab.spec("FROM busybox\nRUN echo NONCE\n", tags=(lab.tag(),), push=True)

    assert lab.build(spec).response.digest == lab.build(spec).response.digest


def test_a_local_output_makes_no_image(lab: Any, tmp_path: Path) -> None:
    response = lab.build(
        lab.spec(SMALL, outputs=(Output(type="local", dest=str(tmp_path / 'out, "so"')),))
    ).response

    assert (tmp_path / 'out, "so"' / lab.nonce).exists()
    assert (response.digest, response.image_id) == (None, None)


def test_a_build_for_the_cache_only_makes_no_image(lab: Any) -> None:
    response = lab.build(lab.spec(SMALL, outputs=(Output(type="cacheonly"),))).response

    assert (response.digest, response.image_id) == (None, None)


def test_an_oci_layout_holds_the_image_of_the_digest(lab: Any, tmp_path: Path) -> None:
    spec = lab.spec(SMALL, outputs=(Output(type="oci", dest=str(tmp_path / "oci.tar")),))
    if lab.lacks(Feature.OCI_OUTPUT):
        lab.refuses(spec, Feature.OCI_OUTPUT)
        return

    response = lab.build(spec).response

    (listed,) = _member(tmp_path / "oci.tar", "index.json")["manifests"]
    assert listed["digest"] == response.digest


def test_a_docker_archive_holds_the_image_under_its_tag(lab: Any, tmp_path: Path) -> None:
    archive = Output(type="docker", dest=str(tmp_path / "docker.tar"))
    spec = lab.spec(SMALL, tags=(lab.tag(),), outputs=(archive,))
    if lab.lacks(Feature.DOCKER_OUTPUT):
        lab.refuses(spec, Feature.DOCKER_OUTPUT)
        return

    lab.build(spec)

    (image,) = _member(tmp_path / "docker.tar", "manifest.json")
    assert image["RepoTags"] == [lab.tag()]


def test_annotations_are_on_an_image_that_goes_nowhere(lab: Any) -> None:
    plain = lab.spec(SMALL)
    annotated = replace(plain, annotations={"org.example.plain": "a"})
    if lab.target.lacks:
        return  # no manifest, nothing to annotate
    assert lab.build(annotated).response.digest != lab.build(plain).response.digest


def test_annotations_are_on_the_manifest(lab: Any) -> None:
    annotations = {"org.example.plain": "a, b=c", "manifest:org.example.level": "m"}
    spec = lab.spec(SMALL, tags=(lab.tag(),), push=True, annotations=annotations)
    if lab.lacks(Feature.ANNOTATIONS):
        lab.refuses(spec, Feature.ANNOTATIONS)
        return

    lab.build(spec)

    found = lab.registry_manifest(lab.tag())[1]["annotations"]
    assert found == {"org.example.plain": "a, b=c", "org.example.level": "m"}


def test_several_platforms_make_an_index(lab: Any) -> None:
    platforms = (Platform.parse("linux/amd64"), Platform.parse("linux/arm64"))
    spec = lab.spec(SMALL, tags=(lab.tag(),), push=True, platforms=platforms)
    if lab.lacks(Feature.MULTI_PLATFORM):
        lab.refuses(spec, Feature.MULTI_PLATFORM)
        return

    response = lab.build(spec).response

    digest, index = lab.registry_manifest(lab.tag())
    assert digest == response.digest
    assert response.is_index
    facts = lab.backend.image_facts(spec, response)
    assert facts is not None
    assert dict(facts.platform_digests) == {
        f"linux/{entry['platform']['architecture']}": entry["digest"]
        for entry in index["manifests"]
    }
    assert len(facts.platform_digests) == 2


def test_provenance_is_attached_when_asked_for(lab: Any) -> None:
    wanted = (Attestation(type="provenance", attributes={"mode": "max"}),)
    spec = lab.spec(SMALL, tags=(lab.tag(),), push=True, attestations=wanted)
    if lab.lacks(Feature.ATTESTATIONS):
        lab.refuses(spec, Feature.ATTESTATIONS)
        return

    response = lab.build(spec).response

    _, index = lab.registry_manifest(lab.tag())
    kinds = [
        entry.get("annotations", {}).get("vnd.docker.reference.type")
        for entry in index["manifests"]
    ]
    assert kinds == [None, "attestation-manifest"]
    assert response.is_index
    facts = lab.backend.image_facts(spec, response)
    assert facts is not None
    assert list(facts.platform_digests.values()) == [index["manifests"][0]["digest"]]


def test_an_sbom_whose_scanner_is_nowhere_to_be_had_is_an_error_that_names_it(lab: Any) -> None:
    scanner = f"{lab.engine.registry}/no-such/scanner:1"
    wanted = (Attestation(type="sbom", attributes={"generator": scanner}),)
    spec = lab.spec(SMALL, tags=(lab.tag(),), push=True, attestations=wanted)
    if lab.lacks(Feature.ATTESTATIONS):
        lab.refuses(spec, Feature.ATTESTATIONS)
        return

    with pytest.raises(SolveFailed, match="no-such/scanner"):
        lab.build(spec)


@pytest.mark.parametrize("kind", ["registry", "image"])
def test_an_output_of_an_image_may_push_by_itself(kind: str, lab: Any) -> None:
    attributes = {"push": "true"} if kind == "image" else {}
    output = Output(type=kind, attributes=attributes)

    response = lab.build(lab.spec(SMALL, tags=(lab.tag(),), outputs=(output,))).response

    assert lab.registry_manifest(lab.tag())[0] == response.digest


def test_an_output_of_an_image_stays_in_the_store_unless_it_pushes(lab: Any) -> None:
    lab.build(lab.spec(SMALL, tags=(lab.tag(),), outputs=(Output(type="image"),)))

    assert lab.docker("image", "inspect", "--format", "{{.RepoTags}}", lab.tag())
    with pytest.raises(HTTPError):
        lab.registry_manifest(lab.tag())


def test_every_kind_of_output_at_once(lab: Any, tmp_path: Path) -> None:
    files = {kind: tmp_path / f"out.{kind}" for kind in ("oci", "docker", "tar")}
    outputs = [Output(type=kind, dest=str(path)) for kind, path in files.items()]
    outputs.append(Output(type="local", dest=str(tmp_path / "folder")))
    outputs.append(Output(type="registry"))
    spec = lab.spec(SMALL, tags=(lab.tag(),), outputs=tuple(outputs))
    if lab.lacks(Feature.OCI_OUTPUT):
        lab.refuses(spec, Feature.DOCKER_OUTPUT)
        return

    response = lab.build(spec).response

    assert lab.registry_manifest(lab.tag())[0] == response.digest
    assert (tmp_path / "folder" / lab.nonce).exists()
    for path in files.values():
        with tarfile.open(path) as archive:
            assert archive.getnames()


REPRODUCIBLE = {
    "build_args": {"SOURCE_DATE_EPOCH": "1700000000"},
    "reproducible": True,
    "no_cache": True,
}


def test_a_reproducible_image_is_the_same_from_two_engines(lab: Any) -> None:
    # Layers are not compressed: gzip's bytes differ between the two engines' versions.
    output = Output(type="registry", attributes={"compression": "uncompressed"})
    text = "FROM busybox\nCOPY Dockerfile /NONCE\nRUN mkdir /made && date > /dev/null\n"
    spec = lab.spec(text, tags=(lab.tag(),), outputs=(output,), **REPRODUCIBLE)
    if lab.lacks(Feature.REPRODUCIBLE):
        lab.refuses(spec, Feature.REPRODUCIBLE)
        return
    if lab.backend.name == "buildx":
        with pytest.raises(UnsupportedFeature, match="use the sdk backend"):
            lab.build(spec)
        return

    here = lab.build(spec).response.digest
    (lab.folder / "Dockerfile").touch()

    assert lab.build(spec, backend=lab.elsewhere).response.digest == here
    assert lab.registry_manifest(lab.tag())[0] == here


def test_two_builds_of_a_reproducible_image_to_a_file_have_one_digest(
    lab: Any, tmp_path: Path
) -> None:
    outputs = [Output(type="oci", dest=str(tmp_path / name)) for name in ("one.tar", "two.tar")]
    text = "FROM busybox\nCOPY Dockerfile /NONCE\nRUN mkdir /made\n"
    specs = [lab.spec(text, outputs=(output,), **REPRODUCIBLE) for output in outputs]
    if lab.lacks(Feature.REPRODUCIBLE):
        lab.refuses(specs[0], Feature.OCI_OUTPUT)
        return

    digests = {lab.build(spec).response.digest for spec in specs}

    assert len(digests) == 1


def test_a_reproducible_image_is_in_the_store(lab: Any) -> None:
    spec = lab.spec(SMALL, tags=(lab.tag(),), load=True, **REPRODUCIBLE)
    if lab.lacks(Feature.REPRODUCIBLE) or lab.backend.name == "buildx":
        with pytest.raises(UnsupportedFeature):
            lab.build(spec)
        return

    lab.build(spec)

    assert lab.docker("image", "inspect", "--format", "{{.Created}}", lab.tag()).startswith("2023")
    assert lab.docker("create", lab.tag(), "true")


def test_no_attestation_is_attached_when_none_is_asked_for(lab: Any) -> None:
    response = lab.build(lab.spec(SMALL, tags=(lab.tag(),), push=True)).response

    _, manifest = lab.registry_manifest(lab.tag())
    assert "config" in manifest
    assert not response.is_index


def test_an_inline_cache_in_an_image_serves_another_engine(lab: Any) -> None:
    spec = lab.spec(
        "FROM busybox\nRUN echo NONCE > /made\n",
        tags=(lab.tag(),),
        push=True,
        cache_to=(CacheEntry(type="inline"),),
    )
    lab.build(spec)

    assert _cached_elsewhere(lab, spec, CacheEntry.parse(lab.tag()))


def test_a_registry_cache_serves_another_engine(lab: Any) -> None:
    cache = CacheEntry(type="registry", attributes={"ref": lab.tag("cache"), "mode": "max"})
    spec = lab.spec("FROM busybox\nRUN echo NONCE > /made\n", cache_to=(cache,))
    if lab.lacks(Feature.CACHE_EXPORT):
        lab.refuses(spec, Feature.CACHE_EXPORT)
        return

    lab.build(spec)

    assert _cached_elsewhere(lab, spec, CacheEntry.parse(lab.tag("cache")))


def test_a_local_cache_relative_to_the_project_serves_another_engine(lab: Any) -> None:
    cache = CacheEntry(type="local", attributes={"dest": "the cache, here", "mode": "max"})
    spec = lab.spec("FROM busybox\nRUN echo NONCE > /made\n", cache_to=(cache,))
    if lab.lacks(Feature.CACHE_EXPORT):
        lab.refuses(spec, Feature.CACHE_EXPORT)
        return

    lab.build(spec)

    found = CacheEntry(type="local", attributes={"src": "the cache, here"})
    assert _cached_elsewhere(lab, spec, found)


def test_a_cache_that_is_not_there_costs_no_build(lab: Any) -> None:
    lab.build(lab.spec(SMALL, cache_from=(CacheEntry.parse(lab.tag("missing")),)))


def test_a_pushed_image_tells_its_history(lab: Any) -> None:
    spec = lab.spec(HISTORY, tags=(lab.tag(),), push=True)

    facts = lab.backend.image_facts(spec, lab.build(spec).response)

    assert facts is not None
    assert facts.compressed
    assert [entry.created_by.partition(" ")[0] for entry in facts.history] == HISTORY_WORDS
    layers = lab.registry_manifest(lab.tag())[1]["layers"]
    assert [
        {"digest": entry.digest, "size": entry.size_bytes}
        for entry in facts.history
        if entry.size_bytes is not None
    ] == [{key: layer[key] for key in ("digest", "size")} for layer in layers]


def test_a_stored_image_tells_its_history(lab: Any) -> None:
    spec = lab.spec(HISTORY)

    response = lab.build(spec).response
    facts = lab.backend.image_facts(spec, response)

    assert facts is not None
    assert not facts.compressed
    assert [entry.created_by.partition(" ")[0] for entry in facts.history] == HISTORY_WORDS
    assert [entry.size_bytes is not None for entry in facts.history] == [
        True,
        True,
        False,
        True,
        True,
        False,
    ]
    assert facts.history[1].size_bytes >= 100_000
    shown = lab.docker(
        "image",
        "inspect",
        "--format",
        "{{json .RootFS.Layers}}",
        response.digest or response.image_id,
    )
    assert [entry.digest for entry in facts.history if entry.digest] == json.loads(shown)


def test_an_image_that_is_gone_tells_nothing(lab: Any) -> None:
    spec = lab.spec(SMALL)
    response = lab.build(spec).response
    lab.docker("image", "rm", "--force", response.digest or response.image_id)

    assert lab.backend.image_facts(spec, response) is None


def test_a_push_to_a_registry_that_is_not_there_fails(lab: Any) -> None:
    spec = lab.spec(SMALL, tags=("localhost:1/nowhere:1",), push=True)

    with pytest.raises(SolveFailed, match=r"localhost:1.*connection refused"):
        lab.build(spec)


HISTORY = (
    "FROM busybox AS base\n"
    "RUN head -c 100000 /dev/urandom > /NONCE\n"
    "FROM base\n"
    "ENV A=b\n"
    "WORKDIR /somewhere\n"
    "RUN true\n"
    'CMD ["sh"]\n'
)
HISTORY_WORDS = ["tools/engine", "RUN", "ENV", "WORKDIR", "RUN", "CMD"]


def _cached_elsewhere(lab: Any, spec: Any, cache: CacheEntry) -> bool:
    """Whether another engine finds the spec's RUN in a cache."""
    other = replace(spec, cache_from=(cache,), cache_to=(), push=False)
    built = lab.build(other, backend=lab.elsewhere)
    return bool(built.cached(f"echo {lab.nonce} > /made"))


def _member(path: Path, name: str) -> Any:
    with tarfile.open(path) as archive:
        member = archive.extractfile(name)
        assert member is not None
        return json.load(member)
