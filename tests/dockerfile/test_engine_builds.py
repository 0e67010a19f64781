"""What a real build makes of variables and step numbers, against what we say before it."""

from __future__ import annotations

import json
import random
import re
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from stagebuild.dockerfile import (
    Env,
    Expose,
    Label,
    StageGraph,
    StopSignal,
    User,
    Volume,
    Workdir,
    parse,
    resolve,
)
from stagebuild.errors import DockerfileError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

pytestmark = pytest.mark.engine

# What the frontend says, as opposed to an engine that is not there.
REFUSAL = re.compile("failed to build: failed to (solve|run Build function):")

SCOPES = r"""
ARG GLOBAL=global
ARG OVERRIDDEN=default
ARG CHAIN=${GLOBAL}-${OVERRIDDEN}
FROM scratch AS parent
ARG GLOBAL
ARG BOTH=arg
ENV BOTH=env
ARG INHERITED=from-parent
ENV KEPT=kept-$INHERITED
LABEL parent.both=$BOTH
ENV ARG_AFTER_ENV=env
ARG ARG_AFTER_ENV=arg
LABEL parent.arg-after-env=$ARG_AFTER_ENV
FROM parent
LABEL child.both=$BOTH child.arg-after-env=$ARG_AFTER_ENV child.inherited=$INHERITED
LABEL child.global=$GLOBAL child.chain=$CHAIN
ARG CHAIN
LABEL child.chain-declared=$CHAIN
ARG OVERRIDDEN=stage-default
ARG ABSENT
LABEL child.overridden=$OVERRIDDEN child.absent="<$ABSENT>"
ARG TARGETARCH TARGETPLATFORM BUILDOS TARGETSTAGE
LABEL platform=$TARGETPLATFORM/$TARGETARCH/$BUILDOS stage=$TARGETSTAGE
ENV SAME=1 OTHER=<$SAME>
ENV SAME=2 OTHER=<$SAME>
LABEL $SAME.key=v child.other=$OTHER path=$PATH
ENV ABC=hello NAME=x
WORKDIR /$ABC
WORKDIR sub/${NAME}
USER $NAME:${ABC}
VOLUME /v/$ABC ${NOPE:-/w}
EXPOSE ${NOPE:-80} 53/udp 8000-8002
STOPSIGNAL ${NOPE:-SIGINT}
HEALTHCHECK CMD echo $ABC
CMD ["echo", "$ABC"]
"""

PIECES = [
    *("$A", "${A}", "$E", "${E}", "$U", "${U}", "$$", "$", "$1", "$@", "${A:-d}", "${U:-d}"),
    *("${E:-d}", "${E-d}", "${U-d}", "${A:+a}", "${E:+a}", "${E+a}", "${U+a}", "${U:-$A}"),
    *("${U:-${E:-${P}}}", "${P#*/}", "${P##*/}", "${P%/*}", "${P%%/*}", "${P/b/X}", "${P//b/X}"),
    *("${P//\\//-}", "${P#?}", "${P%?}", "${P/b*\\//y}", "${P//[a]/z}", "${P/$A/q}", "${P//b/$A}"),
    *(
        "${A:?no}",
        "${A?no}",
        "${P#\\*}",
        "${P%%}",
        "${P//*/w}",
        "${P//x*/w}",
        "${U#a}",
        "${B%\\\\}",
    ),
    *(
        "'",
        '"',
        "\\",
        "\\$A",
        '\\"',
        "\\\\",
        "a",
        "é",
        "=",
        "{",
        "}",
        "/",
        "%",
        "#",
        "<",
        "<<",
        "`",
    ),
    *("' '", '" "', "\\ ", "'$A'", '"$A"', '"\'"', "${U:-'q'}", '${U:-"q $A"}', "${U:-a b}"),
]


