"""Which of the three live migrations it will be: the article's three cases, and why.

On shared storage, or booted from a volume without any local disk, only memory is
copied; otherwise the local disks are copied too (block migration). With "auto" Nova's
source host decides (nova/virt/libvirt/driver.py, check_can_live_migrate_source); what
it will find is said here as far as it can be known before.
"""

from __future__ import annotations

from math import ceil
from typing import Any

from migrations_app.integrations.interfaces import Move, Server, Survey
from migrations_app.wording import whole_number

# For plans that were made without the facts that the deadline hangs on.
DEFAULT_DEADLINE_MINUTES = 120
# Nova moves one instance at a time away from a host ([compute]
# max_concurrent_live_migrations): so long it may stand in the queue.
_QUEUE_MINUTES = 60
# The slowest network that a live migration is worth trying on, in Mbit/s, and how
# often memory that is written to may have to be sent.
_SLOWEST, _PASSES = 100, 3
_POST_COPY = "libvirt.live_migration_permit_post_copy"
_ACTION = "libvirt.live_migration_timeout_action"
_TIMEOUT = "libvirt.live_migration_completion_timeout"
_YES = frozenset({"1", "true", "yes", "on"})


def server_facts(server: Server) -> dict[str, Any]:
    """Return what the plan needs to know of the instance, for ``Move.facts``.

    ``memory`` is in MiB, ``disk`` (all local disks) in GiB.
    """
    flavor = server.flavor
    disk = flavor.ephemeral_gb + ceil(flavor.swap_mb / 1024)
    disk += flavor.disk_gb if server.image is not None else 0
    facts = {
        "memory": flavor.ram_mb,
        "disk": disk,
        "local": disk > 0 or server.image is not None or server.config_drive,
        "config_drive": server.config_drive,
    }
    return facts | ({"pmem": True} if "hw:pmem" in flavor.extra_specs else {})


def survey_facts(survey: Survey) -> dict[str, Any]:
    """Return what the hosts say about the move; keys of which they say nothing fail.

    ``forced_after`` is there where the source's Nova forces completion by itself: after
    how many seconds for each GiB.
    """
    facts: dict[str, Any] = {}
    target = survey.target
    if target is not None:
        if in_ceph(survey):
            facts["shared"] = True
        elif target.shared is not None:
            facts["shared"] = target.shared
    if survey.source.instances:  # all was read; what it does not say is Nova's default
        permitted = survey.source.settings.get(_POST_COPY, "false")
        facts["post_copy"] = permitted.strip().lower() in _YES
        seconds = survey.source.settings.get(_TIMEOUT, "800").strip()
        forces = survey.source.settings.get(_ACTION, "").strip() == "force_complete"
        if forces and (after := whole_number(seconds)):
            facts["forced_after"] = after
    return facts


def in_ceph(survey: Survey) -> bool:
    """Tell whether both hosts say that they keep local disks in Ceph."""
    both = (survey.source, survey.target)
    return all(
        host is not None and host.settings.get("libvirt.images_type") == "rbd"
        for host in both
    )


def sentence(move: Move) -> str:
    """Say which of the three it will be, and why. Empty for a plan without facts."""
    if "local" not in move.facts:
        return ""
    shared, target = move.facts.get("shared"), move.target or "the target"
    disks = disks_text(move)
    match move.options.get("block_migration", "auto"):
        case True if not disks:
            return (
                "As asked, Nova is told to copy local disks (block migration), though"
                " it has none."
            )
        case True:
            told = f"As asked, its memory and {disks} are copied (block migration)"
            if shared:
                return (
                    f"{told}, which Nova refuses where the hosts share their storage."
                )
            return f"{told}."
        case False if disks and shared is False:
            return (
                "As asked, only its memory is copied, which Nova refuses here: it has"
                f" {disks}, and {move.source} and {target} do not share their storage."
            )
        case False if disks and shared is None:
            return (
                f"As asked, only its memory is copied; it has {disks}, so Nova refuses"
                f" unless {move.source} and {target} share their storage."
            )
        case False:
            return "As asked, only its memory is copied."
    if not disks:
        return (
            "Only its memory is copied: it is booted from a volume and has no local"
            " disk."
        )
    if shared:
        return (
            f"Only its memory is copied: {move.source} and {target} share the storage"
            f" of {disks}."
        )
    if shared is False:
        return (
            f"Its memory and {disks} are copied (block migration): {move.source} and"
            f" {target} do not share their storage."
        )
    return (
        f"Its memory is copied, and {disks} too (block migration), unless {move.source}"
        " finds that the hosts share their storage."
    )


def deadline(move: Move) -> int:
    """Return after how many minutes Nova is asked to abort.

    As chosen; else an hour in the queue, and what a network of 100 Mbit/s takes to
    copy the memory three times and the local disks once. Nova itself waits 800 s for
    each GiB ([libvirt]live_migration_completion_timeout), which is often longer.
    """
    chosen = move.options.get("deadline")
    if chosen is not None:
        return int(chosen)
    if "memory" not in move.facts:
        return DEFAULT_DEADLINE_MINUTES
    disk = 0 if move.facts.get("shared") else move.facts["disk"]
    bits = (_PASSES * move.facts["memory"] / 1024 + disk) * 2**30 * 8
    copying: float = bits / (_SLOWEST * 1_000_000) / 60
    return _QUEUE_MINUTES + 5 * ceil(copying / 5)


def deadline_sentence(move: Move) -> str:
    """Say what happens when it takes too long, and where the figure comes from."""
    minutes = deadline(move)
    why = (
        "as asked"
        if "deadline" in move.options
        else "by the size of its memory and disks"
    )
    return (
        f"If it has not ended after {minutes} min ({why}), Nova is asked to abort it."
        + _forced(move)
    )


def _forced(move: Move) -> str:
    """Say what Nova does before by itself, where that is not to abort.

    Its seconds are for each GiB, and at least 2 GiB each, of memory and copied disks
    (nova/virt/libvirt/driver.py, _live_migration_data_gb, 34.0).
    """
    facts = move.facts
    if "forced_after" not in facts or "memory" not in facts:
        return ""
    disk = 0 if facts.get("shared") else facts["disk"] and max(2, facts["disk"])
    minutes = ceil((max(2, facts["memory"] / 1024) + disk) * facts["forced_after"] / 60)
    how = (
        "switches it to post-copy, after which it is lost if the network between the"
        " hosts fails"
        if facts.get("post_copy") and not facts.get("pmem")
        else "pauses it until the rest is copied"
    )
    return (
        f" Nova on {move.source} does not wait for that: after about {minutes} min of"
        f" copying it {how}."
    )


def disks_text(move: Move) -> str:
    """Return words for the local disks of the instance; empty if it has none."""
    facts = move.facts
    if not facts["local"]:
        return ""
    if facts["disk"]:
        size = f"its local disks ({facts['disk']} GiB)"
        return f"{size} and its config drive" if facts["config_drive"] else size
    return "its config drive" if facts["config_drive"] else "its local disk"
