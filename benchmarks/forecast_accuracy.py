"""
How often is the forecast right? Random edits on a real engine: forecast, build, compare.

    python -m benchmarks.forecast_accuracy --edits 1000 --seed 1 --page

It can be done in parts: ``--only`` some projects, ``--into`` a file where the parts add up.

Every step that the engine announced is compared, FROM excepted, since an image that is there is
neither built nor looked up. A step is

- right, if it did what was forecast;
- maybe, if that is what was forecast: neither right nor wrong;
- wrong otherwise, and worst if it was forecast ``cached`` and ran.

The cause of a build in which something ran is right if the steps marked as roots name what was
edited: the file, the build arg, the instruction, the base image.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
import zlib
from pathlib import Path
from typing import TYPE_CHECKING

import stagebuild as sb
from benchmarks.forecast_edits import EDITS, Project
from benchmarks.forecast_projects import SAMPLES
from benchmarks.forecast_tally import Measured, Tally, table, write_page
from benchmarks.peers import peers
from stagebuild.forecast import Cause, State, forecast
from stagebuild.history import History
from stagebuild.registry import ImageDigests
from stagebuild.runner import run

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from benchmarks.forecast_projects import Sample
    from stagebuild.forecast import Forecast, StepForecast
    from stagebuild.result import BuildResult

Place = tuple[str, str | None, int]

_CAUSES = {
    "file": Cause.FILE,
    "ignore": Cause.FILE,
    "arg": Cause.BUILD_ARG,
    "instruction": Cause.INSTRUCTION,
    "step": Cause.NEW_STEP,
    "image": Cause.IMAGE,
}


def make(sample: Sample, root: Path, *, nonce: str, environ: Mapping[str, str]) -> Project:
    """Write a project to disk, and push the base images that it moves between."""
    base = f"{environ['STAGEBUILD_REGISTRY']}/forecast/{sample.name}:{nonce}"
    for path, text in sample.files.items():
        file = root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    text = sample.dockerfile.replace("@NONCE@", nonce).replace("@BASE@", base)
    (root / "Dockerfile").write_text(text)
    # Numbers of its own: what another project or run was edited to may be in the cache.
    number = zlib.crc32(f"{nonce} {sample.name}".encode())
    project = Project(sample=sample, root=root, counter=number)
    if sample.moving_base:
        images = [_push_base(base, variant, environ) for variant in ("one", "two", "three")]
        _tag(base, images[0], environ)
        project.move_base = lambda: _tag(base, images[project.number() % 3], environ)
    return project


def _push_base(base: str, variant: str, environ: Mapping[str, str]) -> str:
    """Push a variant of the base image and return its reference, by digest."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "Dockerfile").write_text(f"FROM busybox\nRUN echo {variant} {base} > /mark\n")
        answer = Path(folder, "answer.json")
        options = ["--provenance=false", "--push", "--metadata-file", str(answer)]
        tag = f"{base}-{variant}"
        argv = ["docker", "buildx", "build", "-q", *options, "-t", tag, folder]
        subprocess.run(argv, check=True, stdout=subprocess.DEVNULL, env=dict(environ))
        return f"{base}@{json.loads(answer.read_text())['containerimage.digest']}"


def _tag(base: str, image: str, environ: Mapping[str, str]) -> None:
    argv = ["docker", "buildx", "imagetools", "create", "-t", base, image]
    subprocess.run(argv, check=True, capture_output=True, env=dict(environ))


def plan_of(project: Project) -> sb.BuildPlan:
    """Return the plan of a project as it is now."""
    sample = project.sample
    environment = sb.Environment(
        target="prod",
        build_args=dict(project.args),
        platforms=sample.platforms or None,
        contexts=sample.contexts,
        outputs=(sb.Output(type="cacheonly"),),
    )
    made = sb.Project(root=project.root, environments={"prod": environment})
    return sb.plan_builds(made, ["prod"])


def what_ran(result: BuildResult) -> dict[Place, bool]:
    """Return whether each announced step ran, FROM excepted."""
    found: dict[Place, bool] = {}
    for stage in result.stages:
        platform = stage.built_for or stage.platform
        for step in stage.step_timings:
            if not step.command.startswith("FROM "):
                place = stage.name, None if platform is None else str(platform), step.index
                found[place] = not step.cached
    return found


def compare(told: Forecast, result: BuildResult, *, expected: str, about: str) -> Tally:
    """Return how the forecast of one build did."""
    tally = Tally(edits=1)
    ran = what_ran(result)
    by_place: dict[Place, StepForecast] = {}
    for step in told.steps:
        by_place[step.stage, step.platform, step.number] = step
        by_place.setdefault((step.stage, None, step.number), step)
    for place, did_run in ran.items():
        found = by_place.get(place)
        tally.steps += 1
        if found is None:
            tally.false_cached += 1
            tally.misses.append(f"{about}: {place} was not forecast at all")
        elif found.state is State.MAYBE:
            tally.maybe += 1
        elif (found.state is State.RUN) == did_run:
            tally.right += 1
        else:
            tally.false_cached += did_run
            tally.false_run += not did_run
            tally.misses.append(
                f"{about}: {place} {found.instruction[:50]!r} was forecast {found.state.value} "
                f"({_told(found)}), but {'ran' if did_run else 'was cached'}"
            )
    if any(ran.values()):
        tally.causes = 1
        tally.causes_right = _is_told(told, expected)
        if not tally.causes_right:
            roots = [f"{root.place}: {_told(root)}" for root in told.roots]
            tally.misses.append(f"{about}: the cause is {expected!r}, told was {roots}")
    return tally


