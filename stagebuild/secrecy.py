"""What must not be shown: which names and texts hold secrets, and how they are blotted out."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from stagebuild.values import replaced

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from stagebuild.planning.spec import BuildSpec

BLOT = "***"

# Compiled when they are first needed: most builds have nothing that is secret.
_TELLING_NAME = (
    r"(?i)(?:^|[_.-])(?:auth|credentials?|passphrase|passwd|password|pat|secret|token|"
    r"(?:access|account|api|private|secret)[_-]?keys?(?:[_-]id)?)(?:$|[_.-])"
)
_URL_WITH_PAIR = r"(?i)(?P<before>[a-z][a-z0-9+.-]*://[^/\s:@]*:)[^/\s@]+(?=@)"
_URL_WITH_LONG_USER = r"(?i)(?P<before>[a-z][a-z0-9+.-]*://)[^/\s:@]{16,}(?=@)"
_USER_INFO = r"://(?:[^/\s:@\"]*:([^/\s@\"]+)|([^/\s:@\"]{16,}))@"

# Blotting out a very short value would make holes in every other word.
_SHORTEST_SECRET = 4
_LARGEST_SECRET_FILE_BYTES = 64 * 1024


def is_secret_like(name: str, value: str) -> bool:
    """Whether a variable is likely to hold a secret: by its name, or a URL with a password."""
    if not value:
        return False
    return bool(re.search(_TELLING_NAME, name) or re.search(_URL_WITH_PAIR, value))


def without_url_passwords(text: str) -> str:
    """Return the text with what stands before the ``@`` of a URL blotted out."""
    if "@" not in text:
        return text
    hidden = re.sub(_URL_WITH_PAIR, rf"\g<before>{BLOT}", text)
    return re.sub(_URL_WITH_LONG_USER, rf"\g<before>{BLOT}", hidden)


def redacted(text: str, secrets: Iterable[str]) -> str:
    """
    Return the text without the secrets and without passwords in URLs.

    Args:
        text: A message.
        secrets: Values; those below four characters are left, since they would hit any word.
    """
    for secret in maskable(secrets):
        text = text.replace(secret, BLOT)
    return without_url_passwords(text)


def maskable(values: Iterable[str]) -> list[str]:
    """Return the values that are long enough to be looked for, each once, the longest first."""
    long = {value for value in values if len(value) >= _SHORTEST_SECRET}
    return sorted(long, key=len, reverse=True)


def published_args(spec: BuildSpec) -> tuple[str, ...]:
    """
    Return the names of secret-like build args that the provenance of the image would tell.

    BuildKit writes down every build arg unless the mode is ``min``; ``max`` is what it takes when
    none is given. Source: moby/buildkit solver/llbsolver/provenance.go, NewProvenanceCreator.
    """
    tells = any(
        attestation.type == "provenance" and attestation.attributes.get("mode") != "min"
        for attestation in spec.attestations
    )
    if not tells:
        return ()
    return tuple(name for name, value in spec.build_args.items() if is_secret_like(name, value))


def with_least_provenance(spec: BuildSpec) -> BuildSpec:
    """Return the spec with a provenance that tells no build args, if it has one."""
    least = tuple(
        replaced(attestation, attributes={**attestation.attributes, "mode": "min"})
        if attestation.type == "provenance"
        else attestation
        for attestation in spec.attestations
    )
    return replaced(spec, attestations=least)


def secret_values(spec: BuildSpec, environ: Mapping[str, str]) -> list[str]:
    """
    Return the values of everything secret in a build; reads the secrets' files.

    Passwords in URLs are among them: of contexts, and of proxies in the environment or in Docker's
    configuration.

    A file that can't be read or is larger than
    64 KiB counts as none; a file's lines count as secrets of their own.
    """
    values = [value for name, value in spec.build_args.items() if is_secret_like(name, value)]
    for name, secret in spec.secrets.items():
        if secret.env is not None:
            held = environ.get(secret.env, "")
        elif secret.command is not None:
            held = spec.held_secrets.get(name, "")
        else:
            held = _content(secret.file or "")
        values.extend({held, held.strip(), *(line.strip() for line in held.splitlines())})
    return [*values, *_url_secrets(spec, environ)]


def _url_secrets(spec: BuildSpec, environ: Mapping[str, str]) -> list[str]:
    """Return the passwords of the URLs that a build uses: of contexts, and of proxies."""
    texts = [spec.context, *spec.contexts.values(), *spec.build_args.values()]
    texts += [text for name, text in environ.items() if name.lower().endswith("_proxy")]
    folder = environ.get("DOCKER_CONFIG") or f"{environ.get('HOME', '')}/.docker"
    configured = _content(f"{folder}/config.json")
    if '"proxies"' in configured:
        texts.append(configured.partition('"proxies"')[2])
    found: list[str] = []
    for text in texts:
        if "@" in text:
            found += [one or other for one, other in re.findall(_USER_INFO, text)]
    return found


def _content(path: str) -> str:
    try:
        with open(path, "rb") as file:  # noqa: PTH123 - pathlib is not loaded on this path
            content = file.read(_LARGEST_SECRET_FILE_BYTES + 1)
    except OSError:
        return ""
    if len(content) > _LARGEST_SECRET_FILE_BYTES:
        return ""
    return content.decode(errors="replace")
