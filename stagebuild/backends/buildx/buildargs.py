"""
How build args reach buildx: by name, with the value in the child's environment, never in its argv.

An argv can be read by every user of the machine, an environment by its owner alone. buildx reads
the value of ``--build-arg NAME`` from its environment, and BuildKit is sent the same either way.

But the environment is also how the programs that run are set up: buildx, the docker command, ssh,
git, credential helpers, Go's and C's run-time libraries. A build arg that is called like one of
their variables (``HTTP_PROXY``, ``DEBUG``, ``DOCKER_HOST``) would change them, so:

- a value that the environment has already is passed by name: nothing changes;
- another one is passed by value, unless it looks like a secret, which is refused.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from stagebuild.errors import UnsupportedFeature

if TYPE_CHECKING:
    from collections.abc import Mapping

# Read by some program of the child's process tree. Sources: os.Getenv and os.LookupEnv in
# docker/buildx v0.36 and docker/cli v29 with everything that they vendor, environ(7), ld.so(8),
# resolv.conf(5), bash(1), ssh(1), git(1), and the credential helpers of AWS, Azure, Google and
# docker/docker-credential-helpers.
_TAKEN_NAMES = frozenset(
    [
        "ALL_PROXY",
        "BASHOPTS",
        "BASH_ENV",
        "CDPATH",
        "CLICOLOR",
        "CLICOLOR_FORCE",
        "COLUMNS",
        "COMSPEC",
        "CONTAINER_HOST",
        "DBUS_SESSION_BUS_ADDRESS",
        "DEBUG",
        "DEBUG_HTTP2_GOROUTINES",
        "DISABLE_HTTP2",
        "DISPLAY",
        "EDITOR",
        "ENV",
        "FORCE_COLOR",
        "FTP_PROXY",
        "GCONV_PATH",
        "GITHUB_ACTIONS",
        "GITHUB_ACTOR",
        "GITHUB_ACTOR_ID",
        "GITHUB_EVENT_NAME",
        "GITHUB_EVENT_PATH",
        "GITHUB_JOB",
        "GITHUB_REF",
        "GITHUB_REF_NAME",
        "GITHUB_REF_PROTECTED",
        "GITHUB_REF_TYPE",
        "GITHUB_REPOSITORY",
        "GITHUB_REPOSITORY_ID",
        "GITHUB_REPOSITORY_OWNER",
        "GITHUB_REPOSITORY_OWNER_ID",
        "GITHUB_RUN_ATTEMPT",
        "GITHUB_RUN_ID",
        "GITHUB_RUN_NUMBER",
        "GITHUB_SERVER_URL",
        "GITHUB_TRIGGERING_ACTOR",
        "GITHUB_WORKFLOW",
        "GITHUB_WORKFLOW_REF",
        "GITHUB_WORKFLOW_SHA",
        "GODEBUG",
        "GOGC",
        "GOMAXPROCS",
        "GOMEMLIMIT",
        "GOPROTODEBUG",
        "GORACE",
        "GOTRACEBACK",
        "HOME",
        "HOSTALIASES",
        "HOSTNAME",
        "HTTPS_PROXY",
        "HTTP_PROXY",
        "IFS",
        "KUBECONFIG",
        "LANG",
        "LANGUAGE",
        "LINES",
        "LOCALDOMAIN",
        "LOCPATH",
        "LOGNAME",
        "NETRC",
        "NLSPATH",
        "NORAW",
        "NO_COLOR",
        "NO_PROXY",
        "OLDPWD",
        "PAGER",
        "PASSWORD_STORE_DIR",
        "PATH",
        "PROGRESS_NO_TRUNC",
        "PS4",
        "PWD",
        "REGISTRY_AUTH_FILE",
        "REQUEST_METHOD",
        "RES_OPTIONS",
        "RUNEWIDTH_EASTASIAN",
        "SHELL",
        "SHELLOPTS",
        "TEMP",
        "TERM",
        "TMP",
        "TMPDIR",
        "TRACEPARENT",
        "TRACESTATE",
        "TTY_DISPLAY_RATE",
        "TZ",
        "TZDIR",
        "USER",
        "USERNAME",
        "USERPROFILE",
        "WAYLAND_DISPLAY",
        "WSL_DISTRO_NAME",
    ]
)
_TAKEN_PREFIXES = (
    "ACTIONS_",
    "AWS_",
    "AZURE_",
    "BAKE_",
    "BUILDKIT_",
    "BUILDX_",
    "CLOUDSDK_",
    "COMPOSE_",
    "COSIGN_",
    "DOCKER_",
    "DYLD_",
    "EXPERIMENTAL_",
    "GCE_",
    "GCM_",
    "GIT_",
    "GOOGLE_",
    "GPG_",
    "GRPC_",
    "HTTP2_",
    "IDENTITY_",
    "KUBE_",
    "KUBERNETES_",
    "LC_",
    "LD_",
    "MALLOC_",
    "MOBY_",
    "MSI_",
    "OTEL_",
    "PODMAN_",
    "PYTHON",
    "RUNNER_",
    "SIGSTORE_",
    "SSH_",
    "SSL_CERT_",
    "SUDO_",
    "TUF_",
    "XDG_",
    "_",
)


def is_taken(name: str) -> bool:
    """Whether a program of the child's process tree may read this environment variable itself."""
    upper = name.upper()
    return upper in _TAKEN_NAMES or upper.startswith(_TAKEN_PREFIXES)


def build_arg_options(
    build_args: Mapping[str, str], environ: Mapping[str, str], *, backend: str
) -> tuple[list[str], dict[str, str]]:
    """
    Return the options for the build args, and what to add to the child's environment for them.

    Args:
        build_args: Values by name.
        environ: The environment that the child gets otherwise.
        backend: Name for the error.

    Raises:
        UnsupportedFeature: A value that looks like a secret has the name of a variable that a
            program of the child's process tree reads, and the environment has another value.
    """
    options: list[str] = []
    added: dict[str, str] = {}
    for name, value in build_args.items():
        if environ.get(name) == value:
            options += ["--build-arg", name]
        elif not is_taken(name):
            options += ["--build-arg", name]
            added[name] = value
        else:
            options += ["--build-arg", _by_value(name, value, backend)]
    return options, added


def _by_value(name: str, value: str, backend: str) -> str:
    from stagebuild.secrecy import is_secret_like  # noqa: PLC0415 - rarely needed

    if is_secret_like(name, value):
        raise UnsupportedFeature(
            f"a secret-like value in the build arg {name}, a variable of docker's own tools",
            backend=backend,
            remedy=f"export {name} with the same value before the build, or mount it as a "
            "secret: build args end up in the image's history",
        )
    return f"{name}={value}"