def _told(step: StepForecast) -> str:
    return "; ".join(f"{one.cause.value} {one.name} {one.change}" for one in step.reasons[:3])


def _is_told(told: Forecast, expected: str) -> bool:
    """Say whether a root names what was edited."""
    reasons = [reason for root in told.roots for reason in root.reasons]
    kind, _, name = expected.partition(":")
    if kind == "removed step":
        return bool(reasons)
    own_files = ("Dockerfile", ".dockerignore")
    if any(reason.cause is Cause.FILE and reason.name in own_files for reason in reasons):
        return True  # where a COPY takes the whole context, the edit of these is a changed file
    cause = _CAUSES.get(kind)
    if kind == "arg" and any(reason.cause is Cause.INSTRUCTION for reason in reasons):
        return True  # an instruction that the build arg is expanded in
    names = name.split("|")
    return any(
        reason.cause is cause and any(not one or one.endswith(reason.name) for one in names)
        for reason in reasons
    )


def try_sample(
    sample: Sample,
    edits: int,
    rng: random.Random,
    *,
    nonce: str,
    folder: Path,
    environ: Mapping[str, str],
) -> Iterator[tuple[str, Tally, tuple[float, float] | None]]:
    """Yield the kind of each edit, how its forecast did, and expected and real seconds."""
    root = folder / sample.name
    root.mkdir()
    project = make(sample, root, nonce=nonce, environ=environ)
    with History(folder / f"{sample.name}.sqlite") as history:
        _built(project, history)
        number = 0
        while number < edits:
            edit = rng.choice(EDITS)
            expected = edit(project, rng)
            if expected is None:
                continue
            number += 1
            about = f"{sample.name} #{number} {edit.__name__}"
            images = ImageDigests(environ, kept_s=0)
            told = forecast(plan_of(project), history=history, images=images)["prod"]
            started_s = time.perf_counter()
            result = _built(project, history)
            took_s = time.perf_counter() - started_s
            times = None if told.duration is None else (told.duration.expected_s, took_s)
            yield edit.__name__, compare(told, result, expected=expected, about=about), times


def _built(project: Project, history: History) -> BuildResult:
    # What changed within a tick of the clock of a build's beginning is not remembered.
    time.sleep(0.03)
    outcome = run(plan_of(project), history=history)
    for error in outcome.errors.values():
        raise error
    if outcome.unrecorded is not None:
        raise outcome.unrecorded
    return outcome.results["prod"]


def measure(
    edits: int,
    seed: int,
    *,
    samples: Sequence[Sample] = SAMPLES,
    environ: Mapping[str, str],
    say: bool = True,
) -> Measured:
    """Return how the forecast did on so many edits, spread over the projects."""
    nonce = f"{seed}-{time.time_ns():x}"
    found = Measured()
    with tempfile.TemporaryDirectory(prefix="stagebuild-forecast-") as folder:
        for position, sample in enumerate(samples):
            share = edits // len(samples) + (position < edits % len(samples))
            rng = random.Random(f"{seed} {sample.name}")
            tried = try_sample(
                sample, share, rng, nonce=nonce, folder=Path(folder), environ=environ
            )
            for kind, tally, took in tried:
                found.projects[sample.name].add(tally)
                found.edits[kind].add(tally)
                if took is not None:
                    found.times.append(took)
                if say:
                    for miss in tally.misses:
                        print(miss, flush=True)
            if say:
                one = {sample.name: found.projects[sample.name]}
                print(table("project", one).splitlines()[2], flush=True)
    return found


def main() -> int:
    """Run it and print the tables; 1 when a step was forecast cached and ran."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--edits", type=int, default=1000, help="over all the projects")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", nargs="+", metavar="PROJECT", help="these alone")
    parser.add_argument("--into", type=Path, metavar="FILE", help="add to what a file has")
    parser.add_argument("--page", action="store_true", help="write the tables to the docs")
    options = parser.parse_args()
    samples = [one for one in SAMPLES if options.only is None or one.name in options.only]
    found = Measured() if options.into is None else Measured.of_file(options.into)
    if "STAGEBUILD_REGISTRY" not in os.environ:
        os.environ.update(peers().env)
    environ = os.environ
    engine = environ.get("STAGEBUILD_ENGINE", "the machine's own")
    for position, sample in enumerate(samples):
        share = options.edits // len(samples) + (position < options.edits % len(samples))
        found.add(measure(share, options.seed, samples=(sample,), environ=environ))
        found.add(Measured(about=[f"Docker {engine}, seed {options.seed}"]))
        if options.into is not None:
            found.save(options.into)
    print(table("project", found.projects))
    print(table("edit", found.edits))
    print(f"expected time: median error {found.median_error():.1%} of {len(found.times)} builds")
    if options.page:
        write_page(found)
    return 1 if found.total.false_cached else 0


if __name__ == "__main__":
    sys.exit(main())
