"""The same files give the same layer, digest and index, on any day and from any folder."""

import gzip
import io
import json
import tarfile
from pathlib import Path

from tools.engine import oci
from tools.engine.images import busybox
from tools.engine.oci import Entry, Image

ENTRIES = [
    Entry(path="bin/b", link="bin/a", hard=True),
    oci.file("bin/a", "program", mode=0o755),
    oci.symlink("lib", "usr/lib"),
    oci.owned(Entry(path="home/node"), uid=1000, gid=1000),
]


def members(path: Path) -> list[tarfile.TarInfo]:
    with tarfile.open(path) as archive:
        return archive.getmembers()


def test_a_layer_does_not_depend_on_order_name_or_time(tmp_path: Path) -> None:
    one = oci.layer(ENTRIES, tmp_path / "one.tar.gz")
    other = oci.layer(reversed(ENTRIES), tmp_path / "other.tar.gz")
    assert one.digest == other.digest
    assert one.diff_id == other.diff_id


def test_the_diff_id_is_the_digest_of_the_plain_tar(tmp_path: Path) -> None:
    path = tmp_path / "one.tar.gz"
    layer = oci.layer(ENTRIES, path)
    plain = gzip.decompress(path.read_bytes())
    with tarfile.open(fileobj=io.BytesIO(plain)) as archive:
        again = oci.layer(oci.entries_of_tar(archive), path)
    assert again.diff_id == layer.diff_id
    assert layer.size_bytes == path.stat().st_size


def test_a_hard_link_comes_after_what_it_names(tmp_path: Path) -> None:
    oci.layer(ENTRIES, tmp_path / "one.tar.gz")
    names = [member.name for member in members(tmp_path / "one.tar.gz")]
    assert names.index("bin/a") < names.index("bin/b")


def test_owners_modes_and_the_fixed_time_are_kept(tmp_path: Path) -> None:
    oci.layer(ENTRIES, tmp_path / "one.tar.gz")
    by_name = {member.name: member for member in members(tmp_path / "one.tar.gz")}
    assert (by_name["home/node"].uid, by_name["home/node"].gid) == (1000, 1000)
    assert by_name["bin/a"].mode == 0o755
    assert by_name["lib"].linkname == "usr/lib"
    assert {member.mtime for member in by_name.values()} == {oci.EPOCH_S}


def test_parents_are_added_but_never_over_a_folder_of_the_layers_below() -> None:
    entries = oci.with_parents(
        [oci.file("lib/x/y", "text"), Entry(path="lib")], known=frozenset({"lib"})
    )
    assert {entry.path for entry in entries} == {"lib/x", "lib/x/y"}


def test_the_last_of_two_entries_for_one_path_wins() -> None:
    (entry,) = oci.with_parents([oci.file("a", "old"), oci.file("a", "new")], known=frozenset())
    assert entry.content == b"new"


def test_an_index_names_processors_in_dockers_words(tmp_path: Path) -> None:
    layer = oci.layer(ENTRIES, tmp_path / "one.tar.gz")
    images = [
        Image(architecture=name, layers=[layer], settings={"Cmd": ["sh"]})
        for name in busybox.ARCHITECTURES
    ]
    manifests = json.loads(oci.canonical_json(oci.index(images)))["manifests"]
    assert [one["platform"]["architecture"] for one in manifests] == ["amd64", "386", "arm64"]
    assert [one["digest"] for one in manifests] == [
        oci.digest_of(oci.manifest(image)) for image in images
    ]
