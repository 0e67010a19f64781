"""
The ARGs before the first FROM: their values, and which of them each one was made of.

Source: moby/buildkit frontend/dockerfile/dockerfile2llb/convert.go, buildMetaArgs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from stagebuild.dockerfile.location import LineRange, located
from stagebuild.values import frozen

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from stagebuild.dockerfile.expansion import Lexer
    from stagebuild.dockerfile.instructions import Arg, ArgDeclaration


@frozen
class GlobalArg:
    """
    One global ARG.

    Attributes:
        name: The argument.
        value: Build arg or expanded default; None without either.
        description: The comment above, or "".
        lines: Where it is declared, for the last time.
        made_of: Names of the ARGs that its default uses.
    """

    name: str
    value: str | None
    description: str
    lines: LineRange
    made_of: frozenset[str]


def read_global_args(
    instructions: Iterable[Arg],
    *,
    automatic: Mapping[str, str],
    build_args: Mapping[str, str],
    lexer: Lexer,
    path: str,
) -> tuple[dict[str, str], dict[str, GlobalArg]]:
    """
    Return the variables in scope of every FROM, and the global ARGs by name.

    Args:
        instructions: The ARGs before the first FROM.
        automatic: The platform ARGs, build args already applied.
        build_args: What the caller sets; they are taken as they are, not expanded.
        lexer: With the file's escape character.
        path: For messages.

    Raises:
        DockerfileError: A default can't be expanded.
    """
    variables = dict(automatic)
    found: dict[str, GlobalArg] = {}
    for instruction in instructions:
        for declaration in instruction.declarations:
            with located(path, instruction.line):
                value, made_of = _value(declaration, variables, build_args, lexer)
            if declaration.name in made_of and declaration.name in found:
                made_of |= found[declaration.name].made_of
            if value is not None:
                variables[declaration.name] = value
            found[declaration.name] = GlobalArg(
                name=declaration.name,
                value=value,
                description=declaration.description,
                lines=instruction.lines,
                made_of=made_of - {declaration.name},
            )
    return variables, found


def _value(
    declaration: ArgDeclaration,
    variables: Mapping[str, str],
    build_args: Mapping[str, str],
    lexer: Lexer,
) -> tuple[str | None, frozenset[str]]:
    if declaration.name in build_args:
        return build_args[declaration.name], frozenset()
    if declaration.default is None:
        return None, frozenset()
    expansion = lexer.expand(declaration.default, variables)
    return expansion.text, expansion.used
