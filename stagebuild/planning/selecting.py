"""Names on the command line -> builds, with their gates and the images that they are based on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stagebuild.config.keypaths import Misfit
from stagebuild.errors import ConfigError, UnknownEnvironment, did_you_mean
from stagebuild.planning.bases import as_base, base_of
from stagebuild.planning.gates import as_gate, circle
from stagebuild.planning.naming import BuildName, narrowed
from stagebuild.values import replaced

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from stagebuild.planning.planner import Planner
    from stagebuild.planning.spec import BuildSpec


class Selection:
    """
    The builds of a plan, as they are named and as these lead to others.

    Args:
        planner: Where specs come from.
    """

    def __init__(self, planner: Planner) -> None:
        self._planner = planner
        self._images = tuple(planner.project.images) or (None,)
        self._specs: dict[str, BuildSpec] = {}
        self._names: dict[str, BuildName] = {}
        self._named: set[str] = set()

    @property
    def specs(self) -> tuple[BuildSpec, ...]:
        """What was named, in that order, then what that requires and is based on."""
        return tuple(self._specs.values())

    @property
    def unnamed(self) -> frozenset[str]:
        """The names of the latter."""
        return frozenset(self._specs) - self._named

    def buildable(self) -> tuple[str, ...]:
        """Return the environments that at least one image has, in the order of the file."""
        return tuple(name for name in self._planner.names() if list(self._having(name)))

    def add(self, texts: Sequence[str]) -> None:
        """
        Add builds by name, and all that they lead to.

        Raises:
            UnknownEnvironment: A name is none of the project's.
            ConfigError: Something is wrong with one of them, or they lead in a circle.
            DockerfileError: A Dockerfile is no Dockerfile.
        """
        builds = dict.fromkeys(build for text in texts for build in self._asked_for(text))
        for build in builds:
            self._add(build, self._planner.spec(build))
        self._named = set(self._specs)
        pending = list(self._names)
        gates: set[str] = set()
        for name in pending:
            spec = self._specs[name]
            required = self._gates_of(name)
            based_on = self._bases_of(name)
            gates.update(map(str, required))
            for build in (*required, *based_on.values()):
                if str(build) not in self._specs:
                    self._add(build, self._planner.spec(build, named=False))
                    pending.append(str(build))
            bases = {context: str(build) for context, build in based_on.items()}
            self._specs[name] = replaced(spec, requires=tuple(map(str, required)), bases=bases)
        self._add_tagged_stages(builds)
        if len(self._specs) > len(builds) or any(s.requires or s.bases for s in self.specs):
            self._check_order()
        for name in self.unnamed:
            spec = self._specs[name]
            self._specs[name] = as_gate(spec) if name in gates else as_base(spec)
        self._inherit_gates()

    def _asked_for(self, text: str) -> Iterator[BuildName]:
        """Yield the builds that a word of the command line means."""
        wanted = BuildName.parse(text)
        if wanted is None:
            raise UnknownEnvironment(text, self._planner.names())
        self._check_known(wanted)
        members = self._planner.members(wanted.environment)
        if members != (wanted.environment,):
            yield from self._members_asked_for(wanted, members)
            return
        images: Iterable[str | None] = [wanted.image]
        if wanted.image is None and self._planner.project.images:
            images = list(self._having(wanted.environment))
            if not images:
                raise ConfigError(f'no image has a stage for "{wanted.environment}"')
        found = list(self._expanded(wanted, images))
        if not found:
            known = ", ".join(
                str(b) for b in self._expanded(wanted._replace(combination=()), [None])
            )
            raise ConfigError(f'no combination "{text}"; there are: {known}')
        yield from found

    def _members_asked_for(self, group: BuildName, members: Iterable[str]) -> Iterator[BuildName]:
        """Yield the builds of a group: of one image, those that it has."""
        names = [group._replace(environment=member) for member in members]
        if group.image is not None:
            names = [name for name in names if group.image in self._having(name.environment)]
            if not names:
                message = f'image "{group.image}" has no stage for a member of'
                raise ConfigError(f'{message} "{group.environment}"')
        for name in names:
            yield from self._asked_for(str(name))

    def _expanded(self, wanted: BuildName, images: Iterable[str | None]) -> Iterator[BuildName]:
        found = self._planner.combinations(wanted.environment)
        for image in images:
            for combination in narrowed(found, wanted.combination):
                yield BuildName(wanted.environment, image, combination)

    def _having(self, environment: str) -> Iterator[str | None]:
        """Yield the images that have an environment; None stands for the only one."""
        for image in self._images:
            if not self._planner.is_abstract(BuildName(environment, image)):
                yield image

    def _check_known(self, wanted: BuildName) -> None:
        project = self._planner.project
        if wanted.image is not None and wanted.image not in project.images:
            path = None if project.origin is None else project.origin.path
            message = f'no image "{wanted.image}"{did_you_mean(wanted.image, project.images)}'
            raise ConfigError(message, path=path)
        name = wanted.environment
        if project.environments is not None:
            if name not in project.environments:
                path = None if project.origin is None else project.origin.path
                raise UnknownEnvironment(name, project.environments, path=path)
            return
        site = self._planner.site(name)
        if site.tree is not None and name.lower() not in site.stages:
            hint = None if site.stages else "no stage of it has a name: give one with AS"
            raise UnknownEnvironment(name, site.stages, path=site.shown, hint=hint)

    def _add(self, build: BuildName, spec: BuildSpec) -> None:
        name = str(build)
        self._names[name] = build
        self._specs[name] = spec

    def _add_tagged_stages(self, builds: Iterable[BuildName]) -> None:
        """Add the other stages that are tagged: as builds after their own one, of the same run."""
        for build in builds:
            spec = self._specs[str(build)]
            for stage, tag in spec.tag_stages.items():
                name = f"{build}/{stage}"
                self._named.add(name)
                self._specs[name] = replaced(
                    spec,
                    name=name,
                    target=stage,
                    tags=(tag,),
                    outputs=(),
                    cache_to=(),
                    requires=(str(build),),
                )

    def _gates_of(self, name: str) -> list[BuildName]:
        """Return the gates of a build: those that its image has, in all their combinations."""
        build = self._names[name]
        found: list[BuildName] = []
        known = self._planner.names()
        for index, text in enumerate(self._specs[name].requires):
            wanted = BuildName.parse(text)
            images = self._planner.project.images
            if wanted is None or wanted.environment not in known:
                misfit = Misfit(
                    f'no environment "{text}"{did_you_mean(text, known)}', "requires", index
                )
                raise self._planner.error(build, misfit)
            if wanted.image is not None and wanted.image not in images:
                message = f'no image "{wanted.image}"{did_you_mean(wanted.image, images)}'
                raise self._planner.error(build, Misfit(message, "requires", index))
            image = wanted.image or build.image
            members = self._planner.members(wanted.environment)
            for member in members:
                optional = wanted.image is None or members != (wanted.environment,)
                if optional and image is not None:
                    own = BuildName(member, image)
                    if self._planner.is_abstract(own):
                        continue
                found += self._expanded(wanted._replace(environment=member), [image])
        return list(dict.fromkeys(found))

    def _bases_of(self, name: str) -> dict[str, BuildName]:
        """Return the builds that are named contexts of a build, by the context's name."""
        build = self._names[name]
        found = {}
        images = self._planner.project.images
        for context, source in self._specs[name].bases.items():
            image, environment, chosen = base_of(source, build)
            message = ""
            if image is not None and image not in images:
                message = f'no image "{image}"{did_you_mean(image, images)}'
            elif environment not in self._planner.names():
                message = f'no environment "{environment}"'
                message += did_you_mean(environment, self._planner.names())
            base = BuildName(environment, image)
            if message or self._planner.is_abstract(base):
                message = message or _nothing_to_build(image, environment)
                hint = None if chosen else f"name an environment: image:{image}@ENVIRONMENT"
                misfit = Misfit(message, "contexts", context, hint=hint)
                raise self._planner.error(build, misfit)
            combinations = list(narrowed(self._planner.combinations(environment), ()))
            same = [c for c in combinations if c == build.combination]
            base = base._replace(combination=(same or combinations)[0])
            found[context] = base
        return found

    def _check_order(self) -> None:
        """Raise ConfigError if a build leads to itself."""
        leads = {n: (*s.requires, *s.bases.values()) for n, s in self._specs.items()}
        found = circle(leads)
        if found is None:
            return
        first, second = found[:2]
        spec = self._specs[first]
        shown = " -> ".join(found)
        if second in spec.requires:
            index = spec.requires.index(second)
            misfit = Misfit(f"it requires itself: {shown}", "requires", index)
        else:
            context = next(context for context, base in spec.bases.items() if base == second)
            misfit = Misfit(f"it is based on itself: {shown}", "contexts", context)
        raise self._planner.error(self._names[first], misfit)

    def _inherit_gates(self) -> None:
        """Let what a build is based on be held to its gates: they are gates of the build, too."""
        for name, spec in self._specs.items():
            if not spec.bases:
                continue
            inherited: dict[str, None] = dict.fromkeys(spec.requires)
            pending = list(spec.bases.values())
            seen = set(pending)
            for base in pending:
                inherited.update(dict.fromkeys(self._specs[base].requires))
                further = [b for b in self._specs[base].bases.values() if b not in seen]
                seen.update(further)
                pending += further
            inherited.pop(name, None)
            self._specs[name] = replaced(spec, requires=tuple(inherited))


def _nothing_to_build(image: str | None, environment: str) -> str:
    if image is None:
        return f'"{environment}" builds nothing itself'
    return f'image "{image}" has no stage for "{environment}"'
