"""What the machine's mirror has for us, and the toolboxes made of it."""

from collections.abc import Sequence
from dataclasses import dataclass

from tools.engine import debian, specs, toolbox
from tools.engine.debian import Archive, Release
from tools.engine.places import Places
from tools.engine.toolbox import Toolbox


@dataclass(frozen=True, slots=True, kw_only=True)
class Stock:
    """
    The packages that everything is made of.

    Attributes:
        places: where they are kept.
        sources: (mirror, release) of every package source of the machine.
        mirror: of Debian itself.
        architecture: the machine's.
    """

    places: Places
    sources: Sequence[tuple[str, str]]
    mirror: str
    architecture: str

    @classmethod
    def look(cls, places: Places) -> "Stock":
        """Ask the machine's apt."""
        sources = debian.machine_sources()
        return cls(
            places=places,
            sources=sources,
            mirror=debian.choose_mirror(sources, codename=debian.machine_codename()),
            architecture=debian.machine_architecture(),
        )

    def archive(self, suite: str) -> Archive:
        """Return the packages of a suite."""
        release = Release(mirror=self.mirror, suite=suite, architecture=self.architecture)
        return Archive(release, self.places.apt)

    def sources_of(self, suite: str) -> Sequence[tuple[str, str]]:
        """Return the machine's sources of a suite and its updates, or else the mirror alone."""
        own = [source for source in self.sources if source[1].split("-")[0] == suite]
        return own or [(self.mirror, suite)]

    def support(self) -> Toolbox:
        """Return the programs that all engines share."""
        return self._toolbox(specs.SUPPORT_SUITE, specs.SUPPORT_PACKAGES, "support")

    def emulators(self) -> Toolbox:
        """Return the programs that stand in for other processors."""
        return self._toolbox(specs.SUPPORT_SUITE, specs.EMULATION_PACKAGES, "emulation")

    def engine(self, suite: str) -> Toolbox:
        """Return a suite's engine, docker command and plugins."""
        packages = next(one.packages for one in specs.ENGINES.values() if one.suite == suite)
        return self._toolbox(suite, packages, "engine")

    def _toolbox(self, suite: str, packages: Sequence[str], purpose: str) -> Toolbox:
        return toolbox.make(self.places, self.archive(suite), packages, purpose=purpose)
