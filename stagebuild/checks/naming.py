"""What names tell: of secrets, of environments and stages, of build args."""

from __future__ import annotations

import re

_SECRET_NAME = re.compile(
    r"(?:^|_)(?:PASSWORD|PASSWD|PASSPHRASE|PWD_HASH|SECRET|TOKEN|CREDENTIALS?|AUTH_?KEY|API_?KEY"
    r"|ACCESS_?KEY|SECRET_?KEY|PRIVATE_?KEY|SSH_?KEY|DEPLOY_?KEY|SIGNING_?KEY|ENCRYPTION_?KEY"
    r"|PAT|NPM_AUTH|APIKEY)(?:_BASE|_VALUE|_[0-9]+)?$",
    re.IGNORECASE,
)
_NOT_SECRET_NAME = re.compile(r"PUBLIC|_FILE$|_PATH$|_DUMMY|^GPG_KEYS?$", re.IGNORECASE)


def is_secret_name(name: str) -> bool:
    """
    Say whether a variable of this name probably holds a secret.

    The likes of ``GPG_KEY`` and ``TOKEN_FILE`` don't: a fingerprint and a path are no secret.
    """
    return _SECRET_NAME.search(name) is not None and _NOT_SECRET_NAME.search(name) is None


SECRET_TEXT = re.compile(
    r"AKIA[0-9A-Z]{16}|gh[pousr]_[A-Za-z0-9]{36}|glpat-[A-Za-z0-9_-]{20}|npm_[A-Za-z0-9]{36}"
    r"|xox[abpr]-[A-Za-z0-9-]{20,}|sk_live_[A-Za-z0-9]{20,}|AIza[0-9A-Za-z_-]{35}"
    r"|pypi-AgEIcHlwaS5vcmc[A-Za-z0-9_-]{40,}|-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----"
)
"""Texts that are a secret by their form, as the services that issue them document."""

URL_PASSWORD = re.compile(
    r"[a-z][a-z0-9+.-]*://[^/\s:@$'\"{}]+:([^/\s@$'\"{}]{3,})@[^\s]+", re.IGNORECASE
)
"""A URL with a password that is written out."""

_SECRET_FILE = re.compile(
    r"\.env(?:\.(?!example|sample|template|dist|defaults?)[\w.-]+)?|\.netrc|\.pgpass|\.htpasswd"
    r"|\.git-credentials|id_(?:rsa|dsa|ecdsa|ed25519)|.+\.(?:p12|pfx|jks|keystore|kdbx)|kubeconfig"
    r"|\.?aws/credentials|credentials(?:\.json)?|service[-_]account.*\.json|secrets?\.(?:ya?ml|json|toml|env)"
    r"|.*private.*\.pem|.*-key\.pem|(?:server|tls|ssl|private)\.key"
)


def is_secret_file(path: str) -> bool:
    """Say whether a file of this name probably holds secrets; its last two parts are looked at."""
    parts = path.rstrip("/").rsplit("/", 2)[-2:]
    return any(_SECRET_FILE.fullmatch("/".join(parts[at:])) for at in range(len(parts)))


PRODUCTION_NAME = re.compile(r"(?:^|[-_.])(?:prod|production|release|live|staging)(?:$|[-_.])")
"""Names of environments and stages whose image is shipped."""

SHIPPED_NAME = re.compile(r"(?:^|[-_.])(?:deploy|runtime|final|run|runner)(?:$|[-_.])")
"""Names of stages that are shipped if nothing stands on them."""

SUPPORT_NAME = re.compile(
    r"(?:^|[-_.])(?:dev|devel|development|debug|test|tests|pytest|lint|check|ci|qa|e2e|bench|docs?)(?:$|[-_.])"
)
"""Names of environments and stages that are never shipped."""

TEST_NAME = re.compile(
    r"(?:^|[-_.])(?:test|tests|pytest|unittest|unit|e2e|lint|check|checks|qa|verify)(?:$|[-_.])"
)
"""Names of stages that test."""

VOLATILE_NAME = re.compile(
    r"(?:^|_)(?:SHA|COMMIT|REVISION|REV|BUILD_?(?:DATE|TIME|NUMBER|ID)|VCS_REF|GIT_(?:REF|SHA|HASH|TAG|BRANCH)"
    r"|TIMESTAMP|CACHE_?BUST(?:ER)?|PIPELINE_ID|RUN_ID)(?:$|_)"
)
"""Names of build args whose values change with every build."""
