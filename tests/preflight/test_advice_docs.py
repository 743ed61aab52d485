"""What is advised in each typical situation, and the page that tells it."""

from __future__ import annotations

from pathlib import Path

import pytest

from migrations_app.integrations.interfaces import Move
from migrations_app.preflight import harm, risk
from migrations_app.preflight.advice import Advice, advise, resolve
from migrations_app.preflight.advice_docs import page
from migrations_app.preflight.example_situations import SITUATIONS
from migrations_app.preflight.rule import (
    AUTOMATIC,
    COLD,
    DIRTY,
    LIVE,
    MANUAL,
)
from migrations_app.preflight.situation import ID, SOURCE, Situation

PAGE = Path(__file__).resolve().parents[2] / "docs" / "advice.md"

ADVISED = {
    "Running, on shared storage": LIVE,
    "Running, on shared storage, with a config drive": LIVE,
    "Running, with local disks": LIVE,
    "Running, with local disks and a config drive": COLD,
    "Running, with local disks and a config drive, the scheduler is to choose": COLD,
    "Running, with local disks and a config drive in vfat": LIVE,
    "Running, with local disks and a config drive, Nova Zed": LIVE,
    "Running, with local disks and a config drive, Nova 2024.1": LIVE,
    "Running, with local disks and a config drive, Nova 2024.2 (30.1)": COLD,
    "Running, with local disks and a config drive, Nova 2024.1, no ssh for Nova": (
        MANUAL
    ),
    "Running, with local disks and a config drive, no ssh for Nova": MANUAL,
    "Running, booted from a volume": LIVE,
    "Running, booted from a volume, with a config drive": COLD,
    "Running, with local disks and a data volume": LIVE,
    "Stopped, on shared storage, no ssh for Nova": None,
    "Running, booted from a volume, no ssh for Nova": LIVE,
    "The root disk stands on the file of another image, which the target lacks": (
        MANUAL
    ),
    "With an ephemeral disk, whose backing file the target has otherwise": MANUAL,
    "With an ephemeral disk, whose backing file the target has not": MANUAL,
    "With an ephemeral disk, whose backing file was put on the target": LIVE,
    "With an ephemeral disk, and novaweb has no access to hosts": LIVE,
    "The hosts keep raw disks, with use_cow_images on": LIVE,
    "Stopped, and the hosts keep raw disks, with use_cow_images on": MANUAL,
    "Stopped": COLD,
    "Stopped, the scheduler is to choose": COLD,
    "Stopped, with a data volume": COLD,
    "Paused": LIVE,
    "Suspended": None,
    "Waiting for the confirmation of an earlier cold migration": None,
    "Locked by its project": LIVE,
    "In an affinity group": MANUAL,
    "In an anti-affinity group that has a member on the target": None,
    "With a share of Manila": None,
    "With an encrypted volume": LIVE,
    "Very big and busy": LIVE,
    "With pinned processors, started before the upgrade to Nova 2026.1": COLD,
    "With pinned processors, Nova 2026.2": LIVE,
    "With dedicated processors, of which the target has none free": None,
    "With a PCI device, Nova 2024.1": COLD,
    "With a PCI device, Nova 2025.1": LIVE,
    "With a PCI device, and the source permits post-copy": COLD,
    "With a port on a Linux bridge, Nova 2026.2": None,
    "With persistent memory": LIVE,
    "With a virtual GPU, Nova Zed": COLD,
    "With a PCI device": LIVE,
    "With a virtual GPU": LIVE,
    "With a port that passes hardware through (SR-IOV)": LIVE,
    "With a virtual TPM": None,
    "With a virtual TPM, whose key the host keeps, too": LIVE,
    "With a virtual TPM, whose key is Nova's own": COLD,
    "With encrypted memory (SEV)": COLD,
    "With an accelerator of Cyborg": None,
    "With UEFI": LIVE,
    "With UEFI, and the target has an older CPU": COLD,
    "With UEFI and a config drive": LIVE,
    "The target's QEMU has no longer the machine type that Nova recorded": None,
    "The target has an older CPU": COLD,
    "Whether the target's CPU suits could not be found out": LIVE,
    "The target does not compare CPUs": LIVE,
    "The target's QEMU does not know the machine type that q35 stands for": COLD,
    "The target has no room": None,
    "The source holds more than its capacity, Nova 2025.1": MANUAL,
    "The source holds more than its capacity": LIVE,
    "The target is disabled": None,
    "Pinned to a zone, and the target is in another": None,
    "The source's nova-compute is down": None,
    "Stopped, and the source's nova-compute is down": MANUAL,
    "Neither libvirt nor Nova's SSH reaches the target": MANUAL,
    "nova-compute runs in containers, so no way could be tried": LIVE,
    "Whether libvirt reaches the target could not be tried": LIVE,
    "novaweb has no access to hosts": LIVE,
    "With a config drive, and novaweb has no access to hosts": COLD,
    "A folder of the instance was left on the target": COLD,
    "The hosts keep instances at different paths": None,
    "The target runs an older release of Nova": LIVE,
}


def advice_in(situation: Situation) -> Advice:
    """Return the advice in one situation."""
    return advise(situation.known, targets=[situation.target])


def test_the_page_is_what_the_adviser_says() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), (
        "run: python -m migrations_app.preflight advice > docs/advice.md"
    )


@pytest.mark.parametrize("situation", SITUATIONS, ids=lambda it: it.title)
def test_it_advises_what_a_seasoned_operator_would(situation: Situation) -> None:
    best = advice_in(situation).recommended
    assert (best and best.procedure) == ADVISED[situation.title]


def test_there_are_typical_situations_each_told_apart() -> None:
    assert len(SITUATIONS) >= 40
    assert len({it.title for it in SITUATIONS}) == len(SITUATIONS)
    assert {it.title for it in SITUATIONS} == ADVISED.keys()


@pytest.mark.parametrize("situation", SITUATIONS, ids=lambda it: it.title)
def test_auto_stands_for_what_is_advised(situation: Situation) -> None:
    best = advice_in(situation).recommended
    if best is not None and best.procedure in AUTOMATIC:
        move = Move(ID, "web-01", SOURCE, situation.target)
        assert resolve(situation.known, move).procedure == best.procedure


@pytest.mark.parametrize("situation", SITUATIONS, ids=lambda it: it.title)
def test_a_last_resort_is_advised_only_where_the_others_lose_something(
    situation: Situation,
) -> None:
    advice = advice_in(situation)
    if advice.recommended is not None and advice.recommended.procedure in DIRTY:
        clean = [it for it in advice.options if it.procedure in AUTOMATIC]
        assert all(it.blocked or it.harm.loses for it in clean)


@pytest.mark.parametrize("situation", SITUATIONS, ids=lambda it: it.title)
def test_it_says_why_wherever_it_advises(situation: Situation) -> None:
    advice = advice_in(situation)
    assert bool(advice.why) == (not advice.options[0].blocked)


@pytest.mark.parametrize(
    ("share", "repair"), [(0.2, 3600.0), (0.5, 900.0), (0.5, 4 * 3600.0), (0.8, 3600.0)]
)
def test_no_advice_hangs_on_the_numbers(
    share: float, repair: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(harm.SHARES, risk.Chance.OPEN, share)
    monkeypatch.setattr(harm, "REPAIR_SECONDS", repair)
    for situation in SITUATIONS:
        best = advice_in(situation).recommended
        assert (best and best.procedure) == ADVISED[situation.title], situation.title
