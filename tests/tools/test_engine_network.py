"""Engines never share a bridge, an address or a rule."""

from ipaddress import IPv4Network

import pytest

from tools.engine import specs
from tools.engine.errors import EngineError
from tools.engine.network import (
    POOL,
    Bridge,
    bridge_name,
    choose_block,
    marked_rules,
    parse_routes,
    resolvers,
)

ROUTES = """\
Iface	Destination	Gateway 	Flags	RefCnt	Use	Metric	Mask		MTU	Window	IRTT
eth0	00000000	010200C0	0003	0	0	0	00000000	0	0	0
sb0	0000D00A	00000000	0001	0	0	0	00FFFFFF	0	0	0
eth0	000200C0	00000000	0001	0	0	0	00FFFFFF	0	0	0
"""


def test_routes_are_read_without_the_default_one() -> None:
    assert parse_routes(ROUTES) == [
        ("sb0", IPv4Network("10.208.0.0/24")),
        ("eth0", IPv4Network("192.0.2.0/24")),
    ]


def test_a_block_overlaps_nothing_taken() -> None:
    taken = [IPv4Network("10.208.0.0/24"), IPv4Network("10.208.17.5/32")]
    assert choose_block(taken) == IPv4Network("10.208.32.0/20")


def test_a_route_over_the_whole_pool_leaves_no_block() -> None:
    with pytest.raises(EngineError, match="no free network"):
        choose_block([IPv4Network("10.0.0.0/8")])


def test_every_engine_of_two_checkouts_gets_a_block() -> None:
    taken: list[IPv4Network] = []
    for _ in range(2 * len(specs.ENGINES)):
        taken.append(choose_block(taken))
    assert len(set(taken)) == len(taken)
    assert all(block.subnet_of(POOL) for block in taken)


def test_created_networks_come_from_the_block_but_not_from_the_bridges_own_part() -> None:
    bridge = Bridge(name="sb0", block=IPv4Network("10.208.32.0/20"))
    assert bridge.address == "10.208.32.1/24"
    pools = [IPv4Network(str(pool["base"])) for pool in bridge.pools]
    assert sum(pool.num_addresses for pool in pools) == (16 - 1) * 256
    assert all(pool.subnet_of(bridge.block) for pool in pools)
    assert not any(pool.overlaps(bridge.subnet) for pool in pools)


def test_bridge_names_are_different_and_no_longer_than_the_kernel_allows() -> None:
    names = {bridge_name("3fa9c1", engine) for engine in specs.ENGINES}
    assert len(names) == len(specs.ENGINES)
    assert max(map(len, names)) <= 15


def test_name_servers_are_read_from_resolv_conf() -> None:
    text = "# comment\nsearch example\nnameserver 10.208.0.2\nnameserver fd00::1\n"
    assert resolvers(text) == [IPv4Network("10.208.0.2/32")]


def test_only_the_rules_with_our_whole_comment_are_taken_away() -> None:
    listed = (
        "-P FORWARD ACCEPT\n"
        '-A FORWARD -s 10.208.0.0/20 -m comment --comment "sb1-285" -j ACCEPT\n'
        "-A FORWARD -s 10.208.16.0/20 -m comment --comment sb1-285g -j ACCEPT\n"
        "-A FORWARD -j DOCKER-USER\n"
    )
    assert marked_rules(listed, "sb1-285") == [
        ["FORWARD", "-s", "10.208.0.0/20", "-m", "comment", "--comment", "sb1-285", "-j", "ACCEPT"]
    ]
