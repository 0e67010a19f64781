"""
What a step takes from outside of its stage: files of a context, results of stages, images.

Each becomes a part of the step's key: files by their content, stages by their keys, images by their
digests; what a client can't see is a doubt.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from stagebuild.dockerfile import (
    Add,
    ContextSource,
    Copy,
    EdgeKind,
    ImageSource,
    ScratchSource,
    StageSource,
    normalize_reference,
)
from stagebuild.fingerprint.selecting import Pick
from stagebuild.fingerprint.steps import is_remote_source
from stagebuild.values import field, slotted

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from stagebuild.dockerfile import Mount, Source, Stage, StageGraph
    from stagebuild.fingerprint.folders import Trees
    from stagebuild.fingerprint.selecting import Selection

_DIGITS_OF_COMMIT = 40


@slotted
class Inputs:
    """
    What a step takes from outside of its stage.

    Attributes:
        operation: Goes into the key.
        sources: Keys of stages, by label.
        selections: Files, by source path.
        image: Images, by reference.
        doubts: Why the key may not tell everything.
    """

    operation: list[object] = field(default_factory=list)
    sources: dict[str, str] = field(default_factory=dict)
    selections: dict[str, Selection] = field(default_factory=dict)
    image: dict[str, str] = field(default_factory=dict)
    doubts: list[str] = field(default_factory=list)


class Taker:
    """
    Takes what steps of one platform's stages need.

    Args:
        graph: The stages.
        context: Folder of the build context, or None for a remote one.
        folders: Where files are taken from.
        images: Returns the digest of an image by normalized reference and platform, or None.
        keys: Keys of the stages so far, by index; the caller adds to it.
    """

    def __init__(
        self,
        graph: StageGraph,
        *,
        context: str | None,
        folders: Trees,
        images: Callable[[str, str], str | None],
        keys: Mapping[int, str],
    ) -> None:
        self._graph = graph
        self._context = context
        self._folders = folders
        self._images = images
        self._keys = keys

    def mounts(self, stage: Stage, mounts: Sequence[Mount], platform: str) -> Inputs:
        """Return what the mounts of a RUN show."""
        inputs = Inputs()
        for mount in mounts:
            if mount.type == "bind" or (mount.type == "cache" and mount.from_):
                source = self._source(stage, mount.from_, EdgeKind.MOUNT)
                self.take(source, Pick(mount.source or "/"), inputs, platform)
        return inputs

    def sources(self, stage: Stage, transfer: Copy | Add, platform: str, *, line: int) -> Inputs:
        """Return what a COPY or ADD takes; ``line`` is the instruction's."""
        inputs = Inputs()
        from_ = transfer.from_ if isinstance(transfer, Copy) else None
        source = self._source(stage, from_, EdgeKind.COPY, line=line)
        for path in transfer.sources:
            if isinstance(transfer, Add) and is_remote_source(path):
                _doubt_remote(transfer, path, inputs)
            else:
                parents = isinstance(transfer, Copy) and transfer.keeps_parents
                start, includes = _pivoted(path) if parents else (path, ())
                pick = Pick(start, includes, transfer.excludes, wildcards=True)
                self.take(source, pick, inputs, platform)
        return inputs

    def take(self, source: Source | None, pick: Pick, inputs: Inputs, platform: str) -> None:
        """Add a path of a source to the inputs of a step; None is the build context."""
        match source:
            case None:
                self._take_files(self._context, pick, inputs, is_context=True)
            case StageSource(index=index):
                stage = self._graph.stages[index]
                inputs.sources[stage.label] = self._keys[index]
                inputs.operation.append(["stage", pick.path, list(pick.includes)])
            case ScratchSource():
                inputs.operation.append("scratch")
            case ImageSource(normalized=reference):
                self._take_image(reference, pick, inputs, platform)
            case ContextSource(value=value):
                self._take_context(value, pick, inputs, platform)

    def _source(
        self, stage: Stage, name: str | None, kind: EdgeKind, *, line: int | None = None
    ) -> Source | None:
        """Return what ``from`` names, None for the build context."""
        if name is None:
            return None
        edges = [e for e in stage.edges if e.kind is kind and line in (None, e.line)]
        named = (edge.source for edge in edges if _names(edge.source, name, self._graph))
        # A name with variables is no edge's: then it is the instruction's only one.
        return next(named, edges[0].source if edges else None)

    def _take_files(
        self, folder: str | None, pick: Pick, inputs: Inputs, *, is_context: bool
    ) -> None:
        if folder is None:
            inputs.doubts.append("the build context is remote")
            inputs.operation.append(["remote", pick.path])
            return
        found = self._folders.select(folder, pick, is_context=is_context)
        shown = "/./".join((pick.path, *pick.includes))
        inputs.selections[shown] = found
        inputs.operation.append(["files", found.digest])

    def _take_image(self, reference: str, pick: Pick, inputs: Inputs, platform: str) -> None:
        _, at, given = reference.partition("@")
        digest = given if at else self._images(reference, platform)
        inputs.image[reference] = digest or "?"
        inputs.operation.append(["image", digest or reference, pick.path])
        if digest is None:
            inputs.doubts.append(f"the digest of {reference} is not known")

    def _take_context(self, value: str, pick: Pick, inputs: Inputs, platform: str) -> None:
        scheme, separator, rest = value.partition("://")
        if not separator:
            self._take_files(value, pick, inputs, is_context=False)
        elif scheme == "docker-image":
            self._take_image(normalize_reference(rest), pick, inputs, platform)
        else:
            inputs.operation.append(["context", value, pick.path])
            inputs.doubts.append(f"the context {value} can't be seen")


def _names(source: Source, name: str, graph: StageGraph) -> bool:
    match source:
        case StageSource(index=index):
            return name.lower() in (graph.stages[index].name, str(index))
        case ImageSource(reference=reference):
            return reference == name
        case ContextSource(name=context, reference=reference):
            return name in (context, reference)
        case _:
            return name == "scratch"


def _pivoted(path: str) -> tuple[str, tuple[str, ...]]:
    """Return where ``--parents`` starts, and the pattern from there."""
    parent, pivot, pattern = path.partition("/./")
    if not pivot:
        return "/", (path.strip("/"),)
    return parent or "/", (pattern.strip("/"),)


def _doubt_remote(add: Add, source: str, inputs: Inputs) -> None:
    """A URL with a checksum, and a commit, say what comes; anything else is the server's say."""
    _, _, fragment = source.partition("#")
    commit = fragment.partition(":")[0]
    is_commit = len(commit) == _DIGITS_OF_COMMIT and all(c in "0123456789abcdef" for c in commit)
    if not add.checksum and not is_commit:
        inputs.doubts.append(f"what {source} has now is not known")
