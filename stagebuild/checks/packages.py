"""What is known of packages: which build, which look into a running system, which develop."""

from __future__ import annotations

import re

_BUILD_PACKAGES = frozenset(
    [
        "autoconf",
        "automake",
        "bazel",
        "binutils",
        "bison",
        "build-base",
        "build-essential",
        "cargo",
        "clang",
        "cmake",
        "composer",
        "default-jdk",
        "default-jdk-headless",
        "dpkg-dev",
        "flex",
        "g++",
        "gcc",
        "gfortran",
        "git",
        "golang",
        "golang-go",
        "go",
        "gradle",
        "libtool",
        "llvm",
        "m4",
        "make",
        "maven",
        "mercurial",
        "meson",
        "musl-dev",
        "ninja",
        "ninja-build",
        "nodejs-npm",
        "npm",
        "patch",
        "pkg-config",
        "pkgconf",
        "py3-pip",
        "python3-pip",
        "python-pip",
        "rust",
        "rustc",
        "rustup",
        "subversion",
        "swig",
        "yarn",
        "yarnpkg",
        "gcc-c++",
        "openssl-devel",
    ]
)
_BUILD_PACKAGE = re.compile(
    r"(?:gcc|g\+\+|clang|llvm|cmake|golang)-[0-9.]+|.+-(?:dev|devel|headers|jdk|jdk-headless)"
    r"|openjdk-?[0-9]+(?:-jdk.*)?|linux-headers.*"
)
_DEBUG_PACKAGES = frozenset(
    [
        "bind-tools",
        "dnsutils",
        "emacs",
        "emacs-nox",
        "gdb",
        "gdbserver",
        "htop",
        "iftop",
        "iotop",
        "iperf",
        "iperf3",
        "iputils-ping",
        "iputils",
        "lldb",
        "lsof",
        "ltrace",
        "man-db",
        "mc",
        "nano",
        "net-tools",
        "netcat",
        "netcat-openbsd",
        "netcat-traditional",
        "ncat",
        "nmap",
        "openssh-server",
        "perf",
        "screen",
        "strace",
        "sysstat",
        "tcpdump",
        "telnet",
        "tmux",
        "traceroute",
        "valgrind",
        "vim",
        "vim-tiny",
        "vim-nox",
        "less",
    ]
)


def is_build_package(name: str) -> bool:
    """Say whether a package of a distribution is there to build or install other things."""
    return name in _BUILD_PACKAGES or _BUILD_PACKAGE.fullmatch(name) is not None


def is_debug_package(name: str) -> bool:
    """Say whether a package of a distribution is there to look into a running system."""
    return name in _DEBUG_PACKAGES


DEV_PYTHON = frozenset(
    [
        "pytest",
        "ruff",
        "black",
        "mypy",
        "flake8",
        "pylint",
        "isort",
        "tox",
        "nox",
        "coverage",
        "pytest-cov",
        "ipython",
        "ipdb",
        "debugpy",
        "jupyter",
        "jupyterlab",
        "pyright",
        "hypothesis",
        "pre-commit",
        "bandit",
        "build",
        "twine",
        "pip-tools",
    ]
)
"""Python packages for development."""

DEV_FILE = re.compile(
    r"(?:^|[/_.-])(?:dev|develop|development|test|tests|testing|lint|ci)(?=$|[/_.-])"
)
"""Names of requirement files and extras for development: ``requirements-dev.txt``, ``.[test]``."""
