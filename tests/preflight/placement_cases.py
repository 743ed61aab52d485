"""The same for the rules of places and leftovers."""

from __future__ import annotations

from dataclasses import replace

from tests.preflight.build import (
    SOURCE,
    facts,
    guest,
    hypervisor,
    seen,
    stock,
)
from tests.preflight.case import BLOCKS, Case
from tests.preflight.cases import RBD

IN_CEPH = replace(RBD, secret="457eb676-33da-42ec-9a8c-9293d545c337")

CASES: dict[str, Case] = {
    "source.capacity": Case(
        BLOCKS,
        facts(hypervisor(SOURCE, stock=stock(ram_mb=-1)), release=31),
        facts(hypervisor(SOURCE, stock=stock(ram_mb=0)), release=31),
    ),
    "target.binding": Case(
        BLOCKS, facts(left_bindings=("n-1",)), facts(left_bindings=())
    ),
    "target.secret": Case(
        BLOCKS,
        seen(guest(IN_CEPH), target={"secrets": ()}),
        seen(guest(IN_CEPH), target={"secrets": (IN_CEPH.secret,)}),
    ),
}
