"""
The Dockerfile, read as BuildKit reads it: text to instructions, to stages and their edges.

Two calls do everything, and neither touches a file, a clock or a network::

    tree = parse(text, path="docker/Dockerfile")          # what is written
    graph = resolve(tree, build_args={"PYTHON": "3.12"})  # what it means for this build

    graph.target.name                    # the last stage, unless resolve(target=…)
    [s.label for s in graph.reachable()] # the stages that are built for it
    graph.images()                       # the images it needs from registries
    graph.stage("test").steps            # each instruction, expanded, with what it sees
    outline(graph).secrets               # what it takes from outside

Everything they return is a frozen value. `DockerfileError` is all they raise, with path and line;
its subclass `UnknownStage` for a target that there is not.

Where to look: `source` joins lines, `statements` cuts arguments, `reading` gives them a meaning
(`instructions`), `syntax` makes the tree; `expansion` knows variables, `scope` which there are,
`dispatch` where BuildKit expands; `sources` knows what a name stands for, `resolution` puts the
`graph` together. Every module names the BuildKit source that it follows; how faithfully is told
in ``docs/reference/dockerfile.md`` and tested against an engine.
"""

from stagebuild.dockerfile.directives import Directive, find_syntax
from stagebuild.dockerfile.expansion import Expansion, Lexer
from stagebuild.dockerfile.global_args import GlobalArg
from stagebuild.dockerfile.graph import StageGraph
from stagebuild.dockerfile.heredoc import Heredoc
from stagebuild.dockerfile.instructions import (
    Add,
    Arg,
    ArgDeclaration,
    Cmd,
    Copy,
    Document,
    Entrypoint,
    Env,
    Expose,
    From,
    Healthcheck,
    Instruction,
    Label,
    Maintainer,
    OnBuild,
    Pair,
    Run,
    Shell,
    Statement,
    StopSignal,
    Transfer,
    User,
    Volume,
    Workdir,
)
from stagebuild.dockerfile.location import LineRange
from stagebuild.dockerfile.mounts import Device, Mount
from stagebuild.dockerfile.outlines import Outline, OutlineArg, OutlineMount, outline
from stagebuild.dockerfile.references import context_name, normalize_reference
from stagebuild.dockerfile.refusals import is_remote
from stagebuild.dockerfile.resolution import resolve
from stagebuild.dockerfile.stages import (
    ContextSource,
    Edge,
    EdgeKind,
    ImageSource,
    ScratchSource,
    Source,
    Stage,
    StageSource,
    Step,
)
from stagebuild.dockerfile.syntax import Dockerfile, StageText, parse, read_trigger

__all__ = [
    "Add",
    "Arg",
    "ArgDeclaration",
    "Cmd",
    "ContextSource",
    "Copy",
    "Device",
    "Directive",
    "Dockerfile",
    "Document",
    "Edge",
    "EdgeKind",
    "Entrypoint",
    "Env",
    "Expansion",
    "Expose",
    "From",
    "GlobalArg",
    "Healthcheck",
    "Heredoc",
    "ImageSource",
    "Instruction",
    "Label",
    "Lexer",
    "LineRange",
    "Maintainer",
    "Mount",
    "OnBuild",
    "Outline",
    "OutlineArg",
    "OutlineMount",
    "Pair",
    "Run",
    "ScratchSource",
    "Shell",
    "Source",
    "Stage",
    "StageGraph",
    "StageSource",
    "StageText",
    "Statement",
    "Step",
    "StopSignal",
    "Transfer",
    "User",
    "Volume",
    "Workdir",
    "context_name",
    "find_syntax",
    "is_remote",
    "normalize_reference",
    "outline",
    "parse",
    "read_trigger",
    "resolve",
]
