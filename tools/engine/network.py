"""
A bridge and an address block of our own for every engine.

Two engines must not share a bridge: the second one, or one that uses none, removes it and every
RUN of the first fails. They must not share iptables chains either: each flushes the chains called
DOCKER when it starts. So our engines leave iptables alone, and the two rules that an engine needs,
to reach the outside and to be answered, are set here and taken away at its end.
"""

import ipaddress
import shlex
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path

from tools.engine.errors import EngineError
from tools.engine.toolbox import Toolbox

POOL = IPv4Network("10.208.0.0/12")
"""Where blocks come from: outside the ranges that Docker and Kubernetes take by default."""

BLOCK_PREFIX = 20
NETWORK_PREFIX = 24
_FORWARDING = Path("/proc/sys/net/ipv4/ip_forward")


@dataclass(frozen=True, slots=True, kw_only=True)
class Bridge:
    """
    One engine's bridge.

    Attributes:
        name: at most 15 characters, the kernel's limit for an interface.
        block: all of the engine's networks are in it; the first /24 is the bridge's own.
    """

    name: str
    block: IPv4Network

    @property
    def subnet(self) -> IPv4Network:
        """The bridge's own network."""
        return next(self.block.subnets(new_prefix=NETWORK_PREFIX))

    @property
    def address(self) -> str:
        """The bridge's own address with its prefix length."""
        return f"{self.subnet.network_address + 1}/{NETWORK_PREFIX}"

    @property
    def pools(self) -> Sequence[Mapping[str, object]]:
        """What `docker network create` takes from, in the form of daemon.json."""
        rest = self.block.address_exclude(self.subnet)
        return [{"base": str(base), "size": NETWORK_PREFIX} for base in sorted(rest)]


def bridge_name(key: str, engine: str) -> str:
    """Return the bridge's name for an engine of a checkout: `sb3fa9c1-285g`."""
    version, _, variant = engine.partition("-")
    return f"sb{key}-{version.replace('.', '')}{variant[:1]}"


def parse_routes(text: str) -> Sequence[tuple[str, IPv4Network]]:
    """
    Return (interface, destination) of every route in the form of /proc/net/route.

    The default route is left out. Addresses there are hexadecimal in the machine's byte order;
    Debian's architectures with a docker.io are all little-endian but s390x.
    """
    routes: list[tuple[str, IPv4Network]] = []
    for line in text.splitlines()[1:]:
        fields = line.split()
        destination, mask = (
            IPv4Address(int.from_bytes(bytes.fromhex(fields[n]), "little")) for n in (1, 7)
        )
        if int(mask):
            routes.append((fields[0], IPv4Network(f"{destination}/{mask}")))
    return routes


def choose_block(taken: Iterable[IPv4Network]) -> IPv4Network:
    """
    Return the first block of the pool that overlaps nothing taken.

    Raises:
        EngineError: all 256 blocks are taken.
    """
    taken = list(taken)
    for block in POOL.subnets(new_prefix=BLOCK_PREFIX):
        if not any(block.overlaps(other) for other in taken):
            return block
    raise EngineError(
        f"no free network is left in {POOL}",
        remedy="`ip route` shows what takes it; `python3 tools/engine down` frees ours.",
    )


def routes() -> Sequence[tuple[str, IPv4Network]]:
    """Return the machine's present routes."""
    return parse_routes(Path("/proc/net/route").read_text(encoding="utf-8"))


def resolvers(text: str) -> Sequence[IPv4Network]:
    """Return the IPv4 name servers of a resolv.conf: a block that holds one would hide it."""
    found: list[IPv4Network] = []
    for line in text.splitlines():
        words = line.split()
        if words[:1] == ["nameserver"] and "." in words[-1]:
            found.append(ipaddress.IPv4Network(words[-1]))
    return found


def outer_mtu(default: int = 1500) -> int:
    """Return the packet size of the interface that leads outside: a larger one gets lost."""
    for line in Path("/proc/net/route").read_text(encoding="utf-8").splitlines()[1:]:
        interface, destination, *_ = line.split()
        if destination == "00000000":
            return int(Path(f"/sys/class/net/{interface}/mtu").read_text(encoding="utf-8"))
    return default


def raise_bridge(bridge: Bridge, support: Toolbox, env: Mapping[str, str]) -> None:
    """Create the bridge, give it its address, let its packets out and their answers in."""
    lower_bridge(bridge, support, env)
    ip = [str(support.program("busybox")), "ip"]
    _run([*ip, "link", "add", "name", bridge.name, "type", "bridge"], env)
    _run([*ip, "addr", "add", bridge.address, "dev", bridge.name], env)
    _run([*ip, "link", "set", bridge.name, "up"], env)
    _FORWARDING.write_text("1", encoding="utf-8")
    for table, chain, rule in _rules(bridge):
        _run(["iptables", "--wait", "-t", table, "-I", chain, *rule], env)


def lower_bridge(bridge: Bridge, support: Toolbox, env: Mapping[str, str]) -> None:
    """Remove the rules, the bridge, and the bridges of `docker network create` in its block."""
    for table, chain in dict.fromkeys((table, chain) for table, chain, _ in _rules(bridge)):
        iptables = ["iptables", "--wait", "-t", table]
        for rule in marked_rules(_run([*iptables, "-S", chain], env), bridge.name):
            _run([*iptables, "-D", *rule], env)
    ours = {name for name, network in routes() if network.subnet_of(bridge.block)}
    for name in sorted({bridge.name, *ours}):
        if Path(f"/sys/class/net/{name}/bridge").exists():
            _run([str(support.program("busybox")), "ip", "link", "del", name], env)


def marked_rules(listed: str, mark: str) -> Sequence[Sequence[str]]:
    """
    Return the rules with a comment, each as the words after `iptables -D`.

    Args:
        listed: what `iptables -S CHAIN` printed: `-A CHAIN …` lines in the order of the chain.
        mark: the whole comment.
    """
    rules = (shlex.split(line) for line in listed.splitlines())
    return [
        rule[1:]
        for rule in rules
        if rule[0] == "-A" and "--comment" in rule and rule[rule.index("--comment") + 1] == mark
    ]


def _rules(bridge: Bridge) -> Sequence[tuple[str, str, Sequence[str]]]:
    """Return (table, chain, rule) of the engine's rules; the comment says whose they are."""
    block, mark = str(bridge.block), ["-m", "comment", "--comment", bridge.name]
    answers = ["-m", "conntrack", "--ctstate", "RELATED,ESTABLISHED"]
    return [
        ("nat", "POSTROUTING", ["-s", block, "!", "-d", block, *mark, "-j", "MASQUERADE"]),
        ("filter", "FORWARD", ["-s", block, *mark, "-j", "ACCEPT"]),
        ("filter", "FORWARD", ["-d", block, *answers, *mark, "-j", "ACCEPT"]),
    ]


def _run(argv: Sequence[str], env: Mapping[str, str]) -> str:
    done = subprocess.run(argv, env=dict(env), capture_output=True, text=True, check=False)
    if done.returncode:
        raise EngineError(
            f"`{' '.join(argv)}` failed: {done.stderr.strip()}",
            remedy="An engine needs the right to set up networks: root, outside a container.",
        )
    return done.stdout
