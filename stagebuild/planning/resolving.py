"""One environment's settings -> its BuildSpec: variables filled in, paths absolute, all checked."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple
from zlib import crc32

from stagebuild.config.keypaths import Misfit, within
from stagebuild.config.kinds import GIT_METADATA, NETWORKS
from stagebuild.config.plain import read_choice, read_count
from stagebuild.config.templates import Absent
from stagebuild.planning.bases import is_base
from stagebuild.planning.caches import (
    CacheOwner,
    branches_of,
    derived_exports,
    derived_imports,
    in_ci,
    names_branch,
)
from stagebuild.planning.dockerfiles import deferred_graph
from stagebuild.planning.entries import (
    read_duration_s,
    read_platform,
    read_repository,
    read_size_bytes,
    read_tag,
)
from stagebuild.planning.filling import map_text
from stagebuild.planning.sites import check_stage, stage_for
from stagebuild.planning.spec import DEFAULT_RETRIES, BuildSpec
from stagebuild.planning.stamping import EPOCH_VARIABLE, epoch_of, stamps_of
from stagebuild.planning.variables import Variables

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from stagebuild.locks import Lock
    from stagebuild.model import Budget, Builder, CacheEntry, Digest, Image, Platform, Project
    from stagebuild.planning.entries import Places
    from stagebuild.planning.inheritance import Settings
    from stagebuild.planning.naming import BuildName
    from stagebuild.planning.sites import Site, Sites
    from stagebuild.planning.variables import Facts

DEFAULT_DOCKERFILE = "Dockerfile"


class Shared(NamedTuple):
    """
    What all environments of a plan share.

    Attributes:
        project: The project.
        root: Its folder, absolute.
        facts: Built-in values.
        sites: Contexts and Dockerfiles.
        places: Files and variables that entries point to.
        given: Values of variables from the command line.
        lock: The project's lock, or None.
    """

    project: Project
    root: Path
    facts: Facts
    sites: Sites
    places: Places
    given: Mapping[str, str]
    lock: Lock | None


class Resolution:
    """
    The resolution of one environment. What it raises lies in a field of ``Environment``.

    Args:
        shared: The plan's.
        name: The environment, its image and combination.
        settings: Its settings, with all that it inherits, of its image and of overrides.
        image: The image, or None in a project that has only one.
    """

    def __init__(
        self, shared: Shared, name: BuildName, settings: Settings, image: Image | None = None
    ) -> None:
        self._shared = shared
        self._name = name
        self._settings = settings
        self._image = image
        self._variables = Variables(
            shared.project, shared.facts, given=shared.given, name=name, image=image
        )

    @property
    def settings(self) -> Settings:
        """The settings, as given."""
        return self._settings

    def site(self) -> Site:
        """
        Return where it is built from.

        Raises:
            Misfit: Context or Dockerfile is missing.
            DockerfileError: The Dockerfile can't be read as one.
        """
        project = self._shared.project
        context = self._text("context")
        dockerfile = self._text("dockerfile")
        theirs = set()
        if context is None:
            context = self._of_project("context", project.context)
            theirs.add("context")
        if dockerfile is None:
            dockerfile = self._of_project("dockerfile", project.dockerfile)
            if project.dockerfile != DEFAULT_DOCKERFILE:
                theirs.add("dockerfile")
        try:
            return self._shared.sites.at(context, dockerfile)
        except Misfit as misfit:
            if misfit.parts[0] in theirs:
                misfit.inside("project").settled = True
            raise

    def target(self, site: Site) -> str | None:
        """
        Return the stage to build; None means the last one.

        Raises:
            Misfit: There is no such stage.
            Abstract: It names none, and none is called like it; the place is the environment.
        """
        target = self._text("target")
        if target is None:
            return stage_for(self._name.environment, site)
        with within("target"):
            check_stage(target, site)
        return target

    def spec(self) -> BuildSpec:
        """
        Return what is to be built.

        Raises:
            Misfit: Something is wrong; its place begins with the field.
            DockerfileError: The Dockerfile can't be read as one.
        """
        site = self.site()
        target = self._variables.target = self.target(site)
        places = self._shared.places
        build_args = self._timed(self._members("build_args", places.build_arg))
        written = self._members("contexts", lambda _, context: places.context(context))
        bases = {name: context for name, context in written.items() if is_base(context)}
        contexts = {name: context for name, context in written.items() if name not in bases}
        platforms = tuple(dict.fromkeys(self._items("platforms", read_platform)))
        builder = self._text("builder")
        repository = self._repository()
        labels, annotations = self._stamped(platforms)
        graph = graph_for = None
        if site.tree is not None:
            graphs = partial(
                deferred_graph, site.tree, target=target, build_args=build_args, contexts=written
            )
            graph = graphs(platform=platforms[0] if platforms else None)
            graph_for = lambda platform: graphs(platform=platform)()  # noqa: E731 - a method of it
        return BuildSpec(
            name=str(self._name),
            root=self._shared.root,
            context=site.context,
            dockerfile=site.dockerfile,
            dockerfile_shown=site.shown,
            target=target,
            build_args=build_args,
            labels=labels,
            annotations=annotations,
            tags=self._tags(repository),
            repository=repository,
            platforms=platforms,
            cache_from=self._cache("cache_from", "src", platforms, repository),
            cache_to=self._cache("cache_to", "dest", platforms, repository),
            secrets=self._members("secrets", lambda _, secret: places.secret(secret)),
            ssh=self._members("ssh", lambda _, forward: places.ssh(forward)),
            outputs=self._items("outputs", places.output),
            attestations=self._filled("attestations", ()),
            network=self._one("network", lambda text: read_choice(text, NETWORKS)),
            extra_hosts=self._filled("extra_hosts", {}),
            ulimits=self._settings.get("ulimits", {}),
            shm_size_bytes=self._one("shm_size", read_size_bytes),
            contexts=contexts,
            no_cache=self._settings.get("no_cache", False),
            no_cache_filter=self._items("no_cache_filter", lambda stage: _stage(stage, site)),
            pull=self._settings.get("pull", False),
            builder=builder,
            builder_definition=self._builder_definition(builder),
            push=self._settings.get("push", False),
            load=self._settings.get("load", False),
            default_tag=None if repository is None else f"{repository}:{self._name.tag}",
            bases=bases,
            tag_stages=self._members("tag_stages", lambda stage, tag: _tagged(stage, tag, site)),
            requires=tuple(dict.fromkeys(self._filled("requires", ()))),
            retries=self._retries(),
            retry_budget_s=self._one("retry_budget", read_duration_s),
            retry_limits=self._settings.get("retry_limits", {}),
            retry_steps=self._items("retry_steps", lambda stage: _stage(stage, site)),
            timeout_s=self._one("timeout", read_duration_s),
            idle_timeout_s=self._one("idle_timeout", read_duration_s),
            reproducible=self._settings.get("reproducible", False),
            locked=self._locked(),
            budget=self._budget(),
            graph=graph,
            graph_for=graph_for,
        )

    def _builder_definition(self, name: str | None) -> Builder | None:
        """Return what the project says of a builder, filled in; None where it says nothing."""
        definition = None if name is None else self._shared.project.builders.get(name)
        if definition is None:
            return None
        from stagebuild.planning.builders import filled_in  # noqa: PLC0415 - rarely defined

        with within("builders", name or "", settled=True):
            return filled_in(definition, self._variables.expand, str(self._shared.root))

    def _cache(
        self,
        field: str,
        folder_key: str,
        platforms: tuple[Platform, ...],
        repository: str | None,
    ) -> tuple[CacheEntry, ...]:
        """Return the imports or exports that are given, else those that follow from ``cache``."""
        places = self._shared.places
        if field in self._settings or "cache" not in self._settings:
            return self._items(field, lambda entry: places.cache(entry, folder_key))
        word: CacheEntry = self._filled("cache", None)
        environ = self._shared.facts.environ
        if field == "cache_to" and not self._settings.get("cache_write", in_ci(environ)):
            return ()
        owner = CacheOwner(
            project=self._shared.project.name or self._shared.root.name,
            environment="-".join(filter(None, (self._name.image, self._name.tag))),
            platforms=platforms,
            repository=repository,
            tags=self._tags(repository),
            branches=branches_of(environ, self._branch(environ)),
            folder=_caches_folder(environ, self._shared.root),
        )
        derived = derived_imports if field == "cache_from" else derived_exports
        with within("cache"):
            return tuple(places.cache(entry, folder_key) for entry in derived(word, owner))

    def _branch(self, environ: Mapping[str, str]) -> str | None:
        """Return the branch that git knows, where no CI system says which it is."""
        if names_branch(environ):
            return None
        try:
            return self._shared.facts.value("git.branch")
        except Absent:
            return None

    def _timed(self, build_args: dict[str, str]) -> dict[str, str]:
        """Return build args with the time of a reproducible build, unless they have one."""
        if EPOCH_VARIABLE in build_args:
            return build_args
        if not self._settings.get("reproducible", False):
            given = self._shared.facts.environ.get(EPOCH_VARIABLE)
            # buildx takes it from its environment, so that every backend has to.
            return {**build_args, EPOCH_VARIABLE: given} if given else build_args
        with within("reproducible"):
            if self._settings.get("attestations"):
                raise Misfit(
                    "an attestation tells when it was built, so the digest would be another each"
                    " time",
                    hint="leave attestations out, or reproducible",
                )
            return {**build_args, EPOCH_VARIABLE: str(epoch_of(self._shared.facts))}

    def _stamped(
        self, platforms: tuple[Platform, ...]
    ) -> tuple[Mapping[str, str], Mapping[str, str]]:
        """Return labels and annotations, with what git says where that is asked for."""
        labels: dict[str, str] = self._filled("labels", {})
        annotations: dict[str, str] = self._filled("annotations", {})
        wanted = self._one("git_metadata", lambda text: read_choice(text, GIT_METADATA))
        if wanted in (None, "none"):
            return labels, annotations
        with within("git_metadata"):
            stamps = stamps_of(self._shared.facts)
        if wanted != "annotations":
            labels = {**stamps, **labels}
        if wanted != "labels":
            # Only an index can be annotated as one, and one platform makes none.
            level = "index,manifest:" if len(platforms) > 1 else ""
            annotations = {**{f"{level}{n}": text for n, text in stamps.items()}, **annotations}
        return labels, annotations

    def _locked(self) -> dict[str, Digest]:
        lock = self._shared.lock
        return {} if lock is None else {name: each.digest for name, each in lock.images.items()}

    def _budget(self) -> Budget | None:
        written = self._filled("budget", {})
        if not written:
            return None
        from stagebuild.planning.budgets import read_budget  # noqa: PLC0415 - most have none

        with within("budget"):
            return read_budget(written)

    def _retries(self) -> int:
        retries: int = self._settings.get("retries", DEFAULT_RETRIES)
        with within("retries"):
            return read_count(retries)

    def _tags(self, repository: str | None) -> tuple[str, ...]:
        tags = tuple(dict.fromkeys(self._items("tags", read_tag)))
        if tags or not self._settings.get("push", False):
            return tags
        if repository is None:
            raise Misfit(
                "there is nowhere to push to: it has no tags, and the project no repository",
                "push",
                hint='set project.repository, or tags = ["registry.example/shop:prod"]',
            )
        return (f"{repository}:{self._name.tag}",)

    def _repository(self) -> str | None:
        if self._image is not None and self._image.repository is not None:
            with within("images", self._name.image or "", "repository", settled=True):
                return read_repository(self._variables.expand("${repository}"))
        if self._shared.project.repository is None:
            return None
        with within("project", "repository", settled=True):
            return read_repository(self._variables.expand("${repository}"))

    def _of_project(self, field: str, text: str) -> str:
        """Return a text of the project, filled in."""
        with within("project", field, settled=True):
            return self._variables.expand(text)

    def _filled(self, field: str, default: Any) -> Any:
        """Return a field's value with variables filled in, or the default."""
        value = self._settings.get(field)
        if value is None:
            return default
        with within(field):
            return map_text(value, self._variables.expand)

    def _text(self, field: str) -> str | None:
        text: str | None = self._filled(field, None)
        if text == "":
            raise Misfit("it is empty once its variables are filled in", field)
        return text

    def _one(self, field: str, read: Callable[[str], Any]) -> Any:
        """Return a field's text read, or None."""
        text = self._text(field)
        if text is None:
            return None
        with within(field):
            return read(text)

    def _items(self, field: str, read: Callable[[Any], Any]) -> tuple[Any, ...]:
        """Return a field's items, each read."""
        items = []
        for index, item in enumerate(self._filled(field, ())):
            with within(field, index):
                items.append(read(item))
        return tuple(items)

    def _members(self, field: str, read: Callable[[str, Any], Any]) -> dict[str, Any]:
        """Return a field's members by name, each read from its name and value."""
        members = {}
        for name, member in self._filled(field, {}).items():
            with within(field, name):
                members[name] = read(name, member)
        return members


def _tagged(stage: str, tag: str, site: Site) -> str:
    check_stage(stage, site)
    return read_tag(tag)


def _caches_folder(environ: Mapping[str, str], root: Path) -> str:
    """Return where local caches of a project are: never in it, where a COPY could take them."""
    home = environ.get("XDG_CACHE_HOME") or f"{environ.get('HOME') or '/tmp'}/.cache"  # noqa: S108
    return f"{home}/stagebuild/caches/{root.name}-{crc32(str(root).encode()):08x}"


def _stage(name: str, site: Site) -> str:
    check_stage(name, site)
    return name
