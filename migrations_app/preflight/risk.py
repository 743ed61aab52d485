"""What a finding may cost the guest, and how likely that is: what advice weighs."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

# What a move can lose for good, the gravest last; the names are those of the evidence
# ``loses``. What is not named here is taken for data.
DATA = "data"
LOSSES = (
    "one-time-use devices",
    "config drive",
    "UEFI settings",
    "virtual TPM",
    "persistent memory",
    DATA,
)


class Cost(StrEnum):
    """What it costs if what a finding says comes about."""

    ATTEMPT = "attempt"  # Nova refuses it or gives it up; the guest runs on as it was
    OUTAGE = "outage"  # the guest is off or not reachable until a person repairs it
    LOSS = "loss"  # something of it is lost for good


class Chance(StrEnum):
    """How likely it is. Nobody has counted: three words, no percentages."""

    SELDOM = "seldom"  # most clouds never see it
    OPEN = "open"  # as likely as not, for all that is known
    CERTAIN = "certain"


@dataclass(frozen=True, slots=True)
class Risk:
    """One thing that may come about in a move; ``loses`` names what a loss is of."""

    cost: Cost
    chance: Chance
    loses: str = ""

    @property
    def grave(self) -> bool:
        """Whether nobody should run it without having decided about this very guest."""
        if self.cost is Cost.LOSS:
            return self.chance is Chance.CERTAIN
        return self.cost is Cost.OUTAGE and self.chance is not Chance.SELDOM


def attempt(chance: Chance = Chance.OPEN) -> Risk:
    """Return the risk of a request that leads to nothing and leaves the guest alone."""
    return Risk(Cost.ATTEMPT, chance)


def outage(chance: Chance = Chance.OPEN) -> Risk:
    """Return the risk that the guest is off or not reachable until it is repaired."""
    return Risk(Cost.OUTAGE, chance)


def loss(of: str = DATA, chance: Chance = Chance.OPEN) -> Risk:
    """Return the risk that something is lost for good."""
    return Risk(Cost.LOSS, chance, of)


def gravity(names: tuple[str, ...]) -> tuple[int, ...]:
    """Return what is lost as it compares: the gravest first, more after less."""
    ranks = (LOSSES.index(it if it in LOSSES else DATA) + 1 for it in names)
    return tuple(sorted(ranks, reverse=True))


# Rules about what Nova refuses in a live migration while the guest runs, but meets in a
# cold one only on the target, when the guest is off: the instance is then in ERROR
# (nova/compute/manager.py 33.0, _resize_instance and _finish_resize_helper). What other
# rules are about Nova refuses before it touches the guest.
LATE = {
    "device.linux_bridge": Chance.OPEN,
    "device.vtpm": Chance.OPEN,
    "disk.image": Chance.SELDOM,
    "disk.swap": Chance.SELDOM,
    "hosts.read": Chance.SELDOM,
    "target.disk": Chance.SELDOM,
    "target.hypervisor": Chance.OPEN,
    "target.machine": Chance.SELDOM,
    "target.network": Chance.SELDOM,
    "target.secret": Chance.SELDOM,
    "target.video": Chance.OPEN,
    "volume.encrypted": Chance.OPEN,
    "volume.known": Chance.SELDOM,
}
# Rules about a guest that may be off or not reachable after a live migration that Nova
# calls a success.
AFTERWARDS = frozenset({"hosts.post_copy", "hosts.vif"})
