"""
The instructions, as values.

Every class holds what its instruction says, in the file's words: nothing is expanded here. The
same classes hold the expanded instruction of a resolved stage (see `Step.expanded`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from stagebuild.dockerfile.heredoc import is_heredoc_word
from stagebuild.values import field, frozen

if TYPE_CHECKING:
    from stagebuild.dockerfile.heredoc import Heredoc
    from stagebuild.dockerfile.location import LineRange
    from stagebuild.dockerfile.mounts import Device, Mount


@frozen
class Statement:
    """
    An instruction as it stands in the file, before its keyword gives it a meaning.

    Attributes:
        spelling: The keyword as written.
        text: The logical line, trimmed: continuations joined, comments inside removed.
        lines: From the keyword to the last line, heredoc bodies included.
        flags: The ``--…`` words, unquoted, in order.
        arguments: What follows, cut as the keyword demands: the elements of a JSON array, words,
            or one text. ENV and LABEL give triples of name, value and separator ("=" or "").
        is_exec_form: The arguments were a JSON array.
        heredocs: The documents below the line, in order.
        comments: The comments directly above, oldest first.
        blank_lines: Numbers of empty lines between its continuations.
        nested: The instruction that ONBUILD holds, else None.
    """

    spelling: str
    text: str
    lines: LineRange
    flags: tuple[str, ...] = ()
    arguments: tuple[str, ...] = ()
    is_exec_form: bool = False
    heredocs: tuple[Heredoc, ...] = ()
    comments: tuple[str, ...] = ()
    blank_lines: tuple[int, ...] = ()
    nested: Statement | None = None

    @property
    def keyword(self) -> str:
        """The keyword in upper case."""
        return self.spelling.upper()


@frozen
class Instruction:
    """What all instructions have: the statement they were read from."""

    statement: Statement = field(repr=False)

    @property
    def keyword(self) -> str:
        """The keyword in upper case."""
        return self.statement.keyword

    @property
    def lines(self) -> LineRange:
        """The physical lines, 1-based."""
        return self.statement.lines

    @property
    def line(self) -> int:
        """The first physical line, 1-based."""
        return self.statement.lines.start

    @property
    def text(self) -> str:
        """The logical line as written, without heredoc bodies."""
        return self.statement.text


@frozen
class From(Instruction):
    """
    ``FROM [--platform=…] base [AS name]``.

    Attributes:
        base: Image, earlier stage or ``scratch``; may hold variables.
        name: The stage's name in lower case, or None.
        platform: As written, or None; may hold variables.
        description: The comment line above that starts with the name, without it; "" for none.
    """

    base: str
    name: str | None
    platform: str | None
    description: str


@frozen
class ArgDeclaration:
    """
    One name of an ARG.

    Attributes:
        name: The argument.
        default: The text after ``=``, quotes included, or None without ``=``.
        description: The comment line above that starts with the name, without it; "" for none.
    """

    name: str
    default: str | None
    description: str


@frozen
class Arg(Instruction):
    """``ARG name[=default] …``."""

    declarations: tuple[ArgDeclaration, ...]


@frozen
class Pair:
    """
    One name and value of an ENV or LABEL.

    Attributes:
        name: May hold variables.
        value: Quotes included; may hold variables.
        is_legacy: Written as ``name value``, without ``=``.
    """

    name: str
    value: str
    is_legacy: bool


@frozen
class Env(Instruction):
    """``ENV name=value …``."""

    pairs: tuple[Pair, ...]


@frozen
class Label(Instruction):
    """``LABEL name=value …``."""

    pairs: tuple[Pair, ...]


@frozen
class Document:
    """A heredoc as a source of COPY or ADD: the file's name, its text, and whether to expand it."""

    name: str
    text: str
    expands: bool


@frozen
class Transfer(Instruction):
    """
    What COPY and ADD share.

    Attributes:
        sources: Paths, patterns or (ADD) URLs, in order; may hold variables.
        documents: Files written in the Dockerfile.
        destination: May hold variables.
        chown: "" when absent; may hold variables.
        chmod: "" when absent; may hold variables.
        is_linked: ``--link``: the layer does not depend on what is below it.
        excludes: Patterns of ``--exclude``; not expanded by BuildKit.
    """

    sources: tuple[str, ...]
    documents: tuple[Document, ...]
    destination: str
    chown: str
    chmod: str
    is_linked: bool
    excludes: tuple[str, ...]


