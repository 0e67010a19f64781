"""What a registry and an image store say of an image, read; the documents are real, shortened."""

from __future__ import annotations

from stagebuild.backends.imagedocuments import history_of, stored_history
from stagebuild.distribution import platform_manifests
from stagebuild.model import HistoryEntry

A, B, C = ("sha256:" + letter * 64 for letter in "abc")


def test_an_index_lists_platforms_and_attestations_apart() -> None:
    index = {
        "manifests": [
            {"digest": A, "platform": {"architecture": "amd64", "os": "linux"}},
            {
                "digest": B,
                "platform": {"architecture": "arm", "os": "linux", "variant": "v7"},
            },
            {
                "digest": C,
                "annotations": {
                    "vnd.docker.reference.digest": A,
                    "vnd.docker.reference.type": "attestation-manifest",
                },
                "platform": {"architecture": "unknown", "os": "unknown"},
            },
        ]
    }

    assert dict(platform_manifests(index)) == {"linux/amd64": A, "linux/arm/v7": B}


def test_a_manifest_is_no_index() -> None:
    assert dict(platform_manifests({"config": {}, "layers": []})) == {}


def test_layers_belong_to_the_entries_that_are_not_empty() -> None:
    config = {
        "history": [
            {"created_by": "tools/engine"},
            {"created_by": "ARG V", "empty_layer": True},
            {"created_by": "RUN true # buildkit"},
        ]
    }
    layers = [{"digest": A, "size": 1033358}, {"digest": B, "size": 32}]

    assert list(history_of(config, layers)) == [
        HistoryEntry(created_by="tools/engine", size_bytes=1033358, digest=A),
        HistoryEntry(created_by="ARG V"),
        HistoryEntry(created_by="RUN true # buildkit", size_bytes=32, digest=B),
    ]


def test_more_entries_than_layers_is_no_error() -> None:
    assert list(history_of({"history": [{"created_by": "RUN x"}]}, [])) == [
        HistoryEntry(created_by="RUN x")
    ]


def test_an_empty_layer_of_the_store_is_told_by_its_instruction() -> None:
    entries = [
        {"CreatedBy": "tools/engine", "Size": "1982345"},
        {"CreatedBy": "ENV A=b", "Size": "0"},
        {"CreatedBy": "RUN /bin/sh -c true # buildkit", "Size": "0"},
    ]

    assert list(stored_history(entries, [A, B])) == [
        HistoryEntry(created_by="tools/engine", size_bytes=1982345, digest=A),
        HistoryEntry(created_by="ENV A=b"),
        HistoryEntry(created_by="RUN /bin/sh -c true # buildkit", size_bytes=0, digest=B),
    ]


def test_no_layer_is_named_where_their_number_does_not_fit() -> None:
    entries = [{"CreatedBy": "/bin/sh -c #(nop) ADD file:1 in / ", "Size": "10"}]

    assert [entry.digest for entry in stored_history(entries, [A, B])] == [None]
