"""A site of a large cloud for what is measured: its rows, and its pages' addresses."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from datetime import timedelta

ROLES = ("requester", "approver", "operator", "auditor")
STATES = ("requested", "running", "completed", "rejected", "withdrawn")


def set_up(folder: str) -> None:
    """Have Django's settings be those of a site that keeps all in this folder."""
    os.environ.update(
        NOVAWEB_STATE_DIR=folder,
        NOVAWEB_TEST_FOLDER=folder,
        NOVAWEB_DEBUG="true",
        NOVAWEB_HOSTS_ENTERED_BY="self",
        NOVAWEB_LOG_LEVEL="ERROR",
        NOVAWEB_CLOUDS="pretend",
        DJANGO_SETTINGS_MODULE="novaweb.settings",
    )
    import django

    django.setup()


def fill(hypervisors: int, instances: int, requests: int) -> None:
    """Make the tables and the rows: that many, spread over zones, hosts and states."""
    from django.conf import settings
    from django.core.management import call_command
    from django.utils import timezone

    from migrations_app.audit import chain
    from migrations_app.models import (
        AuditEntry,
        Hypervisor,
        Instance,
        MigrationRequest,
        ServerGroup,
        Snapshot,
    )
    from tests import factories, planned

    started = time.monotonic()
    # the server of a site has its debug switches off
    settings.DEBUG = False
    call_command("migrate", verbosity=0)
    cloud = factories.cloud()
    factories.pacer_seen()
    factories.person("olga", *ROLES)
    names = [f"compute-{number:04}" for number in range(hypervisors)]
    Hypervisor.objects.bulk_create(
        factories.new_hypervisor(
            name,
            cloud=cloud,
            zone=f"OS{1 + number % 8}",
            memory_used=1024 * (number % 250),
            up=number % 97 != 0,
            enabled=number % 41 != 0,
            stock=_stock(1024 * (number % 250)),
        )
        for number, name in enumerate(names)
    )
    Instance.objects.bulk_create(
        (
            factories.new_instance(
                f"{('web', 'db', 'mail', 'batch')[number % 4]}-{number:05}",
                cloud=cloud,
                host=names[number % hypervisors],
                zone=f"OS{1 + number % hypervisors % 8}",
                project_id=f"{number % 300:032}",
                project_name=f"project-{number % 300}",
                status="ERROR" if number % 211 == 0 else "ACTIVE",
                resources={"VCPU": 1, "MEMORY_MB": 2048, "DISK_GB": 20},
                pinned_zone=(
                    f"OS{1 + number % hypervisors % 8}" if number % 3 == 0 else ""
                ),
                group=_group(number % 5000) if number % 10 == 0 else "",
            )
            for number in range(instances)
        ),
        batch_size=1000,
    )
    ServerGroup.objects.bulk_create(
        ServerGroup(
            cloud=cloud,
            uuid=_group(number),
            name=f"group-{number}",
            policy=("anti-affinity", "soft-anti-affinity")[number // 10 % 2],
            seen_at=timezone.now(),
        )
        for number in range(0, 5000, 10)
    )
    now = timezone.now()
    some = list(Instance.objects.order_by("uuid")[:requests])
    MigrationRequest.objects.bulk_create(
        MigrationRequest(
            cloud=cloud,
            instance=of.uuid,
            instance_name=of.name,
            procedure="live",
            asked_procedure="auto",
            source=of.host,
            target=names[(number + 1) % hypervisors],
            reason="The host is to be emptied.",
            ticket=f"OPS-{number}",
            expires_at=now + timedelta(days=14),
            state=STATES[number % len(STATES)],
            plan=planned.PLAN,
            findings=planned.FINDINGS,
            plan_digest=factories.DIGEST,
            asked_by_name="rita",
            asked_at=now,
        )
        for number, of in enumerate(some)
    )
    for row in MigrationRequest.objects.filter(state="running")[:300]:
        factories.run(of=row, lines=["It begins.", "It goes on."])
    drain = factories.drain(state="running", hosts=["compute-0500"])
    on_it = Instance.objects.filter(host="compute-0500").order_by("name")
    for place, of in enumerate(on_it[:50], 1):
        state = STATES[place % 3]
        row = factories.request(of=of, drain=drain, place=place, state=state)
        if state != "requested":
            factories.run(of=row, lines=["It begins."])
    factories.run(
        of=factories.request(state="running"),
        lines=[f"Line {number}." for number in range(2000)],
    )
    chain.append(
        [
            AuditEntry(
                at=now,
                actor_name=f"person-{number % 50}",
                verb="request.asked",
                instance=some[number % len(some)].uuid,
                instance_name=some[number % len(some)].name,
                source=names[number % hypervisors],
                target=names[number * 7 % hypervisors],
                ticket=f"OPS-{number}",
                note="The host is to be emptied.",
            )
            for number in range(10 * requests)
        ]
    )
    Snapshot.objects.bulk_create(
        (
            Snapshot(
                cloud=cloud,
                host=name,
                at=now - timedelta(hours=hour),
                instances=50,
                vcpus_capacity=128,
                vcpus_used=50 + hour,
                memory_capacity=258048,
                memory_used=100_000 + 1000 * hour,
                disk_capacity=2000,
                disk_used=1000,
            )
            for hour in range(24)
            for name in names
        ),
        batch_size=1000,
    )
    print(
        f"{hypervisors} hypervisors, {instances} instances, {requests} requests and"
        f" {10 * requests} audit entries, made in {time.monotonic() - started:.0f} s."
    )


def _stock(memory_used: int) -> dict[str, dict[str, float]]:
    sizes = (
        ("VCPU", 32, 4.0, 40),
        ("MEMORY_MB", 262144, 1.0, memory_used),
        ("DISK_GB", 2000, 1.0, 640),
    )
    return {
        name: {
            "total": total,
            "reserved": 0,
            "ratio": ratio,
            "used": used,
            "max_unit": total,
        }
        for name, total, ratio, used in sizes
    }


def _group(number: int) -> str:
    return f"{number:08x}-2222-4000-8000-000000000000"


def pages() -> Iterator[str]:
    """Yield the address of every page, and of each list's dearest questions."""
    from migrations_app.models import AuditEntry, Drain, Instance, MigrationRequest, Run

    instance = Instance.objects.order_by("-pk")[0].uuid
    several = Instance.objects.order_by("uuid").values_list("uuid", flat=True)[:50]
    picked = "&".join(f"instance={uuid}" for uuid in several)
    drain = Drain.objects.order_by("-pk")[0].pk
    request = MigrationRequest.objects.filter(state="requested")[0].pk
    long_run = Run.objects.order_by("-last_number")[0].pk
    yield "/"
    yield "/instances/"
    yield "/instances/?page=900"
    yield "/instances/?q=web-49"
    yield "/instances/?q=nothing-like-it"
    yield f"/instances/?q={instance}"
    yield "/instances/?sort=-name"
    yield "/instances/?sort=host"
    yield "/instances/?sort=project"
    yield "/instances/?sort=-status"
    yield "/instances/?host=compute-0500"
    yield "/instances/?project=project-7"
    yield "/instances/?zone=OS3&status=ERROR"
    yield f"/instances/{instance}/"
    yield "/hypervisors/"
    yield "/hypervisors/?sort=-memory"
    yield "/hypervisors/?q=compute-05"
    yield "/hypervisors/?sort=-fits&by=vcpus"
    yield "/hypervisors/?project=project-7&free_memory=4096"
    yield "/hypervisors/?aggregate=ssd&state=up"
    yield "/hypervisors/compute-0500/now/"
    yield "/hypervisors/compute-0500/"
    yield "/hypervisors/compute-0500/?span=month"
    yield "/leaks/"
    yield "/requests/"
    yield "/requests/?state=open"
    yield "/what-if/"
    yield "/what-if/?host=compute-0500"
    yield f"/what-if/?{picked}"
    yield "/drains/"
    yield "/drains/ask/?hosts=compute-0500"
    yield f"/drains/{drain}/"
    yield "/requests/?whose=waiting"
    yield "/requests/?q=web-049"
    yield f"/requests/{request}/"
    yield f"/requests/ask/?instance={instance}"
    yield f"/runs/{long_run}/"
    yield f"/runs/{long_run}/lines/?after=1990"
    yield "/audit/"
    yield "/audit/?host=compute-0500"
    yield "/audit/?q=nothing-like-it"
    yield "/audit/?q=emptied"
    yield "/audit/?actor=person-7&verb=request.asked"
    yield "/audit/?actor=person-7&host=compute-0007&q=host"
    yield "/audit/timelines/host/compute-0500/?order=oldest"
    yield f"/requests/{request}/evidence/"
    yield f"/audit/{AuditEntry.objects.order_by('-pk')[0].pk}/"
