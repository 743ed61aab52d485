"""Rules about what an instance has mounted from elsewhere: volumes and shares."""

from __future__ import annotations

from migrations_app.integrations.interfaces import Move
from migrations_app.preflight.facts import Facts
from migrations_app.preflight.finding import Finding, blocks, ok, unknown, warns
from migrations_app.preflight.rule import BY_NOVA, LIVE, About, rule
from migrations_app.preflight.rules.nova_options import switch


@rule("instance.shares", about=About.INSTANCE, since=31)
def shares(facts: Facts, move: Move, procedure: str) -> Finding | None:
    """The instance has no share of Manila.

    Nova answers 409 to every kind of move (``reject_shares`` in nova/compute/api.py).
    Shares came with microversion 2.97.
    """
    if (why := facts.missing("shares")) is not None:
        return unknown(
            f"The shares of {facts.server.name} could not be read.",
            "Look again, or let our account read them (os-server-shares).",
            why=why,
        )
    if not facts.shares:
        return None
    return blocks(
        f"{facts.server.name} has shares of Manila, and Nova does not move such "
        "instances.",
        "Ask its project to detach them first.",
        shares=list(facts.shares),
    )


@rule("volume.known", about=About.INSTANCE)
def known(facts: Facts, move: Move, procedure: str) -> Finding | None:
    """What Cinder says of the instance's volumes can be read.

    Encryption and zone of a volume are known to Cinder only.
    """
    if (why := facts.missing("volumes")) is None:
        return None
    return unknown(
        f"The volumes of {facts.server.name} could not be read from Cinder, so they "
        "were not judged.",
        "Look again, or let our account read the volumes of all projects.",
        why=why,
    )


@rule("volume.encrypted", about=About.INSTANCE, procedures=BY_NOVA)
def encrypted(facts: Facts, move: Move, procedure: str) -> Finding | None:
    """The instance has no encrypted volume.

    The target fetches the key from Barbican with the token of our request, and Barbican
    gives it to its own project only, unless an ACL says otherwise. If it does not, a
    live migration is given up when the target connects the volume; a cold one leaves
    the instance in ERROR there, switched off. Whether our account may read the key
    cannot be tried.
    """
    found = [volume.id for volume in facts.volumes if volume.encrypted]
    if not found:
        return None
    ends = (
        "the migration fails"
        if procedure == LIVE
        else f"{facts.server.name} is left in ERROR on the target, switched off"
    )
    return unknown(
        f"{facts.server.name} has encrypted volumes, whose keys Nova reads with our "
        f"account's rights, and whether it may could not be tried: if not, {ends}.",
        "Have the owner of the keys let our account read them (an ACL in Barbican).",
        volumes=found,
    )


@rule("volume.zone", about=About.TARGET)
def zone(facts: Facts, move: Move, procedure: str) -> Finding | None:
    """The volumes of the instance can be reached from the target's zone.

    Where ``[cinder]cross_az_attach`` is off, Nova attaches a volume only to instances
    of its own zone. It does not look at that when it moves one, but later attachments
    fail; in a manual move the volumes are attached again, which is refused. nova-api
    looks at its own nova.conf, which cannot be read from here, and the target at its
    (``check_availability_zone`` in nova/volume/cinder.py). A volume that is in another
    zone than its instance already shows that the option is on.
    """
    target = facts.hypervisors.get(move.target or "")
    source = facts.hypervisors.get(move.source)
    pair = facts.pair(move)
    if target is None or source is None or not facts.volumes:
        return None
    if target.zone == source.zone:
        return None
    elsewhere = [each.id for each in facts.volumes if each.zone == source.zone]
    if not elsewhere:
        return ok(f"Zones do not matter to the volumes of {facts.server.name}.")
    across = pair and switch(pair.target, "cinder.cross_az_attach", default=True)
    say = blocks if across is False else unknown
    if procedure in BY_NOVA:
        say = warns
    return say(
        f"{facts.server.name} has volumes in zone {source.zone}, and {target.host} is "
        f"in {target.zone}. Where cross_az_attach is off, in nova-api or on the target,"
        " they cannot be attached there again.",
        f"Choose a host in {source.zone}; or look at [cinder]cross_az_attach in"
        " nova.conf of every nova-api and of the target.",
        volumes=elsewhere,
    )


@rule("target.secret", about=About.TARGET, procedures=BY_NOVA)
def secret(facts: Facts, move: Move, procedure: str) -> Finding | None:
    """The target's libvirt has the secrets with which the guest's disks are opened.

    A disk in Ceph names one by its UUID; each host is given it by hand. Without it the
    guest does not start there: a live migration fails, and a cold one ends in ERROR.
    That of a volume is Cinder's word and the same on all hosts; for disks of images a
    cold migration takes the target's own ``rbd_secret_uuid``
    (nova/virt/libvirt/volume/net.py and imagebackend.py).
    """
    pair = facts.pair(move)
    if pair is None or pair.guest is None:
        return None
    needed = [disk for disk in pair.guest.disks if disk.secret]
    if not needed:
        return None
    host = pair.target.host
    if pair.target.secrets is None:
        return unknown(
            f"Whether libvirt on {host} has the Ceph secrets of {facts.server.name} "
            "could not be found out.",
            f"Look for them on {host}: virsh secret-list.",
            secrets=sorted({disk.secret for disk in needed}),
        )
    lacking = [disk for disk in needed if disk.secret not in pair.target.secrets]
    if not lacking:
        return ok(f"libvirt on {host} has the Ceph secrets of {facts.server.name}.")
    of_image = f"/{facts.server.id}_disk"
    own = procedure != LIVE and all(of_image in disk.source for disk in lacking)
    say = warns if own else blocks
    return say(
        f"libvirt on {host} lacks a Ceph secret that the disks of {facts.server.name} "
        "name.",
        f"Define it on {host} (virsh secret-define, virsh secret-set-value), as on "
        f"{move.source}.",
        secrets={disk.target: disk.secret for disk in lacking},
    )