def image_config(engine: Any, text: str, *options: str) -> dict[str, Any]:
    """Build, and return the image's configuration."""
    tag = "stagebuild-dockerfile-test"
    argv = ["docker", "buildx", "build", "--load", "--provenance=false", "-t", tag, *options, "-"]
    done = subprocess.run(
        argv, input=text.encode(), env=dict(engine.env), capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr.decode()
    shown = engine.run("docker", "image", "inspect", tag)
    engine.run("docker", "image", "rm", "--force", tag)
    config: dict[str, Any] = json.loads(shown.stdout)[0]["Config"]
    return config


def labels_of(graph: StageGraph) -> dict[str, str]:
    """Return the labels of the target, those of the stages below it included."""
    return {
        pair.name: pair.value
        for stage in graph.reachable()
        for step in stage.steps
        if isinstance(step.expanded, Label)
        for pair in step.expanded.pairs
    }


def test_a_build_sees_the_variables_that_we_say_it_sees(engine: Any) -> None:
    build_args = {"OVERRIDDEN": "given $not"}
    graph = resolve(parse(SCOPES), build_args=build_args)

    config = image_config(engine, SCOPES, "--build-arg", "OVERRIDDEN=given $not")

    assert labels_of(graph) == config["Labels"]
    assert dict(graph.target.env) == dict(entry.split("=", 1) for entry in config["Env"])
    for step in graph.target.steps:
        match step.expanded:
            case User(user=user):
                assert user == config["User"]
            case Volume(paths=paths):
                assert set(paths) == set(config["Volumes"])
            case StopSignal(signal=signal):
                assert signal == config["StopSignal"]
            case Workdir(path=path):
                assert config["WorkingDir"].endswith(path) or path == "/hello"
            case Expose(ports=ports):
                assert ports == ("80", "53/udp", "8000-8002"), "sorted before expansion"
    assert set(config["ExposedPorts"]) == {"80/tcp", "53/udp", "8000/tcp", "8001/tcp", "8002/tcp"}


def random_words(count: int) -> Iterator[str]:
    source = random.Random(20261124)
    for _ in range(count):
        yield "".join(source.choices(PIECES, k=source.randint(1, 4)))


def with_words(words: list[str], *, escape: str) -> str:
    lines = [
        f"# escape={escape}",
        "# check=skip=all",
        "FROM scratch",
        r"ENV A=one E= P=a/b/b*c/d",
        "ENV B='x\\y'",
    ]
    return "\n".join([*lines, *(f"LABEL n{i}={word}" for i, word in enumerate(words)), ""])


def is_accepted(word: str, *, escape: str) -> bool:
    try:
        resolve(parse(with_words([word], escape=escape))).check()
    except DockerfileError:
        return False
    return True


@pytest.mark.parametrize("escape", ["\\", "`"])
def test_random_words_expand_in_a_build_as_we_expand_them(engine: Any, escape: str) -> None:
    words = [word for word in random_words(2_000) if is_accepted(word, escape=escape)]
    text = with_words(words, escape=escape)

    config = image_config(engine, text)

    expected = labels_of(resolve(parse(text)))
    different = {
        words[int(key[1:])]: (value, config["Labels"].get(key))
        for key, value in expected.items()
        if config["Labels"].get(key) != value and key[1:].isdecimal()
    }
    assert different == {}
    assert len(words) > 500
    assert expected == config["Labels"]


def test_random_words_that_we_refuse_are_refused_by_a_build(engine: Any) -> None:
    refused = [word for word in random_words(2_000) if not is_accepted(word, escape="\\")][:25]

    for word in refused:
        done = subprocess.run(
            ["docker", "buildx", "build", "--call", "outline,format=json", "-"],
            input=with_words([word], escape="\\").encode(),
            env=dict(engine.env),
            capture_output=True,
            check=False,
        )
        assert done.returncode != 0, word
        assert REFUSAL.search(done.stderr.decode()), done.stderr.decode()
    assert len(refused) == 25


HEREDOCS = r"""FROM scratch
ENV A=one
COPY <<EOF <<-'RAW' <<"TAB" /x/
$A "$A" '$A' \$A \\ ${A:-b} ${U:-c}
EOF
	$A stays
	RAW
TAB
"""

NUMBERED = {
    "single": "FROM busybox\nRUN true\nWORKDIR /w\nENV A=b\nWORKDIR /\nRUN echo last\n",
    "single-with-a-mount": "FROM busybox\nRUN --mount=type=cache,target=/c true\n",
    "single-copying-an-image": (
        "FROM busybox\nCOPY --from=debian:bookworm-slim /etc/debian_version /h\n"
    ),
    "stages": (
        "FROM busybox AS a\nRUN echo a > /a\nADD <<X /f\nx\nX\n"
        "FROM a AS b\nCOPY --from=a /a /b\nCOPY <<Y <<Z /d/\ny\nY\nz\nZ\n"
        "FROM busybox\nRUN echo unnamed\n"
        "FROM scratch AS end\nCOPY --from=b /b /\nCOPY --from=2 /bin/sh /\n"
    ),
    "onbuild": (
        "FROM busybox AS p\nONBUILD ENV X=1\nONBUILD RUN echo $X\nONBUILD COPY --from=debian:"
        "bookworm-slim /etc/debian_version /h\nRUN echo p\nFROM p AS q\nRUN echo q\n"
    ),
    "nothing-numbered": "FROM scratch AS a\nENV A=b\nFROM a AS c\nLABEL x=y\n",
    "workdirs": (
        "FROM scratch AS s\nWORKDIR a\nWORKDIR ..\nWORKDIR ../b\nCOPY <<E /e\nE\n"
        "FROM s AS t\nWORKDIR ..\nWORKDIR /t\n"
    ),
}


def vertices(engine: Any, text: str, *options: str) -> set[tuple[str, int, int, str]]:
    """Build, and return stage, i, n and keyword of every vertex that has them."""
    argv = ["docker", "buildx", "build", "--progress=rawjson", "--no-cache", *options, "-"]
    done = subprocess.run(
        argv, input=text.encode(), env=dict(engine.env), capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr.decode()
    names = {
        vertex["name"]
        for line in done.stderr.decode().splitlines()
        if line.startswith("{")
        for vertex in json.loads(line).get("vertexes", ())
    }
    numbered = re.compile(r"\[(?:(\S+) )?\s*(\d+)/(\d+)\] (?:ONBUILD )?(\S+)")
    found = (numbered.match(name) for name in names)
    return {(m[1] or "", int(m[2]), int(m[3]), m[4]) for m in found if m is not None}


def our_vertices(graph: StageGraph) -> set[tuple[str, int, int, str]]:
    found: set[tuple[str, int, int, str]] = set()
    for stage in graph.reachable():
        if stage.base_number is not None:
            found.add((stage.vertex_name, stage.base_number, stage.total, "FROM"))
        found |= {
            (stage.vertex_name, number, stage.total, step.instruction.keyword)
            for number, step in stage.numbered_steps.items()
        }
    return found


def without_bases(found: set[tuple[str, int, int, str]]) -> set[tuple[str, int, int, str]]:
    """Leave the FROMs out: stages and even builds with one base share its vertex, and its name."""
    return {vertex for vertex in found if vertex[3] != "FROM"}


@pytest.mark.parametrize("name", NUMBERED)
def test_the_steps_of_a_build_have_our_numbers(engine: Any, name: str) -> None:
    graph = resolve(parse(NUMBERED[name]))

    theirs, ours = vertices(engine, NUMBERED[name]), our_vertices(graph)

    assert without_bases(theirs) == without_bases(ours)
    assert {number for _, number, _, keyword in theirs if keyword == "FROM"} <= {1}


@pytest.mark.parametrize(
    "contexts",
    [
        {"busybox": "docker-image://debian:bookworm-slim"},
        {"a": "docker-image://busybox"},
        {"BUSYBOX": "docker-image://debian:bookworm-slim"},
    ],
)
def test_named_contexts_change_the_numbers_as_we_say(
    engine: Any, contexts: Mapping[str, str]
) -> None:
    options = [
        option
        for name, value in contexts.items()
        for option in ("--build-context", f"{name}={value}")
    ]
    text = (
        "FROM busybox AS a\nRUN echo a > /a\n"
        "FROM a AS b\nRUN echo b > /b\nFROM busybox\nCOPY --from=b /b /b\n"
    )
    if "BUSYBOX" in contexts:
        with pytest.raises(AssertionError, match="must be lowercase"):
            vertices(engine, text, *options)
        return

    theirs = vertices(engine, text, *options)
    ours = our_vertices(resolve(parse(text), contexts=contexts))

    assert without_bases(theirs) == without_bases(ours)


def test_documents_expand_in_a_build_as_we_expand_them(engine: Any, tmp_path: Any) -> None:
    argv = ["docker", "buildx", "build", "--output", f"type=local,dest={tmp_path}", "-"]
    subprocess.run(
        argv, input=HEREDOCS.encode(), env=dict(engine.env), capture_output=True, check=True
    )
    (step,) = (s for s in resolve(parse(HEREDOCS)).target.steps if s.instruction.keyword == "COPY")

    expected: Any = step.expanded
    for document in expected.documents:
        assert (tmp_path / "x" / document.name).read_text() == document.text
    assert len(expected.documents) == 3


def test_an_env_of_several_names_sees_none_of_them(engine: Any) -> None:
    text = "FROM scratch\nENV A=1 B=$A\nENV A=2 B=$A C=${B}\n"
    stage = resolve(parse(text)).target

    config = image_config(engine, text)

    assert isinstance(stage.steps[1].expanded, Env)
    assert dict(stage.env) == dict(entry.split("=", 1) for entry in config["Env"])
