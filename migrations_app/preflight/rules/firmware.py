"""Rules about what a guest keeps beside its disks: its TPM and its UEFI variables."""

from __future__ import annotations

from migrations_app.integrations.interfaces import Move
from migrations_app.preflight.facts import Facts
from migrations_app.preflight.finding import Finding, blocks, ok, unknown, warns
from migrations_app.preflight.rule import BY_NOVA, COLDLY, LIVE, About, rule
from migrations_app.preflight.rules.devices import (
    guest_of,
    has_vtpm,
    is_stateless,
    wish,
)

_LET_US = (
    "Have the owner of the key let our account read it (an ACL in Barbican), and try "
    "that first with one instance that may be off for a while."
)
_HOSTS = (
    " Or have its owner resize it to a flavor with hw:tpm_secret_security=host, and"
    " move it live."
)


@rule("device.vtpm", about=About.INSTANCE, procedures=BY_NOVA, since=22)
def vtpm(facts: Facts, move: Move, procedure: str) -> Finding | None:
    """The key of the guest's virtual TPM can be had where it goes.

    Whose key it is the flavor says since 33.0 (``hw:tpm_secret_security``): its user's,
    which is the default and was always so before; its user's, with a copy on the
    ``host``; or Nova's own (``deployment``, nova/vtpm.py). Nova migrates none live
    until 32.x (``reject_vtpm_instances`` in nova/compute/api.py), and since 33.0 only
    those of ``host``, once all computes are upgraded; the copy goes along.

    Cold, the target asks Barbican for the key with the token of our request when it
    defines the guest, running or not, in modes user and host, in all releases
    (``_create_guest`` in nova/virt/libvirt/driver.py; emulated-tpm in Nova's
    documentation, Limitations). Barbican gives it to its own project only, unless an
    ACL says otherwise: then the instance is in ERROR on the target, switched off, and
    to revert that needs the key, too. Whether our account may read it cannot be tried.
    """
    guest = guest_of(facts, move)
    if not has_vtpm(facts.server) and not (guest and guest.tpm):
        return None
    name = facts.server.name
    keeper = facts.server.flavor.extra_specs.get("hw:tpm_secret_security", "user")
    if facts.before(33):
        keeper = "user"
    if procedure == LIVE:
        return _vtpm_live(facts, name, keeper)
    if keeper == "deployment" and facts.since(33):
        return ok(f"The key of the virtual TPM of {name} is Nova's own.")
    return unknown(
        f"{name} has a virtual TPM, whose key a cold migration reads with our account's"
        " rights, and whether it may could not be tried: if not, "
        f"{name} is left in ERROR on the target, switched off.",
        _LET_US if facts.before(33) or keeper != "user" else _LET_US + _HOSTS,
    )


def _vtpm_live(facts: Facts, name: str, keeper: str) -> Finding:
    if keeper == "deployment":
        return blocks(
            f"{name} has a virtual TPM whose key is Nova's own, and Nova does not "
            "migrate that live.",
            "Move it cold: Nova may read the key.",
        )
    if keeper != "host":
        return blocks(
            f"{name} has a virtual TPM whose key belongs to its user, and Nova does not"
            " migrate that live.",
            "Nova has no live way before 2026.1; a cold migration needs the key, too."
            if facts.before(33)
            else "Have its owner resize it to a flavor with"
            " hw:tpm_secret_security=host (since 2026.1). A cold migration needs the"
            " key, too.",
        )
    return warns(
        f"{name} has a virtual TPM: Nova migrates it live only since 2026.1, when all "
        "hosts are upgraded and the source holds its key.",
        "If Nova refuses, finish the upgrade, or have its owner restart it, so that the"
        " source gets the key. A cold migration needs the owner's key from Barbican.",
    )


@rule("device.uefi", about=About.INSTANCE, procedures=COLDLY)
def uefi(facts: Facts, move: Move, procedure: str) -> Finding | None:
    """The guest has no UEFI variables, which a cold migration loses.

    Boot entries and enrolled keys are in a file of libvirt's, outside of the instance's
    folder, which Nova does not copy: the target starts from a fresh one, and since 33.0
    perhaps with another firmware file (release notes preserve-nvram,
    bp-libvirt-firmware-auto-selection). A live migration takes them along. Before
    31.3.0, 32.2.0 and 33.0 every start by Nova made new ones, so guests were used to
    it.
    """
    guest, name = guest_of(facts, move), facts.server.name
    promised = wish(facts.server, "firmware_type") == "uefi"
    if not (guest and guest.nvram) and (not promised or is_stateless(facts.server)):
        return None
    return warns(
        f"A cold migration starts {name} with new UEFI variables: its boot entries and"
        " enrolled keys are lost.",
        "Move it live if that is possible. Else have its owner make ready to enter the "
        "boot entries again, and a recovery key where a disk is sealed by them (as with"
        " BitLocker).",
        loses="UEFI settings",
    )