@frozen
class Copy(Transfer):
    """
    ``COPY``.

    Attributes:
        from_: Stage name or index, named context or image; None for the build context.
        keeps_parents: ``--parents``.
    """

    from_: str | None
    keeps_parents: bool


@frozen
class Add(Transfer):
    """
    ``ADD``.

    Attributes:
        checksum: Expected digest of a remote source, "" when absent; may hold variables.
        keeps_git_dir: ``--keep-git-dir``, or None when absent.
        unpacks: ``--unpack``, or None when absent: local archives are unpacked, remote ones not.
    """

    checksum: str
    keeps_git_dir: bool | None
    unpacks: bool | None


@frozen
class Run(Instruction):
    """
    ``RUN``.

    Attributes:
        command: The JSON array's strings, or the shell line as the only element (none when empty).
        is_exec_form: ``command`` is run without a shell.
        mount_texts: The values of ``--mount``.
        mount_sources: For each mount its ``from``, or None.
        mounts: The mounts, read: empty until the stage is resolved, for they may hold variables.
        network: ``default``, ``none`` or ``host``.
        security: ``sandbox`` or ``insecure``.
        devices: CDI devices.
    """

    command: tuple[str, ...]
    is_exec_form: bool
    mount_texts: tuple[str, ...]
    mount_sources: tuple[str | None, ...]
    mounts: tuple[Mount, ...] = ()
    network: str
    security: str
    devices: tuple[Device, ...]

    @property
    def script(self) -> str:
        """
        What the shell is given: the line, or the heredoc that is all of it, or both together.

        The elements joined by spaces in exec form, where there is no shell.
        """
        line = " ".join(self.command)
        heredocs = self.statement.heredocs
        if self.is_exec_form or not heredocs:
            return line
        if is_heredoc_word(line):
            return heredocs[0].content
        return "".join((line, *(f"\n{each.body}{each.name}" for each in heredocs)))


@frozen
class Cmd(Instruction):
    """``CMD``: the JSON array's strings, or the shell line as the only element."""

    command: tuple[str, ...]
    is_exec_form: bool


@frozen
class Entrypoint(Instruction):
    """``ENTRYPOINT``: the JSON array's strings, or the shell line as the only element."""

    command: tuple[str, ...]
    is_exec_form: bool


@frozen
class Shell(Instruction):
    """``SHELL``: the JSON array's strings, never empty."""

    command: tuple[str, ...]


@frozen
class Healthcheck(Instruction):
    """
    ``HEALTHCHECK``.

    Attributes:
        command: The JSON array's strings, or the shell line as the only element; None for
            ``HEALTHCHECK NONE``.
        is_exec_form: ``command`` is run without a shell.
        interval_s: Seconds, 0.0 for the engine's default; so are the others.
        timeout_s: For one run.
        start_period_s: During which failures don't count.
        start_interval_s: Between runs in the start period.
        retries: Failures in a row that make the container unhealthy, 0 for the default.
    """

    command: tuple[str, ...] | None
    is_exec_form: bool
    interval_s: float = 0.0
    timeout_s: float = 0.0
    start_period_s: float = 0.0
    start_interval_s: float = 0.0
    retries: int = 0


@frozen
class Workdir(Instruction):
    """``WORKDIR``: one path, spaces and all."""

    path: str


@frozen
class User(Instruction):
    """``USER``: ``name[:group]`` or ``uid[:gid]``."""

    user: str


@frozen
class Expose(Instruction):
    """``EXPOSE``: ports as written, sorted as BuildKit sorts them."""

    ports: tuple[str, ...]


@frozen
class Volume(Instruction):
    """``VOLUME``: paths in the container."""

    paths: tuple[str, ...]


@frozen
class StopSignal(Instruction):
    """``STOPSIGNAL``: a name, with or without SIG, or a number."""

    signal: str


@frozen
class Maintainer(Instruction):
    """``MAINTAINER``, deprecated: a name."""

    name: str


@frozen
class OnBuild(Instruction):
    """
    ``ONBUILD``: an instruction for the stages and images built on this one.

    BuildKit checks it only when it is triggered, and so do we (see `read_trigger`).

    Attributes:
        expression: The text of that instruction, heredoc bodies included.
        trigger_keyword: Its keyword in upper case.
    """

    expression: str
    trigger_keyword: str
