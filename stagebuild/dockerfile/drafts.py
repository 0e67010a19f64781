"""
The first pass over the stages: what each FROM means, and what every stage takes from where.

All of it is settled before a single step is expanded, since variables of a stage have no part in
it; BuildKit demands as much of ``--from``.

Source: moby/buildkit frontend/dockerfile/dockerfile2llb/convert.go, buildDispatchStates and
buildStageDependencyGraph.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from stagebuild.dockerfile.cycles import find_circle
from stagebuild.dockerfile.instructions import Copy, Instruction, Run
from stagebuild.dockerfile.location import located
from stagebuild.dockerfile.platforms import check_platform
from stagebuild.dockerfile.stages import ContextSource, Edge, EdgeKind, Source
from stagebuild.errors import DockerfileError
from stagebuild.values import field, slotted

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from stagebuild.dockerfile.expansion import Lexer
    from stagebuild.dockerfile.sources import SourceFinder
    from stagebuild.dockerfile.syntax import StageText


@slotted
class Draft:
    """
    A stage whose FROM is resolved, before its steps are.

    Attributes:
        text: The stage as written.
        base_name: The operand of FROM after expansion.
        base: What it stands for.
        platform: Of ``--platform`` after expansion, or None.
        replacement: The named context of the stage's name, or None.
        from_args: The variables that the FROM used.
        edges: The base first, then in file order; those of ONBUILD are added later.
        error: What is wrong with its steps, found later.
    """

    text: StageText
    base_name: str
    base: Source
    platform: str | None
    replacement: ContextSource | None
    from_args: frozenset[str]
    edges: list[Edge] = field(default_factory=list)
    error: DockerfileError | None = None


class Drafter:
    """Drafts the stages of one file."""

    def __init__(
        self, finder: SourceFinder, *, lexer: Lexer, variables: Mapping[str, str], path: str
    ) -> None:
        """
        Prepare.

        Args:
            finder: Knows what names stand for.
            lexer: With the file's escape character.
            variables: In scope of every FROM.
            path: For messages.
        """
        self._finder = finder
        self._lexer = lexer
        self._variables = variables
        self._path = path

    def draft_all(self, stages: Sequence[StageText]) -> list[Draft]:
        """
        Return the drafts, in file order, edges included.

        Raises:
            DockerfileError: A FROM or ``--from`` is refused, or the stages go in a circle.
        """
        drafts = [self._draft(text) for text in stages]
        for draft in drafts:
            draft.edges += self._edges(draft)
        self._refuse_circles(drafts)
        return drafts

    def _draft(self, text: StageText) -> Draft:
        opening = text.opening
        with located(self._path, opening.line):
            base = self._lexer.expand(opening.base, self._variables)
            if not base.text:
                raise DockerfileError(
                    f'the base "{opening.base}" is empty',
                    hint="give the ARG a default before the first FROM",
                )
            platform, platform_args = self._platform(opening.platform)
            replacement = self._finder.replacement(text.name) if text.name else None
            source = self._finder.of_base(base.text, stage=text.index)
        draft = Draft(
            text=text,
            base_name=base.text,
            base=source,
            platform=platform,
            replacement=replacement,
            from_args=base.used | platform_args,
        )
        draft.edges.append(
            Edge(stage=text.index, kind=EdgeKind.BASE, line=opening.line, source=source)
        )
        return draft

    def _platform(self, written: str | None) -> tuple[str | None, frozenset[str]]:
        if written is None:
            return None, frozenset()
        platform = self._lexer.expand(written, self._variables)
        if not platform.text:
            raise DockerfileError(f'the platform "{written}" is empty')
        check_platform(platform.text)
        return platform.text, platform.used

    def _edges(self, draft: Draft) -> Iterator[Edge]:
        for instruction in draft.text.instructions:
            if isinstance(instruction, Copy | Run):
                with located(self._path, instruction.line):
                    yield from self.edges_of(instruction, draft.text.index)

    def edges_of(self, instruction: Instruction, stage: int) -> Iterator[Edge]:
        """
        Yield what an instruction of a stage takes from elsewhere.

        Raises:
            DockerfileError: Without a place.
        """
        match instruction:
            case Copy(from_=str(name)):
                if self._lexer.expand(name, {}).text != name:
                    raise DockerfileError(
                        "--from can't hold a variable",
                        hint="define a stage with FROM and a global ARG, and copy from that",
                    )
                source = self._finder.of_copy(name, stage=stage)
                yield Edge(stage=stage, kind=EdgeKind.COPY, line=instruction.line, source=source)
            case Run(mount_sources=names):
                for mounted in names:
                    if mounted is not None:
                        source = self._finder.of_mount(mounted, stage=stage)
                        yield Edge(
                            stage=stage, kind=EdgeKind.MOUNT, line=instruction.line, source=source
                        )

    def _refuse_circles(self, drafts: Sequence[Draft]) -> None:
        circle = find_circle({draft.text.index: draft.edges for draft in drafts})
        if not circle:
            return
        names = [drafts[edge.stage].text.name or str(edge.stage) for edge in circle]
        raise DockerfileError(
            f"stages depend on each other in a circle: {' -> '.join((*names, names[0]))}",
            path=self._path,
            line=circle[0].line,
            hint="copy from a stage that stands before this one",
        )


def is_alone(drafts: Sequence[Draft]) -> bool:
    """Say whether BuildKit counts one stage, and so shows it without a name."""
    return len(drafts) == 1 and not any(map(_names_image, drafts[0].text.instructions))


def _names_image(instruction: Instruction) -> bool:
    """
    Say whether the instruction makes BuildKit count one more stage.

    Every mount does, also one without ``from``, and every COPY --from: in a file with a single
    stage they can't mean that stage. The stage is then shown with a name.
    """
    return (isinstance(instruction, Copy) and instruction.from_ is not None) or (
        isinstance(instruction, Run) and bool(instruction.mount_texts)
    )
