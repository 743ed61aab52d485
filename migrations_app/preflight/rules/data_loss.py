"""Rules about moves that Nova calls a success although the guest has lost its disks.

What they judge only the hosts know. Where novaweb did not look there, they say what a
person has to look at.
"""

from __future__ import annotations

from posixpath import basename, normpath

from migrations_app.integrations.host_commands import base_images
from migrations_app.integrations.interfaces import Guest, HostFacts, Move
from migrations_app.preflight.facts import Facts, Pair
from migrations_app.preflight.finding import (
    Finding,
    blocks,
    ok,
    unknown,
    warns,
)
from migrations_app.preflight.risk import Chance, Risk, loss, outage
from migrations_app.preflight.rule import COLDLY, MANUAL, About, rule
from migrations_app.preflight.rules.disks import share
from migrations_app.preflight.rules.nova_options import resolved, switch

_CONF = "in the configuration of nova-compute (nova.conf, and what else it reads)"
FLAT = {"raw", "flat"}  # images_type


@rule("hosts.instances_path", about=About.INSTANCE)
def instances_path(facts: Facts, move: Move, procedure: str) -> Finding | None:
    """Both hosts keep the folders of instances at the same path.

    Nova takes ``[DEFAULT]instances_path`` for the same everywhere. Where it is not, a
    cold migration copies the disks to the source's path on the target and starts a new
    disk from the image in the target's own; the confirmation then deletes the only good
    copy, and Nova calls that a success (nova/virt/libvirt/driver.py,
    ``migrate_disk_and_power_off``; seen with 34.0). A live one ends in ERROR; one by
    hand fails at the start on the target.
    """
    remedy = (
        f"Look at [DEFAULT]instances_path {_CONF} on {_both(move)}. Where it differs, "
        "a cold migration loses the disks."
    )
    seldom = Chance.SELDOM
    risk = loss(chance=seldom) if procedure in COLDLY else outage(seldom)
    pair = facts.pair(move)
    if pair is None:
        return _not_seen(
            facts,
            move,
            procedure,
            f"Whether {_both(move)} keep instances at the same path was not seen.",
            remedy,
            risk=risk,
        )
    here, there = pair.source.instances, pair.target.instances
    if not (resolved(here) and resolved(there)):
        return unknown(
            f"Whether {_both(move)} keep instances at the same path could not be read.",
            remedy,
            source=here,
            target=there,
        ).risking(risk)
    if _plain(here) == _plain(there):
        return ok(f"{_both(move)} keep instances in {_plain(here)}.")
    return blocks(
        f"{move.source} keeps instances in {here}, {move.target} in {there} "
        "(instances_path): the disks would not be where Nova looks for them.",
        "Choose a target with the same path. Nova has no way to move between two.",
    )


