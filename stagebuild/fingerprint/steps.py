"""
What BuildKit makes of an instruction, as far as its cache key goes.

An operation here is a JSON value that is equal when BuildKit's is: the arguments, environment and
mounts of a RUN; destination, owner, mode and patterns of a COPY; the path of a WORKDIR.

Source: moby/buildkit frontend/dockerfile/dockerfile2llb (convert.go, convert_copy.go,
convert_runmount.go); solver/llbsolver/ops (exec.go, file.go), CacheMap.
"""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from stagebuild.dockerfile import Add, Arg, Copy, Env, Run, Shell, User, Workdir
from stagebuild.values import replaced, slotted

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stagebuild.dockerfile import Instruction, Mount, Step
    from stagebuild.planning.spec import BuildSpec

Json = dict[str, object]

_FROM_BASE = "<base>"


@slotted
class Setting:
    """
    What instructions before a step decide for it.

    Attributes:
        env: ENV and ARG, the one set last at the end: the order is in a RUN's key.
        image_env: ENV alone, in the order in which the image has it.
        workdir: Absolute, or below ``<base>`` while only the base image knows it.
        user: Of USER, or ``<base>``.
        shell: Of SHELL, or None.
    """

    env: dict[str, str]
    image_env: dict[str, str]
    workdir: str
    user: str
    shell: tuple[str, ...] | None

    @classmethod
    def of_image(cls, env: Mapping[str, str]) -> Setting:
        """Return the setting on top of an image, or of nothing."""
        return cls(
            env=dict(env), image_env=dict(env), workdir=_FROM_BASE, user=_FROM_BASE, shell=None
        )

    def child(self) -> Setting:
        """Return the setting with which a stage on top of this one starts."""
        made = replaced(self, env=dict(self.env), image_env=dict(self.image_env))
        for name, value in self.image_env.items():
            made.set(name, value)
        return made

    def set(self, name: str, value: str) -> None:
        """Set a variable: it moves to the end."""
        self.env.pop(name, None)
        self.env[name] = value

    def apply(self, step: Step) -> None:
        """Take over what an instruction decides for those after it."""
        match step.expanded:
            case Env(pairs=pairs):
                for pair in pairs:
                    self.set(pair.name, pair.value)
                    self.image_env[pair.name] = pair.value
            case Arg(declarations=declarations):
                for one in declarations:
                    if one.default is not None:
                        self.set(one.name, one.default)
            case Workdir(path=path):
                self.workdir = self.absolute(path)
            case User(user=user):
                self.user = user
            case Shell(command=command):
                self.shell = command
            case _:
                pass

    def absolute(self, path: str) -> str:
        """Return a path, absolute, cleaned, as far as the working directory is known."""
        joined = path if path.startswith("/") else posixpath.join(self.workdir, path)
        return posixpath.normpath(joined).replace("//", "/")


def run_operation(run: Run, setting: Setting, spec: BuildSpec, platform: str) -> Json:
    """Return the operation of a RUN, without the files that its mounts show."""
    return {
        "run": list(run.command) if run.is_exec_form else [run.script],
        "exec": run.is_exec_form,
        "heredocs": [heredoc.name for heredoc in run.statement.heredocs],
        "shell": None if run.is_exec_form else list(setting.shell or ()),
        "env": [f"{name}={value}" for name, value in setting.env.items()],
        "workdir": setting.workdir,
        "user": setting.user,
        "mounts": [_mount(mount, setting) for mount in run.mounts],
        "network": run.network if run.network != "default" else spec.network or "default",
        "security": run.security,
        "devices": [[device.name, device.required] for device in run.devices],
        "hosts": sorted(spec.extra_hosts),  # without addresses: exec.go clears them
        "ulimits": [[name, limit.soft, limit.hard] for name, limit in sorted(spec.ulimits.items())],
        "shm": spec.shm_size_bytes,
        "platform": platform,
    }


def _mount(mount: Mount, setting: Setting) -> list[object]:
    source = mount.source if mount.type in ("secret", "cache") else None
    identity = mount.effective_id if mount.type in ("secret", "ssh") else None
    if mount.type == "cache" and mount.from_ is not None:
        identity = mount.effective_id
    target = setting.absolute(mount.target) if mount.target else ""
    return [
        mount.type,
        target,
        mount.read_only,
        source,
        identity,
        mount.required,
        mount.size_bytes,
        mount.env,
        mount.mode,
        mount.uid,
        mount.gid,
        mount.from_ is not None,
    ]


def transfer_operation(transfer: Copy | Add, setting: Setting, spec: BuildSpec) -> Json:
    """
    Return the operation of a COPY or ADD, without the files that it takes.

    Of a source path the last name alone is in it; the rest decides which files are taken.
    """
    destination = setting.absolute(transfer.destination)
    if transfer.destination.endswith(("/", "/.")) or transfer.destination in (".", ""):
        destination = destination.rstrip("/") + "/"
    operation: Json = {
        "copy": [posixpath.basename(source.rstrip("/")) for source in transfer.sources],
        "documents": [[one.name, one.text] for one in transfer.documents],
        "to": destination,
        "chown": transfer.chown,
        "chmod": transfer.chmod,
        "link": transfer.is_linked and not transfer.chmod,
        "excludes": list(transfer.excludes),
        "epoch": spec.build_args.get("SOURCE_DATE_EPOCH"),
    }
    match transfer:
        case Copy(keeps_parents=True):
            operation["parents"] = list(transfer.sources)
        case Add():
            operation["unpacks"] = transfer.unpacks is not False
            operation["remote"] = [one for one in transfer.sources if is_remote_source(one)]
            operation["checksum"] = transfer.checksum
            operation["git"] = transfer.keeps_git_dir
        case _:
            pass
    return operation


def workdir_operation(setting: Setting, spec: BuildSpec) -> Json:
    """Return the operation of a WORKDIR; ``setting`` is the one after it."""
    return {
        "workdir": setting.workdir,
        "user": setting.user,
        "epoch": spec.build_args.get("SOURCE_DATE_EPOCH"),
    }


def is_remote_source(source: str) -> bool:
    """Whether a source of ADD is fetched from elsewhere: a URL or a Git repository."""
    return source.startswith(("http://", "https://", "git://", "git@", "ssh://"))


def shown(instruction: Instruction) -> str:
    """Return an instruction as people know it: its expanded parts, on one line."""
    match instruction:
        case Copy() | Add():
            flags = [flag for flag in instruction.statement.flags if not flag.startswith("--ch")]
            owner = [f"--chown={instruction.chown}"] if instruction.chown else []
            mode = [f"--chmod={instruction.chmod}"] if instruction.chmod else []
            documents = [f"<<{one.name}" for one in instruction.documents]
            words = [*flags, *owner, *mode, *instruction.sources, *documents]
            return " ".join((instruction.keyword, *words, instruction.destination))
        case Workdir():
            return f"WORKDIR {instruction.path}"
        case Run():
            mounts = instruction.statement.flags
            return " ".join(("RUN", *mounts, " ".join(instruction.script.split())))
        case _:
            return " ".join(instruction.text.split())
