"""
Instruction after instruction: what each one expands to in its scope, and what it changes there.

Source: moby/buildkit frontend/dockerfile/dockerfile2llb/convert.go, dispatch, and the Expand
methods of frontend/dockerfile/instructions/commands.go.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from stagebuild.dockerfile.expansion import Lexer, is_plain
from stagebuild.dockerfile.instructions import (
    Add,
    Arg,
    ArgDeclaration,
    Copy,
    Document,
    Env,
    Expose,
    Instruction,
    Label,
    Pair,
    Run,
    StopSignal,
    User,
    Volume,
    Workdir,
)
from stagebuild.dockerfile.mounts import read_mount
from stagebuild.dockerfile.refusals import (
    check_checksum,
    check_mount,
    check_port,
    check_signal,
    check_transfer,
)
from stagebuild.errors import DockerfileError
from stagebuild.values import replaced

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stagebuild.dockerfile.scope import Scope

_DOCUMENT_LEXER = Lexer(ignore_quotes=True)
_NEVER_IN_ENVIRONMENT = frozenset(("BUILDKIT_SBOM_SCAN_CONTEXT", "BUILDKIT_SBOM_SCAN_STAGE"))


class Dispatcher:
    """
    Expands the instructions of one stage, in order.

    Attributes:
        used: Variables of the last instruction that had a value.
        unset: Variables of the last instruction that had none.
    """

    __slots__ = ("_build_args", "_changed", "_global_args", "_lexer", "_scope", "unset", "used")

    def __init__(
        self,
        scope: Scope,
        *,
        lexer: Lexer,
        global_args: Mapping[str, str],
        build_args: Mapping[str, str],
    ) -> None:
        self.used: set[str] = set()
        self.unset: set[str] = set()
        self._changed = False
        self._scope = scope
        self._lexer = lexer
        self._global_args = global_args
        self._build_args = build_args

    def dispatch(self, instruction: Instruction) -> Instruction:
        """
        Return the expanded instruction, and change the scope as it says.

        Raises:
            DockerfileError: Without a place: a word can't be expanded, or says what BuildKit
                refuses.
        """
        self.used, self.unset, self._changed = set(), set(), False
        match instruction:
            case Arg():
                return self._arg(instruction)
            case Env():
                pairs = self._pairs(instruction.pairs)
                self._scope.set_env({pair.name: pair.value for pair in pairs})
                return replaced(instruction, pairs=pairs) if self._changed else instruction
            case Label():
                pairs = self._pairs(instruction.pairs)
                return replaced(instruction, pairs=pairs) if self._changed else instruction
            case Copy() | Add():
                return self._transfer(instruction)
            case Run() if instruction.mount_texts:
                return self._run(instruction)
            case _:
                return self._simple(instruction)

    def _word(self, word: str) -> str:
        return word if is_plain(word) else self._noted(self._lexer, word)

    def _noted(self, lexer: Lexer, word: str) -> str:
        expansion = lexer.expand(word, self._scope.variables)
        self.used |= expansion.used
        self.unset |= expansion.unset
        self._changed |= expansion.text != word
        return expansion.text

    def _pairs(self, pairs: tuple[Pair, ...]) -> tuple[Pair, ...]:
        return tuple(
            Pair(
                name=self._word(pair.name),
                value=self._word(pair.value),
                is_legacy=pair.is_legacy,
            )
            for pair in pairs
        )

    def _arg(self, instruction: Arg) -> Arg:
        """Settle each declared name: build arg, else default, else the global ARG, else nothing."""
        settled: list[ArgDeclaration] = []
        for declaration in instruction.declarations:
            name = declaration.name
            if name in self._build_args:
                value: str | None = self._build_args[name]
            elif declaration.default is not None:
                value = self._word(declaration.default)
            else:
                value = self._global_args.get(name)
            if name in _NEVER_IN_ENVIRONMENT:
                self._scope.note_arg(name, value)
            else:
                self._scope.set_arg(name, value)
            settled.append(replaced(declaration, default=value))
        return replaced(instruction, declarations=tuple(settled))

    def _transfer(self, instruction: Copy | Add) -> Copy | Add:
        documents = tuple(
            Document(
                name=document.name,
                text=self._noted(_DOCUMENT_LEXER, document.text),
                expands=document.expands,
            )
            if document.expands
            else document
            for document in instruction.documents
        )
        chown = self._word(instruction.chown)
        chmod = self._word(instruction.chmod)
        sources = tuple(map(self._word, instruction.sources))
        destination = self._word(instruction.destination)
        checksum = self._word(instruction.checksum) if isinstance(instruction, Add) else ""
        if self._changed:
            instruction = replaced(
                instruction,
                chown=chown,
                chmod=chmod,
                sources=sources,
                destination=destination,
                documents=documents,
            )
            if isinstance(instruction, Add):
                instruction = replaced(instruction, checksum=checksum)
        check_transfer(instruction, is_add=isinstance(instruction, Add))
        if isinstance(instruction, Add):
            check_checksum(instruction)
        return instruction

    def _run(self, instruction: Run) -> Run:
        mounts = tuple(read_mount(text, expand=self._word) for text in instruction.mount_texts)
        for mount in mounts:
            check_mount(mount, workdir=self._scope.workdir)
        return replaced(instruction, mounts=mounts)

    def _simple(self, instruction: Instruction) -> Instruction:
        match instruction:
            case Workdir():
                path = self._word(instruction.path)
                self._scope.change_directory(path)
                return replaced(instruction, path=path)
            case User():
                return replaced(instruction, user=self._word(instruction.user))
            case Volume():
                return self._volume(instruction)
            case StopSignal():
                signal = self._word(instruction.signal)
                check_signal(signal)
                return replaced(instruction, signal=signal)
            case Expose():
                return self._expose(instruction)
            case _:
                return instruction

    def _volume(self, instruction: Volume) -> Volume:
        paths = tuple(map(self._word, instruction.paths))
        if "" in paths:
            raise DockerfileError("the path of a VOLUME can't be empty")
        return replaced(instruction, paths=paths)

    def _expose(self, instruction: Expose) -> Expose:
        """Expand and split: one word may hold several ports."""
        ports: list[str] = []
        for port in instruction.ports:
            self._word(port)
            ports += self._lexer.split(port, self._scope.variables)
        for port in ports:
            check_port(port)
        return replaced(instruction, ports=tuple(ports))
