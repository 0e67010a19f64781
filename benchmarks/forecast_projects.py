"""
Projects to try the forecast on: small, each with something that forecasts can get wrong.

Every RUN has a token ``: v1;`` that an edit can count up. ``@NONCE@`` makes the projects of one run
unknown to the engine, whatever ran before.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """
    A project.

    Attributes:
        name: What it has that others have not.
        dockerfile: Its text.
        files: Content by path.
        args: Build args that edits may change.
        unused_args: Build args that no step sees.
        platforms: As for an environment.
        contexts: Named contexts.
        moving_base: Whether its base image's tag may be moved.
    """

    name: str
    dockerfile: str
    files: dict[str, str]
    args: dict[str, str] = field(default_factory=dict)
    unused_args: dict[str, str] = field(default_factory=dict)
    platforms: tuple[str, ...] = ()
    contexts: dict[str, str] = field(default_factory=dict)
    moving_base: bool = False


def _sources(folder: str, count: int) -> dict[str, str]:
    return {f"{folder}/m{i}.txt": f"{folder} module {i}\n" for i in range(count)}


SAMPLES: tuple[Sample, ...] = (
    Sample(
        name="python",
        dockerfile="""\
FROM python:3.11-slim AS base
RUN : v1; echo @NONCE@ > /nonce
WORKDIR /app
FROM base AS deps
COPY requirements.txt ./
RUN : v1; sort requirements.txt > installed.txt
FROM base AS test
COPY src/ src/
COPY tests/ tests/
RUN : v1; cat src/*.py tests/*.py > /dev/null; ls src tests > listing.txt
FROM base AS prod
COPY --from=deps /app/installed.txt ./
COPY src/ src/
COPY pyproject.toml .
RUN : v1; cat src/*.py | md5sum > sums
USER nobody
CMD ["python", "-m", "src"]
""",
        files={
            "requirements.txt": "flask\nrequests\n",
            "pyproject.toml": "[project]\nname = 'x'\n",
            **{f"src/m{i}.py": f"x = {i}\n" for i in range(4)},
            **{f"tests/test_m{i}.py": f"assert {i} == {i}\n" for i in range(3)},
            "README.md": "read me\n",
            ".dockerignore": "README.md\n*.log\n",
            "notes.log": "ignored\n",
        },
        unused_args={"NOTHING": "1"},
    ),
    Sample(
        name="node",
        dockerfile="""\
FROM node:20-slim AS base
ENV NODE_ENV=production
WORKDIR /srv
RUN : v1; echo @NONCE@ > /nonce
FROM base AS deps
COPY package.json package-lock.json ./
RUN --mount=type=cache,target=/root/.npm : v1; cat package*.json > node_modules.txt
FROM deps AS build
COPY web/ web/
RUN : v1; cat web/* > bundle.js
FROM base AS prod
COPY --from=deps /srv/node_modules.txt ./
COPY --from=build /srv/bundle.js ./public/
COPY server.js ./
EXPOSE 8080
LABEL version=v1
CMD ["node", "server.js"]
""",
        files={
            "package.json": '{"name": "x"}\n',
            "package-lock.json": "{}\n",
            "server.js": "console.log(1)\n",
            **{f"web/p{i}.js": f"let p{i}\n" for i in range(4)},
            ".dockerignore": "node_modules\n*.md\n",
            "docs.md": "ignored\n",
        },
    ),
    Sample(
        name="static",
        dockerfile="""\
FROM busybox AS build
RUN : v1; echo @NONCE@ > /nonce
WORKDIR /site
COPY . .
RUN : v1; find . -type f | sort > index.txt
FROM scratch AS prod
COPY --from=build /site/index.txt /
COPY pages/ /pages/
""",
        files={
            **_sources("pages", 5),
            **_sources("style", 2),
            ".dockerignore": "# nothing of these\ndrafts\n**/*.tmp\n!keep.tmp\n",
            "drafts/one.txt": "draft\n",
            "x.tmp": "temporary\n",
            "keep.tmp": "kept\n",
        },
    ),
    Sample(
        name="heredocs",
        dockerfile="""\
FROM busybox AS base
RUN <<EOF
: v1;
echo @NONCE@ > /nonce
EOF
FROM base AS conf
ARG LEVEL=info
COPY <<EOF /etc/app.conf
level=$LEVEL
EOF
COPY <<"EOF" /etc/raw.conf
raw=$LEVEL
EOF
RUN : v1; cat /etc/*.conf > /all.conf
FROM base AS prod
COPY --from=conf /all.conf /etc/
COPY bin/ /usr/local/bin/
RUN <<EOF sh
: v1; ls /usr/local/bin > /bins
EOF
""",
        files={**_sources("bin", 3), "other.txt": "other\n"},
        args={"LEVEL": "info"},
    ),
    Sample(
        name="mounts",
        dockerfile="""\
FROM busybox AS base
RUN : v1; echo @NONCE@ > /nonce
FROM base AS tools
COPY tools/ /tools/
RUN : v1; ls /tools > /tools/list
FROM base AS prod
WORKDIR /out
RUN --mount=type=bind,source=src,target=/src : v1; cat /src/* > joined
RUN --mount=type=bind,target=/ctx --mount=type=tmpfs,target=/t : v1; ls /ctx > names
RUN --mount=type=bind,from=tools,source=/tools,target=/tools : v1; ls /tools > tools
RUN --mount=type=cache,target=/cache : v1; date >> /cache/log; echo built > built
""",
        files={
            **_sources("src", 4),
            **_sources("tools", 2),
            ".dockerignore": "*.md\n",
            "a.md": "a\n",
        },
    ),
    Sample(
        name="link",
        dockerfile="""\
FROM busybox AS base
RUN : v1; echo @NONCE@ > /nonce
FROM base AS build
COPY lib/ /lib1/
RUN : v1; cat /lib1/* > /joined
FROM base AS prod
COPY --link --from=build /joined /joined
COPY --link app/ /app/
COPY --chmod=755 run.sh /run.sh
COPY --chown=1000:1000 conf/ /conf/
RUN : v1; ls -l /app /conf > /list
""",
        files={
            **_sources("lib", 3),
            **_sources("app", 3),
            **_sources("conf", 2),
            "run.sh": "#!/bin/sh\n",
        },
    ),
    Sample(
        name="excludes",
        dockerfile="""\
FROM busybox AS base
RUN : v1; echo @NONCE@ > /nonce
FROM base AS build
WORKDIR /w
COPY --exclude=*.md --exclude=**/test_* src/ src/
RUN : v1; find src | sort > files
FROM base AS prod
COPY *.cfg /etc/cfg/
COPY src/m?.txt /m/
COPY src/deep/*.txt /deep/
COPY --from=build /w/files /files
""",
        files={
            **_sources("src", 4),
            "src/readme.md": "left out\n",
            "src/deep/test_a.txt": "left out\n",
            "src/deep/b.txt": "deep\n",
            "a.cfg": "a\n",
            "b.cfg": "b\n",
            "c.txt": "c\n",
        },
    ),
    Sample(
        name="args",
        dockerfile="""\
ARG FLAVOUR=plain
FROM busybox AS base
RUN : v1; echo @NONCE@ > /nonce
ARG VERSION=1
ENV APP_VERSION=$VERSION
FROM base AS one
ARG ONE=1
RUN : v1; echo one $ONE > /one
FROM base AS two
ARG TWO=2
ARG FLAVOUR
RUN : v1; echo two $TWO $FLAVOUR > /two
FROM base AS prod
COPY --from=one /one /one
COPY --from=two /two /two
# LATE chooses between late.conf and soon.conf
ARG LATE=late
COPY conf/$LATE.conf /etc/
RUN : v1; echo $APP_VERSION > /version
LABEL version=$VERSION
""",
        files={"conf/late.conf": "late\n", "conf/soon.conf": "soon\n"},
        args={"VERSION": "1", "ONE": "1", "TWO": "2", "FLAVOUR": "plain"},
        unused_args={"NEVER": "0", "HTTP_PROXY": "http://localhost:1"},
    ),
    Sample(
        name="platforms",
        dockerfile="""\
FROM --platform=$BUILDPLATFORM busybox AS build
RUN : v1; echo @NONCE@ > /nonce
ARG TARGETARCH
WORKDIR /w
COPY src/ src/
RUN : v1; cat src/* > out.$TARGETARCH
FROM scratch AS prod
ARG TARGETARCH
COPY --from=build /w/out.$TARGETARCH /out
COPY etc/ /etc/
""",
        files={**_sources("src", 3), **_sources("etc", 2)},
        platforms=("linux/amd64", "linux/arm64"),
    ),
    Sample(
        name="linked",
        dockerfile="""\
FROM common AS base
RUN : v1; echo @NONCE@ > /nonce
FROM base AS build
COPY --from=shared / /shared/
RUN : v1; find /shared -type f | sort > /files
FROM base AS prod
COPY --from=build /files /files
COPY --from=shared lib/ /lib2/
COPY app/ /app/
""",
        files={
            **_sources("app", 3),
            **{f"shared/{path}": text for path, text in _sources("lib", 3).items()},
            "shared/.dockerignore": "*.md\n",
            "shared/x.md": "ignored\n",
            ".dockerignore": "shared\n",
        },
        contexts={"common": "docker-image://busybox", "shared": "shared"},
    ),
    Sample(
        name="moving",
        dockerfile="""\
FROM @BASE@ AS base
RUN : v1; echo @NONCE@ > /nonce
FROM base AS build
COPY src/ /src/
RUN : v1; wc -c /src/* > /counts
FROM @BASE@ AS prod
COPY --from=build /counts /counts
COPY --from=@BASE@ /mark /copied
RUN : v1; cat /counts > /again
""",
        files=_sources("src", 3),
        moving_base=True,
    ),
    Sample(
        name="deep",
        dockerfile="""\
FROM busybox AS s0
RUN : v1; echo @NONCE@ > /nonce
FROM s0 AS s1
COPY a/ /a/
FROM s1 AS s2
RUN : v1; cat /a/* > /a.txt
FROM s0 AS s3
COPY b/ /b/
RUN : v1; cat /b/* > /b.txt
FROM s2 AS s4
COPY --from=s3 /b.txt /b.txt
RUN : v1; cat /a.txt /b.txt > /ab.txt
FROM s0 AS unrelated
COPY c/ /c/
RUN : v1; cat /c/* > /c.txt
FROM s4 AS prod
ENV A=1 B=2
WORKDIR /end
RUN : v1; cp /ab.txt .
""",
        files={**_sources("a", 3), **_sources("b", 3), **_sources("c", 2)},
    ),
)
