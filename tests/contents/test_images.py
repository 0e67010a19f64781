"""Layers -> a file system, packages and settings; the same from a layout and docker save."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from stagebuild.contents.archives import contents_of_archive
from stagebuild.contents.comparing import compared
from stagebuild.contents.layers import read_layer
from stagebuild.contents.layouts import LayoutBlobs
from stagebuild.contents.manifests import contents_of
from stagebuild.contents.merging import merged
from stagebuild.contents.packages import Package
from stagebuild.contents.streams import ByteStream
from stagebuild.errors import ImageUnreadable
from tests.contents.conftest import CONFIG, archive, digest_of, in_pieces

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from stagebuild.contents.image import ImageContent

Files = dict[str, bytes | str | None]

BASE: Files = {
    "bin": "usr/bin",
    "usr": None,
    "usr/bin": None,
    "usr/bin/gcc": "gcc-12",
    "etc": None,
    "etc/passwd": b"root",
    "var/lib/dpkg/status": b"Package: libc6\nStatus: install ok installed\nVersion: 2.36\n\n"
    b"Package: gone\nStatus: deinstall ok config-files\nVersion: 1\n",
    "lib/apk/db/installed": b"P:musl\nV:1.2\n\nP:zlib\nV:1.3\n",
    "app/node_modules/left/package.json": b'{"name": "left", "version": "1.0"}',
    "app/node_modules/@scope/right/package.json": b"no json",
    "usr/lib/python3/dist-packages/Flask_Login-0.6.dist-info": None,
}
TOP: Files = {
    "etc/.wh.passwd": b"",
    "var/lib/dpkg/status": b"Package: libc6\nStatus: install ok installed\nVersion: 2.36\n\n"
    b"Package: curl\nStatus: install ok installed\nVersion: 8\n",
    "new": b"1234",
}


def paths(*layers: Files) -> set[str]:
    return set(merged([read_layer(ByteStream([archive(files)])) for files in layers]))


def test_a_whiteout_takes_a_file_and_a_whole_folder_away() -> None:
    below: Files = {"a": None, "a/b": b"1", "a/c": None, "a/c/d": b"2", "ab": b"3"}
    assert paths(below, {"a/.wh.c": b""}) == {"a", "a/b", "ab"}
    assert paths(below, {".wh.a": b""}) == {"ab"}


def test_an_opaque_folder_has_only_what_its_own_layer_puts_there() -> None:
    below: Files = {"a": None, "a/b": b"1", "c": b"2"}
    assert paths(below, {"a": None, "a/.wh..wh..opq": b"", "a/new": b"3"}) == {"a", "a/new", "c"}


def test_a_file_in_the_place_of_a_folder_takes_what_was_in_it_away() -> None:
    assert paths({"a": None, "a/b": b"1"}, {"a": b"2"}) == {"a"}


@pytest.fixture
def image(layout: Callable[..., str]) -> ImageContent:
    blobs = LayoutBlobs(layout(archive(BASE, mode=0o755), archive(TOP)))
    (found,) = contents_of(blobs, blobs.top())
    return found


def test_packages_of_every_manager_are_found_and_the_layer_that_brought_each(
    image: ImageContent,
) -> None:
    found = {(p.manager, p.name, p.version, p.layer) for p in image.packages}
    assert found == {
        ("dpkg", "libc6", "2.36", 0),
        ("dpkg", "curl", "8", 1),
        ("apk", "musl", "1.2", 0),
        ("apk", "zlib", "1.3", 0),
        ("npm", "left", "1.0", 0),
        ("npm", "@scope/right", "", 0),
        ("pip", "flask-login", "0.6", 0),
    }
    assert isinstance(image.packages[0], Package)


def test_settings_sizes_and_steps_are_the_images_own(image: ImageContent) -> None:
    assert (image.platform, image.user, image.command) == ("linux/amd64", "app", ("serve",))
    assert image.labels == {"version": "1"}
    assert [layer.created_by for layer in image.sizes.layers] == ["ADD rootfs /", "RUN make"]
    assert image.hidden_bytes == len(b"root") + len(BASE["var/lib/dpkg/status"] or b"")


def test_executables_are_found_through_a_linked_folder_of_the_path(image: ImageContent) -> None:
    assert list(image.executables()) == ["usr/bin/gcc"]


def test_paths_match_whole_or_by_pattern(image: ImageContent) -> None:
    assert list(image.matching("/etc/passwd")) == []
    assert list(image.matching("/new")) == ["new"]
    assert list(image.matching("/app/*/package.json")) == [
        "app/node_modules/left/package.json",
        "app/node_modules/@scope/right/package.json",
    ]


def saved(members: Mapping[str, bytes | str]) -> bytes:
    return archive(dict(members))


def test_docker_save_gives_the_same_in_the_old_form_and_in_the_new(image: ImageContent) -> None:
    layers = [archive(BASE, mode=0o755), archive(TOP)]
    config = {**CONFIG, "rootfs": {"diff_ids": [digest_of(layer) for layer in layers]}}
    new: dict[str, bytes | str] = {
        f"blobs/sha256/{digest_of(c).partition(':')[2]}": c
        for c in [*layers, json.dumps(config).encode()]
    }
    names = list(new)
    listed = [{"Config": names[2], "Layers": names[:2], "RepoTags": None}]
    new["manifest.json"] = json.dumps(listed).encode()
    old: dict[str, bytes | str] = {
        "1/layer.tar": layers[0],
        "2/layer.tar": layers[1],
        "3/layer.tar": "../2/layer.tar",
        "c.json": json.dumps(config).encode(),
        "manifest.json": json.dumps(
            [{"Config": "c.json", "Layers": ["1/layer.tar", "3/layer.tar"]}]
        ).encode(),
    }
    for members in (new, old):
        (found,) = contents_of_archive(in_pieces(saved(members)))
        assert found.files == image.files
        assert found.packages == image.packages
        assert [layer.digest for layer in found.sizes.layers] == config["rootfs"]["diff_ids"]


@pytest.mark.parametrize("content", [b"", b"\0" * 2048, archive({"manifest.json": b"[{}]"})])
def test_what_docker_save_never_writes_is_told_as_unreadable(content: bytes) -> None:
    with pytest.raises(ImageUnreadable):
        contents_of_archive([content])


def test_a_layout_that_lacks_a_layer_names_it(layout: Callable[..., str]) -> None:
    folder = layout(archive(BASE))
    blobs = LayoutBlobs(folder)
    with pytest.raises(ImageUnreadable, match="No such file"):
        contents_of(blobs, digest_of(b"none"))


def test_a_comparison_says_what_each_lacks(image: ImageContent, layout: Callable[..., str]) -> None:
    slim = {**CONFIG, "config": {"User": "root", "Env": ["PATH=/usr/bin", "A=2"]}, "history": []}
    blobs = LayoutBlobs(layout(archive({"etc": None, "new": b"12"}), config=slim))
    (second,) = contents_of(blobs, blobs.top())
    told = compared(image, second)
    assert {tree.path for tree in told.first.trees} == {"/bin", "/usr/", "/var/", "/lib/", "/app/"}
    assert told.first.executables == ("gcc",)
    assert told.first.env == ("TOKEN=***",)
    assert [change.name for change in told.env] == ["A", "PATH"]
    assert [change.name for change in told.settings] == ["command", "user"]
    assert [change.name for change in told.files] == ["/new"]
    assert told.second.trees == ()