@rule("disk.ephemeral", about=About.INSTANCE)
def ephemeral(facts: Facts, move: Move, procedure: str) -> Finding | None:
    """Ephemeral and swap disks find on the target what they stand on.

    Each host makes the files below them by itself (``_base/ephemeral_*``, ``swap_*``),
    by mkfs and mkswap, with a UUID and content of its own. A block migration and a cold
    one copy only what was written since, and the target puts it on its own file, or
    makes one: the disk's content is then another, without an error or a word in a log
    (nova/virt/libvirt/driver.py, ``_create_images_and_backing``, ``finish_migration``;
    seen with 26.2 and 34.0). In a manual move the file is carried along, under another
    name where the target has another file of its name. The files are found by the
    disks' own chains, and compared by SHA-256.
    """
    if share(facts, move):
        return None
    flavor, name = facts.server.flavor, facts.server.name
    pair = facts.pair(move)
    promised = bool(flavor.ephemeral_gb or flavor.swap_mb)
    told = pair.source.instances if pair else ""
    folder = told or "instances_path"
    look = (
        f"Compare sha256sum of ephemeral_* and swap_* in {folder}/_base on "
        f"{_both(move)}: if a file differs or is missing, do not move it; first put "
        "the source's on the target."
    )
    if pair is None or pair.guest is None:
        if not promised:
            return None
        return _not_seen(
            facts,
            move,
            procedure,
            f"Whether the ephemeral or swap disk of {name} stands on the same file on "
            f"{_both(move)} was not seen. On shared storage that does not matter.",
            look,
            risk=loss(),
        )
    below = base_images.of(pair.guest)
    mute = base_images.unread(pair.guest)
    if not (below or mute):
        said = f"The ephemeral and swap disks of {name} stand on no file of the host's."
        return ok(said) if promised else None
    same = {path: _same(pair, path) for path in sorted(below)}
    if procedure in COLDLY:  # swap that the target lacks is made: disk.new_swap
        same = {it: found for it, found in same.items() if not _lacks_swap(pair, it)}
    if not (same or mute):
        return None
    other = [path for path in same if same[path] is False]
    if procedure == MANUAL:  # what is not there is carried along
        other = [path for path in other if _there(pair, path)]
    if other and procedure != MANUAL:
        return _otherwise(pair, facts, other)
    if mute or None in same.values():
        doubtful = [path for path in same if same[path] is None]
        which = " and ".join(doubtful) or "the ephemeral and swap disks' backing files"
        found = unknown(
            f"Whether {_both(move)} have the same {which} could not be read in time.",
            look,
            files=doubtful,
        )
        return found.if_late(not mute).risking(loss())
    where = "is carried along" if procedure == MANUAL else "is the same on both hosts"
    if other:
        where += f", under another name where {move.target} has another file"
    return ok(f"What the ephemeral and swap disks of {name} stand on {where}.")


def _otherwise(pair: Pair, facts: Facts, paths: list[str]) -> Finding:
    name, here, there = facts.server.name, pair.source.host, pair.target.host
    held = [path for path in paths if _there(pair, path)]
    lacking = [path for path in paths if path not in held]
    put = f"put that of {here} there under its name (rsync -S)"
    said = "and Nova moves only what was written since: the content is then another"
    how = [f"another {' and '.join(held)}"] if held else []
    how += [f"no {' and '.join(lacking)}"] if lacking else []
    return blocks(
        f"The ephemeral or swap disk of {name} stands on a file that {here} made; "
        f"{there} has {' and '.join(how)}, {said}.",
        (
            f"Use a manual move, which carries it along under another name. Or, where"
            f" no disk on {there} stands on its file, {put}; removing it is not enough:"
            " Nova then creates a new one."
            if held
            else f"Before the move {put}; or use a manual move, which copies it too."
        ),
        files=paths,
    )


