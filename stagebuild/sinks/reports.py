"""
What becomes of a run once it has ended: report files, CI outputs, traces, the history.

A ``ReportSink`` watches the run and then hands it, once and as one value, to its outlets. An outlet
that can't write costs a warning: what was built is built.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Self

from stagebuild.errors import HistoryError
from stagebuild.report.formats import endings, form_of, rendered
from stagebuild.report.runs.witness import Witness
from stagebuild.secrecy import redacted, secret_values
from stagebuild.values import frozen

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from stagebuild.history.store import History
    from stagebuild.planning.spec import BuildSpec
    from stagebuild.report.runs.values import RunReport
    from stagebuild.runevents import RunEvent


@frozen
class Ended:
    """
    A run that has ended.

    Attributes:
        document: As it is kept and printed, secrets taken out.
        report: The same as a value, compared with what was before it. Made when first asked for.
    """

    document: dict[str, Any]
    report: Callable[[], RunReport]


@frozen
class Outlet:
    """
    Somewhere a run is told.

    Attributes:
        name: What a warning calls it.
        write: Writes it; may raise OSError or HistoryError.
    """

    name: str
    write: Callable[[Ended], None]


def _as_it_is(run: RunReport, _document: Mapping[str, Any]) -> RunReport:
    return run


def _warned(text: str) -> None:
    import warnings  # noqa: PLC0415 - only once something went wrong

    warnings.warn(text, RuntimeWarning, stacklevel=2)


class ReportSink:
    """
    Hands a run to outlets when it has ended.

    Args:
        outlets: Where to, in order.
        project: The project's name.
        gates: Names of the builds that nobody asked for.
        planned: All builds, in the order to tell them in; those that began when not given.
        complete: Adds what others know of the run: its history, the graph of its stages.
        warn: Is told what could not be written, in one line.
        environ: The process environment, for the values that must not be told.
    """

    def __init__(
        self,
        outlets: Sequence[Outlet],
        *,
        project: str = "",
        gates: Iterable[str] = (),
        planned: Iterable[BuildSpec] = (),
        complete: Callable[[RunReport, Mapping[str, Any]], RunReport] = _as_it_is,
        warn: Callable[[str], None] = _warned,
        environ: Mapping[str, str] | None = None,
    ) -> None:
        self._outlets = outlets
        self._witness = Witness(project=project, gates=gates, planned=planned)
        self._complete = complete
        self._warn = warn
        self._environ = os.environ if environ is None else environ
        self.emit: Callable[[RunEvent], None] = self._witness.emit

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Write everything, unless the run did not come to its end."""
        if not self._witness.ended:
            return
        specs = self._witness.specs.values()
        secrets = [value for spec in specs for value in secret_values(spec, self._environ)]
        document = self._witness.document(redact=lambda text: redacted(text, secrets))
        ended = Ended(document=document, report=self._reading(document))
        for outlet in self._outlets:
            try:
                outlet.write(ended)
            except (OSError, HistoryError) as error:
                self._warn(f"{outlet.name} was not written: {error}")

    def _reading(self, document: dict[str, Any]) -> Callable[[], RunReport]:
        made: list[RunReport] = []

        def report() -> RunReport:
            from stagebuild.report.runs.reading import run_report_of  # noqa: PLC0415 - if asked for

            if not made:
                made.append(self._complete(run_report_of(document), document))
            return made[0]

        return report


def report_to(*wanted: str) -> ReportSink:
    """
    Return a sink that writes reports of a run.

    ::

        with sb.report_to("report.html", "junit=results.xml") as reports:
            sb.execute(plan, on_event=reports.emit)

    What can't be written is a ``RuntimeWarning``, never an error.

    Args:
        wanted: Files, of which the ending says the form, or ``FORM=FILE``.

    Raises:
        ValueError: A form can't be told.
    """
    return ReportSink([file_outlet(each) for each in wanted])


def file_outlet(wanted: str) -> Outlet:
    """
    Return what writes a report to a file.

    Args:
        wanted: ``FORM=FILE``, or a file that tells by its ending.

    Raises:
        ValueError: Neither says which form is meant.
    """
    found = form_of(wanted)
    if found is None:
        raise ValueError(f'"{wanted}" does not say which form is meant: FORM=FILE, or {endings()}')
    form, path = found

    def write(ended: Ended) -> None:
        text = rendered(ended.report(), form, ended.document)
        with open(path, "w", encoding="utf-8", errors="replace") as file:  # noqa: PTH123 - as given
            file.write(text)

    return Outlet(name=path, write=write)


def history_outlet(history: History) -> Outlet:
    """Return what keeps a run in the history, for ``stagebuild report``."""

    def write(ended: Ended) -> None:
        with history:
            history.add_run(ended.document)

    return Outlet(name="the run's record in the history", write=write)
