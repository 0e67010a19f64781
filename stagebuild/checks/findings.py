"""What a check found, as values."""

from __future__ import annotations

from enum import StrEnum

from stagebuild.values import frozen


class Severity(StrEnum):
    """
    How much a finding matters. The value is the word that people read.

    An error breaks the build or gives something away; a warning costs size, time or safety; an
    info is worth knowing.
    """

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"

    @property
    def rank(self) -> int:
        """0 for what matters most."""
        return list(Severity).index(self)


@frozen
class Hit:
    """
    What a rule says of one place; the rule's own name and severity are added later.

    Attributes:
        line: 1-based first line in the file, or None where the file as a whole is meant.
        message: What is wrong, one sentence without a full stop.
        hint: What to do, or "".
        end_line: The last line; None for `line`.
        severity: Where it differs from the rule's own.
        path: The file as the user would type it; None for the Dockerfile.
        key: Dotted key of the configuration that is meant, or None.
        about: What is meant where one line holds several things, as the name of an ARG. Of the
            hits with the same rule, place and subject the first one is told.
    """

    line: int | None
    message: str
    hint: str = ""
    end_line: int | None = None
    severity: Severity | None = None
    path: str | None = None
    key: str | None = None
    about: str = ""


@frozen
class Finding:
    """
    One finding.

    Attributes:
        rule: The rule's id: ours are words with hyphens, BuildKit's are written together.
        severity: How much it matters.
        path: The file as the user would type it.
        line: 1-based first line, or None where the file as a whole is meant.
        end_line: The last line, or None.
        message: What is wrong, one sentence without a full stop.
        hint: What to do, or "".
        page: Where the rule is explained: a URL, or a file of stagebuild's documentation.
        key: Dotted key of the configuration that is meant, or None.
    """

    rule: str
    severity: Severity
    path: str
    line: int | None
    end_line: int | None
    message: str
    hint: str
    page: str
    key: str | None = None


@frozen
class Ignored:
    """
    A finding that somebody decided to live with.

    Attributes:
        finding: What was found.
        reason: Why it is ignored, in the words of the comment; "" when there are none.
    """

    finding: Finding
    reason: str


@frozen
class CheckReport:
    """
    What came of a check.

    Attributes:
        findings: By file and line.
        ignored: What comments and configuration put aside, by file and line.
        notes: What could not be checked, and why; sentences.
        texts: Text of each file that a finding is about, by the path that findings have.
    """

    findings: tuple[Finding, ...]
    ignored: tuple[Ignored, ...]
    notes: tuple[str, ...]
    texts: dict[str, str]

    def count(self, severity: Severity) -> int:
        """Return how many findings have a severity."""
        return sum(finding.severity is severity for finding in self.findings)
