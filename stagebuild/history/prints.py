"""Fingerprints of steps as JSON, and back: the part of a record that forecasts are made of."""

from __future__ import annotations

from typing import Any

from stagebuild.fingerprint.values import StepFacts, StepPrint

Json = dict[str, Any]


def print_document(step: StepPrint) -> Json:
    """Return a step's fingerprint as JSON; what is empty is left out."""
    facts = step.facts
    document = {
        "stage": step.stage,
        "platform": step.platform,
        "number": step.number,
        "line": step.line,
        "key": step.key,
        "own": step.own,
        "parent": step.parent,
        "sources": dict(step.sources),
        "doubt": step.doubt,
        "instruction": facts.instruction,
        "env": dict(facts.env),
        "args": sorted(facts.args),
        "settings": dict(facts.settings),
        "image": dict(facts.image),
        "files": dict(facts.files),
    }
    return {name: value for name, value in document.items() if value or name == "number"}


def print_of(document: Json) -> StepPrint:
    """
    Return the fingerprint that a document holds.

    Raises:
        KeyError: It is no such document.
    """
    return StepPrint(
        stage=document["stage"],
        platform=document["platform"],
        number=int(document["number"]),
        line=int(document["line"]),
        key=document["key"],
        own=document["own"],
        parent=document.get("parent"),
        sources=document.get("sources", {}),
        doubt=document.get("doubt"),
        facts=StepFacts(
            instruction=document["instruction"],
            env=document.get("env", {}),
            args=frozenset(document.get("args", ())),
            settings=document.get("settings", {}),
            image=document.get("image", {}),
            files=document.get("files", {}),
        ),
    )
