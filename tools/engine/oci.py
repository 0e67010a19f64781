"""
Deterministic layers, image configs, manifests.

The same entries give the same bytes: sorted, one fixed time stamp, owners by number.

Source: opencontainers/image-spec, layer.md, config.md, manifest.md, image-index.md.
"""

import gzip
import hashlib
import io
import json
import tarfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

EPOCH_S = 1_735_689_600
"""The time stamp of every file and image: 2025-01-01T00:00:00Z."""

CREATED = "2025-01-01T00:00:00Z"
MEDIA_INDEX = "application/vnd.oci.image.index.v1+json"
MEDIA_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
MEDIA_CONFIG = "application/vnd.oci.image.config.v1+json"
MEDIA_LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"

_COMPRESSION = 6
_PLATFORMS = {"i386": "386", "armhf": "arm"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """
    One file of a layer.

    Attributes:
        path: relative to the root, without `./` in front.
        content: a file's bytes; None for anything else.
        mode: permission bits.
        link: where a symbolic link points.
        hard: `link` is a path in the same layer, and this is another name for that file.
        uid: owner.
        gid: group.
    """

    path: str
    content: bytes | None = None
    mode: int = 0o755
    link: str | None = None
    hard: bool = False
    uid: int = 0
    gid: int = 0

    @property
    def is_folder(self) -> bool:
        """Neither a file nor a link."""
        return self.content is None and self.link is None


@dataclass(frozen=True, slots=True, kw_only=True)
class Blob:
    """
    What a registry stores under a digest.

    Attributes:
        digest: of the stored bytes.
        size_bytes: of the stored bytes.
        content: the bytes, or the file that holds them.
        diff_id: of a layer: the digest of the tar before compression; empty for others.
    """

    digest: str
    size_bytes: int
    content: bytes | Path
    diff_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """
    One image for one processor.

    Attributes:
        architecture: Debian's word for the processor.
        layers: bottom first.
        settings: the config's `config` object: Env, Cmd, ….
    """

    architecture: str
    layers: Sequence[Blob]
    settings: Mapping[str, object]


def file(path: str, content: bytes | str, *, mode: int = 0o644) -> Entry:
    """Return the entry of a regular file."""
    data = content.encode() if isinstance(content, str) else content
    return Entry(path=path, content=data, mode=mode)


def symlink(path: str, target: str) -> Entry:
    """Return the entry of a symbolic link."""
    return Entry(path=path, link=target, mode=0o777)


def entries_of_tar(archive: tarfile.TarFile) -> Iterator[Entry]:
    """Return the files, folders and links of an open archive; devices are left out."""
    for member in archive:
        path = member.name.removeprefix("./").strip("/")
        if path in {"", "."} or not (
            member.isreg() or member.isdir() or member.issym() or member.islnk()
        ):
            continue
        reader = archive.extractfile(member) if member.isreg() else None
        link = member.linkname.removeprefix("./") if member.islnk() else member.linkname
        yield Entry(
            path=path,
            content=reader.read() if reader else None,
            mode=member.mode,
            link=link if member.issym() or member.islnk() else None,
            hard=member.islnk(),
            uid=member.uid,
            gid=member.gid,
        )


def with_parents(entries: Iterable[Entry], *, known: frozenset[str]) -> Sequence[Entry]:
    """
    Return the entries with their parent folders added, and nothing twice; the last one wins.

    Args:
        entries: in any order.
        known: folders and links to folders of the layers below: naming them again would change
            their mode, or turn a link into a folder.
    """
    by_path = {
        entry.path: entry for entry in entries if not (entry.is_folder and entry.path in known)
    }
    for path in list(by_path):
        for parent in map(str, Path(path).parents):
            if parent != "." and parent not in by_path and parent not in known:
                by_path[parent] = Entry(path=parent)
    return list(by_path.values())


def layer(entries: Iterable[Entry], path: Path) -> Blob:
    """
    Write a layer to a file.

    Args:
        entries: in any order; hard links are written last, after what they name.
        path: the file to write; replaced if it is there.
    """
    plain = hashlib.sha256()
    draft = path.with_suffix(".draft")
    with (
        draft.open("wb") as raw,
        gzip.GzipFile(
            filename="", mode="wb", fileobj=raw, compresslevel=_COMPRESSION, mtime=0
        ) as zipped,
    ):
        hashing = _Tee(zipped, plain)
        with tarfile.open(fileobj=hashing, mode="w|", format=tarfile.GNU_FORMAT) as archive:
            for entry in sorted(entries, key=lambda one: (one.hard, one.path)):
                archive.addfile(*_member(entry))
    draft.replace(path)
    with path.open("rb") as written:
        digest = hashlib.file_digest(written, "sha256").hexdigest()
    return Blob(
        digest=f"sha256:{digest}",
        size_bytes=path.stat().st_size,
        content=path,
        diff_id=f"sha256:{plain.hexdigest()}",
    )


def config(image: Image) -> Blob:
    """Return the image's config, whose digest is the image ID."""
    return _json_blob(
        {
            "architecture": docker_architecture(image.architecture),
            "os": "linux",
            "created": CREATED,
            "config": image.settings,
            "rootfs": {"type": "layers", "diff_ids": [one.diff_id for one in image.layers]},
            "history": [{"created": CREATED, "created_by": "tools/engine"} for _ in image.layers],
        }
    )


def manifest(image: Image) -> Mapping[str, object]:
    """Return the image's manifest."""
    return {
        "schemaVersion": 2,
        "mediaType": MEDIA_MANIFEST,
        "config": _descriptor(MEDIA_CONFIG, config(image)),
        "layers": [_descriptor(MEDIA_LAYER, one) for one in image.layers],
    }


def index(images: Sequence[Image]) -> Mapping[str, object]:
    """Return the index that names one manifest for each processor."""
    return {
        "schemaVersion": 2,
        "mediaType": MEDIA_INDEX,
        "manifests": [
            {
                **_descriptor(MEDIA_MANIFEST, _json_blob(manifest(image))),
                "platform": {
                    "os": "linux",
                    "architecture": docker_architecture(image.architecture),
                },
            }
            for image in images
        ],
    }


def canonical_json(value: Mapping[str, object]) -> bytes:
    """Return the one spelling of a JSON document that its digest is taken from."""
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()


def digest_of(value: Mapping[str, object]) -> str:
    """Return the digest of a manifest or index as `push_manifest` sends it."""
    return _json_blob(value).digest


def docker_architecture(debian: str) -> str:
    """Return Docker's word for a processor that Debian calls so: `i386` is `386`."""
    return _PLATFORMS.get(debian, debian)


def owned(entry: Entry, *, uid: int, gid: int) -> Entry:
    """Return the entry with another owner."""
    return replace(entry, uid=uid, gid=gid)


def _json_blob(value: Mapping[str, object]) -> Blob:
    body = canonical_json(value)
    digest = hashlib.sha256(body).hexdigest()
    return Blob(digest=f"sha256:{digest}", size_bytes=len(body), content=body)


def _descriptor(media: str, blob: Blob) -> Mapping[str, object]:
    return {"mediaType": media, "digest": blob.digest, "size": blob.size_bytes}


def _member(entry: Entry) -> tuple[tarfile.TarInfo, io.BytesIO | None]:
    member = tarfile.TarInfo(entry.path)
    member.mode, member.uid, member.gid = entry.mode, entry.uid, entry.gid
    member.mtime = EPOCH_S
    if entry.link is not None:
        member.type = tarfile.LNKTYPE if entry.hard else tarfile.SYMTYPE
        member.linkname = entry.link
    elif entry.content is None:
        member.type = tarfile.DIRTYPE
    else:
        member.size = len(entry.content)
        return member, io.BytesIO(entry.content)
    return member, None


class _Tee(io.RawIOBase):
    """A file that hashes what it passes on."""

    def __init__(self, below: gzip.GzipFile, digest: "hashlib._Hash") -> None:
        super().__init__()
        self._below = below
        self._digest = digest

    def writable(self) -> bool:
        return True

    def write(self, data: bytes) -> int:  # type: ignore[override]
        self._digest.update(data)
        return self._below.write(data)
