"""What is known of images, by name and tag."""

from __future__ import annotations

import re

BUILD_IMAGES = frozenset(
    [
        "golang",
        "rust",
        "maven",
        "gradle",
        "gcc",
        "buildpack-deps",
        "haskell",
        "swift",
        "composer",
        "sbt",
        "clojure",
        "rustlang/rust",
        "hseeberger/scala-sbt",
        "dotnet/sdk",
        "emscripten/emsdk",
        "cimg/go",
        "cimg/rust",
        "google/cloud-sdk",
        "docker",
        "cmake",
        "nixos/nix",
        "bazel",
    ]
)
"""Images, without registry and tag, that are made to build and too large to ship."""

BUILD_TAGS = re.compile(r"(?:^|[-_.])(?:jdk|sdk|devel|dev|build|builder)(?:$|[-_.0-9])")
"""Tags of images that are made to build: ``17-jdk``, ``12.4-devel-ubuntu22.04``, ``3.13-dev``."""

SLIM_VARIANTS = {
    "node": "slim",
    "python": "slim",
    "ruby": "slim",
    "perl": "slim",
    "debian": "slim",
    "openjdk": "jre-slim",
    "php": "fpm-alpine",
    "pypy": "slim",
    "erlang": "slim",
    "elixir": "slim",
}
"""Images whose plain tag holds compilers and headers, and the variant that does not."""

SLIM_TAGS = re.compile(r"slim|alpine|jre|distroless|minimal|nano|micro|windowsservercore")

KNOWN_IMAGES = frozenset(
    [
        "alpine",
        "amazonlinux",
        "archlinux",
        "busybox",
        "caddy",
        "centos",
        "debian",
        "docker",
        "eclipse-temurin",
        "elixir",
        "erlang",
        "fedora",
        "gcc",
        "golang",
        "gradle",
        "haproxy",
        "haskell",
        "httpd",
        "maven",
        "mariadb",
        "memcached",
        "mongo",
        "mysql",
        "nginx",
        "node",
        "openjdk",
        "oraclelinux",
        "perl",
        "php",
        "postgres",
        "pypy",
        "python",
        "redis",
        "rockylinux",
        "ruby",
        "rust",
        "scratch",
        "swift",
        "tomcat",
        "traefik",
        "ubuntu",
        "composer",
        "buildpack-deps",
    ]
)
"""Images that everybody knows: a name that resembles a stage's is no mistake then."""

NOT_ROOT_IMAGES = re.compile(
    r"nonroot|unprivileged|rootless|^cgr\.dev/|^bitnami/|^docker\.io/bitnami/|chiseled|^jenkins/"
)
"""References of images that set another user than root."""
