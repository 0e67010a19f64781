"""Text to syntax tree: directives, global ARGs, and stages with their instructions."""

from __future__ import annotations

from stagebuild.dockerfile.directives import Directive, find_directive, find_syntax
from stagebuild.dockerfile.instructions import Arg, From, Instruction
from stagebuild.dockerfile.location import LineRange, located, placed
from stagebuild.dockerfile.reading import read_instruction
from stagebuild.dockerfile.source import SourceReader
from stagebuild.dockerfile.statements import read_statement
from stagebuild.errors import DockerfileError
from stagebuild.values import frozen


@frozen
class StageText:
    """
    A stage as it is written: its FROM, and the instructions up to the next one.

    Attributes:
        index: 0-based position in the file.
        opening: The FROM.
        instructions: Those after it, in order.
    """

    index: int
    opening: From
    instructions: tuple[Instruction, ...]

    @property
    def name(self) -> str | None:
        """The name in lower case, or None."""
        return self.opening.name

    @property
    def lines(self) -> LineRange:
        """From the FROM to the last instruction."""
        last = self.instructions[-1] if self.instructions else self.opening
        return LineRange(self.opening.lines.start, last.lines.end)


@frozen
class Dockerfile:
    """
    The syntax tree of a Dockerfile; nothing is expanded or looked up yet.

    Attributes:
        path: As the caller named it; only for messages.
        escape: The escape character: a backslash or a backtick.
        directives: ``escape``, ``syntax`` and ``check`` as the parser found them, in order.
        syntax: The directive that names a frontend, also where the parser does not look for it
            (after ``#!``), or None.
        check: The directive that configures the linter, found likewise, or None.
        global_args: The ARGs before the first FROM.
        stages: In file order, at least one.
    """

    path: str
    escape: str
    directives: tuple[Directive, ...]
    syntax: Directive | None
    check: Directive | None
    global_args: tuple[Arg, ...]
    stages: tuple[StageText, ...]

    @property
    def instructions(self) -> tuple[Instruction, ...]:
        """Every instruction of the file, in order, FROMs included."""
        of_stages = (
            instruction
            for stage in self.stages
            for instruction in (stage.opening, *stage.instructions)
        )
        return (*self.global_args, *of_stages)


def parse(text: str | bytes, *, path: str = "Dockerfile") -> Dockerfile:
    """
    Return the syntax tree of a Dockerfile.

    Args:
        text: The whole file. Bytes are read as UTF-8; what is not valid is kept as
            lone surrogates, of text as of bytes.
        path: The file's name, for messages.

    Raises:
        DockerfileError: With path and line: BuildKit would refuse to parse it, too.
    """
    if isinstance(text, str):
        text = text.encode("utf-8", "surrogatepass")
    text = text.decode("utf-8", "surrogateescape")
    reader = SourceReader(text, path=path)
    try:
        instructions = _read_all(reader, path)
        global_args, stages = _grouped(instructions, path)
    except DockerfileError as error:
        raise _explained(error, text) from error
    if not stages:
        raise DockerfileError(
            "there is no stage", path=path, line=reader.line or None, hint="start one with FROM"
        )
    return Dockerfile(
        path=path,
        escape=reader.escape,
        directives=tuple(reader.directives),
        syntax=find_syntax(text),
        check=find_directive("check", text),
        global_args=global_args,
        stages=stages,
    )


def read_trigger(expression: str, *, lines: LineRange, path: str) -> Instruction:
    """
    Return the instruction that an ONBUILD holds, as if it stood at ``lines``.

    BuildKit reads it anew when it is triggered, and always with a backslash as escape character.

    Raises:
        DockerfileError: It is none, or more than one.
    """
    reader = SourceReader(expression, path=path)
    with located(path, lines.start):
        first = reader.next_line()
        if first is None:
            raise DockerfileError("ONBUILD holds no instruction")
        instruction = read_instruction(read_statement(first, reader, lines=lines))
        if reader.next_line() is not None:
            raise DockerfileError("ONBUILD holds more than one instruction")
        return instruction


def _read_all(reader: SourceReader, path: str) -> list[Instruction]:
    instructions: list[Instruction] = []
    while (line := reader.next_line()) is not None:
        try:
            instructions.append(read_instruction(read_statement(line, reader)))
        except DockerfileError as error:
            raise placed(error, path=path, line=line.lines.start) from error.__cause__
    return instructions


def _grouped(
    instructions: list[Instruction], path: str
) -> tuple[tuple[Arg, ...], tuple[StageText, ...]]:
    global_args: list[Arg] = []
    groups: list[tuple[From, list[Instruction]]] = []
    for instruction in instructions:
        if isinstance(instruction, From):
            groups.append((instruction, []))
        elif groups:
            groups[-1][1].append(instruction)
        elif isinstance(instruction, Arg):
            global_args.append(instruction)
        else:
            raise DockerfileError(
                f"{instruction.keyword} stands before the first FROM",
                path=path,
                line=instruction.line,
                hint="only ARG may",
            )
    stages = (
        StageText(index=index, opening=opening, instructions=tuple(rest))
        for index, (opening, rest) in enumerate(groups)
    )
    return tuple(global_args), tuple(stages)


def _explained(error: DockerfileError, text: str) -> DockerfileError:
    """Return the error, with a hint when the file is not meant for this frontend at all."""
    directive = find_syntax(text)
    if directive is None or not text.lstrip("\ufeff").startswith(("//", "{")):
        return error
    hint = f'line {directive.line} asks for the frontend "{directive.value}", which we can\'t read'
    return DockerfileError(error.message, path=error.path, line=error.line, hint=hint)
