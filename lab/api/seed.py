"""The situation that the lab starts from, in the spirit of the article."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from lab.api.boot import Boot, Wanted, settled
from lab.api.connection import Cloud
from lab.api.ready import REAL_IMAGE
from lab.install import alone
from lab.progress import say

ARTICLE = "--article"
ARTICLE_REASON = "Migrations Only"


AFFINITY = ("web-together", "affinity")
ANTI_AFFINITY = ("web-apart", "anti-affinity")


def wanted(cloud: Cloud) -> list[Wanted]:
    """Return the instances of the seed that this lab can hold."""
    one, two = cloud.facts["fake_zones"]
    zones = set(cloud.facts["zones"].values())
    every = [
        Wanted(name="web-0", project="web", flavor="m1.tiny", zone=one),
        Wanted(name="web-1", project="web", flavor="m1.small", zone=two),
        Wanted(name="web-2", project="web", flavor="m1.tiny", zone=one),
        Wanted(name="web-3", project="web", flavor="m1.small", zone=two),
        _web("web-cfg", one, config_drive=True),
        _web("web-together-0", two, group=AFFINITY),
        _web("web-together-1", two, group=AFFINITY),
        _web("web-apart-0", one, group=ANTI_AFFINITY),
        _web("web-apart-1", two, group=ANTI_AFFINITY),
        _web("web-stopped", two, stopped=True),
        _web("web-locked", one, locked=True),
        Wanted(name="batch-big", project="batch", flavor="c1.big", zone=one),
        Wanted(
            name="batch-cfg",
            project="batch",
            flavor="m1.large",
            zone=two,
            config_drive=True,
        ),
    ]
    if cloud.facts["cinder"]:
        every += [
            Wanted(
                name="batch-volume",
                project="batch",
                flavor="m1.small",
                zone=one,
                from_volume=True,
            ),
            Wanted(
                name="batch-data",
                project="batch",
                flavor="m1.medium",
                zone=two,
                data_volume=True,
            ),
        ]
    every += [
        Wanted(
            name=name,
            project="web",
            flavor="lab.micro",
            zone=cloud.facts["libvirt_zone"],
            image=REAL_IMAGE,
            config_drive=name == "real-cfg",
        )
        for name in ("real-0", "real-cfg")
        if cloud.facts["libvirt_hosts"]
    ]
    return [server for server in every if server.zone in zones]


def _web(
    name: str,
    zone: str,
    *,
    config_drive: bool = False,
    group: tuple[str, str] | None = None,
    stopped: bool = False,
    locked: bool = False,
) -> Wanted:
    return Wanted(
        name=name,
        project="web",
        flavor="m1.tiny",
        zone=zone,
        config_drive=config_drive,
        group=group,
        stopped=stopped,
        locked=locked,
    )


def seed(cloud: Cloud, *arguments: str) -> None:
    """Every instance of the seed exists and is in the state it should be in.

    Whatever an earlier run left: what is half made is made anew, what is unfinished is
    finished. What ran and has failed since is somebody's: it is named, and left. With
    names, only those. With `--article` compute-34 is disabled with the article's
    reason.
    """
    began = time.monotonic()
    with alone(Path(cloud.facts["state_dir"]) / "seed.lock", "makes instances"):
        count = _seed(cloud, set(arguments) - {ARTICLE})
    if ARTICLE in arguments:
        _as_in_the_article(cloud)
    say(f"seeded {count} instances in {time.monotonic() - began:.0f} s")


def _seed(cloud: Cloud, names: set[str]) -> int:
    boot = Boot(cloud)
    servers = [it for it in wanted(cloud) if not names or it.name in names]
    have = {s.name: s for s in cloud.admin.compute.servers(all_projects=True)}
    for name in [it.name for it in servers if it.name in have]:
        if half_made(have[name]):
            say(f"{name} is in {have[name].status}: it is made anew")
            boot.remove(have.pop(name))
    made = [server for server in servers if server.name not in have]
    for server in made:
        have[server.name] = boot.create(server)
    for server in servers:
        there = settled(cloud, have[server.name].id)
        if there.status == "ERROR":
            say(f"{server.name} is in ERROR and is left so: `lab reset` begins anew")
            continue
        boot.finish(server, there)
        if server in made:
            say(f"{server.name} on {there.hypervisor_hostname}")
    return len(made)


def half_made(server: Any) -> bool:
    """Tell whether an instance never ran, and will not.

    Nothing else makes instances of these names, so that one in BUILD does not get on.
    Nova notes when an instance first ran (nova/compute/manager.py, launched_at).
    """
    return server.status == "BUILD" or (
        server.status == "ERROR" and server.launched_at is None
    )


def _as_in_the_article(cloud: Cloud) -> None:
    compute = cloud.admin.compute
    for service in compute.services(binary="nova-compute"):
        if service.host == "compute-34":
            compute.disable_service(service, disabled_reason=ARTICLE_REASON)
            say(f"compute-34 is disabled: {ARTICLE_REASON}")
