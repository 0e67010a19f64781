"""
Rules over a Dockerfile, its context and its configuration, before a build.

``check_project`` is the entry: ``gathering`` finds the Dockerfiles and the ways in which each is
built (`subject`), the rules of ``registry`` look at them, ``buildkit`` adds BuildKit's own checks,
``running`` and ``suppressing`` leave out what somebody decided to live with.

A rule is a function of ``rules/`` and a line of ``registry``; ``images``, ``packages`` and
``naming`` are what is known of the world; ``commands`` reads the scripts of RUN.
"""

from stagebuild.checks.checking import check_project
from stagebuild.checks.findings import CheckReport, Finding, Ignored, Severity
from stagebuild.checks.registry import RULES
from stagebuild.checks.rule import Rule

__all__ = ["RULES", "CheckReport", "Finding", "Ignored", "Rule", "Severity", "check_project"]