@rule("disk.raw", about=About.INSTANCE, procedures=(*COLDLY, MANUAL))
def raw(facts: Facts, move: Move, procedure: str) -> Finding | None:
    """The target starts raw disks as what they are.

    With ``[libvirt]images_type`` raw (or flat) and ``[DEFAULT]use_cow_images`` left on,
    which is its default, the target converts each raw disk to qcow2 and then starts it
    as raw: the guest does not boot, Nova calls it ACTIVE, and the confirmation deletes
    the good disk (``finish_migration`` in nova/virt/libvirt/driver.py asks
    ``use_cow_images``, ``Backend`` in imagebackend.py ``images_type``; bug 2038898,
    seen with 34.0). With ``images_type`` qcow2 and ``use_cow_images`` off a raw disk
    stays raw and is started as qcow2, and so is one that a manual move copied to a host
    that keeps disks as qcow2, by default or not: it does not start, or what its guest
    wrote to its begin is believed (``Qcow2`` in imagebackend.py asks no ``disk.info``;
    not staged). Only the target's settings count, and the format that the disk has on
    the source. A live migration converts nothing.
    """
    server, flavor = facts.server, facts.server.flavor
    if server.image is None and not (flavor.ephemeral_gb or flavor.swap_mb):
        return None
    target = move.target or "the host that the scheduler chooses"
    look = (
        f"Look at [libvirt]images_type and [DEFAULT]use_cow_images {_CONF} on "
        f"{target}: raw or flat with use_cow_images on (its default), or qcow2 with it "
        "off, leaves a guest that does not boot."
    )
    pair = facts.pair(move)
    if pair is None:
        return _not_seen(
            facts,
            move,
            procedure,
            f"Whether {target} starts raw disks as what they are was not seen.",
            look,
            risk=outage(Chance.SELDOM),
        )
    kind = pair.target.settings.get("libvirt.images_type", "default").lower()
    keeps = _keeps(pair.target, kind, procedure)
    if keeps:
        return ok(f"{target} starts disks as what they are.")
    disks = _raw_disks(pair.guest, server.id) if pair.guest else None
    if disks is not None and not disks:
        return ok(f"{server.name} has no raw disk that {target} could mistake.")
    if keeps is None or disks is None:
        return unknown(
            f"Whether {target} starts the disks of {server.name} as what they are "
            "could not be read.",
            look,
            images_type=kind,
        ).risking(outage(Chance.SELDOM))
    if kind not in FLAT:
        return blocks(
            f"{target} would start the raw disks of {server.name} as qcow2, which it"
            f" keeps disks as (images_type = {kind}), because nothing would convert"
            " them.",
            "Choose a target with images_type = raw."
            if procedure == MANUAL
            else f"Remove use_cow_images from [DEFAULT] on {target} and restart its "
            "nova-compute.",
            disks=disks,
        )
    return blocks(
        f"{target} would convert the raw disks of {server.name} to qcow2 and start "
        f"them as raw (images_type = {kind} with use_cow_images on): the guest would "
        "not boot.",
        f"Set use_cow_images = False in [DEFAULT] on {target} and restart its"
        " nova-compute; or move it live or manually.",
        disks=disks,
    )


def _keeps(target: HostFacts, kind: str, procedure: str) -> bool | None:
    """Tell whether a host starts raw disks in the format in which it gets them."""
    if not (target.instances and resolved(kind)):
        return None
    cow = switch(target, "DEFAULT.use_cow_images", default=True)
    raw = None if cow is None else not cow
    if procedure == MANUAL:  # nothing is converted
        return raw if kind == "default" else kind != "qcow2"
    if kind in FLAT:
        return raw
    return cow if kind == "qcow2" else True


def _not_seen(
    facts: Facts, move: Move, procedure: str, sentence: str, remedy: str, *, risk: Risk
) -> Finding | None:
    """Warn of what nobody looked at; what was not found is unknown."""
    if procedure == MANUAL or move.target == move.source:
        return None  # the rules manual.hosts and target.not_source say so
    if move.target and facts.hypervisors and move.target not in facts.hypervisors:
        return None  # target.known does
    if facts.survey is not None and facts.survey.unread:
        why = dict(facts.survey.unread)
        return unknown(sentence, remedy, why=why).risking(risk)
    if facts.pair(move) is not None:
        why_not = f"{move.source} has no domain of it."
        return unknown(sentence, remedy, why=why_not).risking(risk)
    if facts.entered:
        remedy = f"Choose one target, and both hosts are asked; or: {remedy}"
    return warns(sentence, remedy).risking(risk)


def _both(move: Move) -> str:
    return f"{move.source} and {move.target or 'the host that the scheduler chooses'}"


def _same(pair: Pair, path: str) -> bool | None:
    return base_images.same(pair.source.made.get(path), pair.target.made.get(path))


def _there(pair: Pair, path: str) -> bool:
    found = pair.target.made.get(path)
    return found is not None and found.size is not None


def _lacks_swap(pair: Pair, path: str) -> bool:
    lacks = _same(pair, path) is False and not _there(pair, path)
    return lacks and basename(path).startswith("swap")


def _plain(path: str) -> str:
    """Return a path as it is always written; two slashes at its begin are one, too."""
    return normpath(path.replace("//", "/"))


def _raw_disks(guest: Guest, server_id: str) -> list[str]:
    """Name what Nova converts: raw disks in the instance's folder but the drive."""
    return [
        basename(disk.source)
        for disk in guest.disks
        if disk.kind == "file"
        and disk.format == "raw"
        and f"/{server_id}/" in disk.source
        and basename(disk.source) != "disk.config"
    ]
