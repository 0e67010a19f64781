"""Build and push an environment, say where the time went, and write what a deployment needs.

    python3 deploy.py              # prod
    python3 deploy.py staging

Writes ``deployment.env``, one ``IMAGE=repository@sha256:…``, only when the image is a new one.
"""

import sys
from pathlib import Path

import stagebuild as sb

HERE = Path(__file__).parent


def main(name: str = "prod") -> int:
    """Return the exit code: 0 when there is an image to deploy, changed or not."""
    plan = sb.plan_builds(sb.load(HERE), [name])
    try:
        result = sb.execute(plan, push=True)[name]
    except sb.BuildFailed as failed:
        # Where it failed and the last lines of the step's output, without reading any log.
        print(f"{failed.stage}: {failed}", *failed.log_tail[-10:], sep="\n  ", file=sys.stderr)
        return 1

    for stage in result.stages:
        cached = f"{stage.cached_steps}/{stage.steps} cached"
        print(f"{stage.name:<10}{stage.busy_s:7.1f} s  {cached}")
    print(f"{'in all':<10}{result.wall_s:7.1f} s")
    print(result.reference)

    deployment = HERE / "deployment.env"
    content = f"IMAGE={result.reference}\n"
    if deployment.exists() and deployment.read_text() == content:
        print("this image is deployed already")
    else:
        deployment.write_text(content)
        print(f"wrote {deployment.name}; next: docker run --env-file … or kubectl set image …")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
