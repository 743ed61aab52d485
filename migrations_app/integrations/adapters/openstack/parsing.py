"""The JSON of Nova, Neutron and Keystone in the words of ``interfaces``."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from migrations_app.integrations.interfaces import (
    DISK_GB,
    MEMORY_MB,
    VCPU,
    Action,
    ActionEvent,
    Agent,
    Attachment,
    Flavor,
    Hypervisor,
    Migration,
    Port,
    Progress,
    Project,
    Server,
    ServerGroup,
    Service,
    Stock,
    Volume,
    names,
)

# What Nova counts of a host itself: gone since 2.88.
COUNTED = {
    VCPU: ("vcpus", "vcpus_used"),
    MEMORY_MB: ("memory_mb", "memory_mb_used"),
    DISK_GB: ("local_gb", "local_gb_used"),
}


def time_of(text: str) -> datetime:
    """Return a time; Nova writes UTC, with or without a zone."""
    time = datetime.fromisoformat(text)
    return time if time.tzinfo else time.replace(tzinfo=UTC)


def time_or_none(text: str | None) -> datetime | None:
    """Return a time, or None when there is none."""
    return time_of(text) if text else None


def server(it: dict[str, Any]) -> Server:
    """Return a server.

    One whose cell is down has little more than an id (status UNKNOWN, since 2.69). One
    without a RequestSpec is pinned to the zone "" by Nova 29.0 to 29.2, 30.0 and 31.0.0
    (nova/api/openstack/compute/views/servers.py, _get_pinned_az): to none. A host whose
    name is none, which its nova-compute chose itself, is not known.
    """
    flavor, image = it.get("flavor") or {}, it.get("image")
    return Server(
        id=names.check_name(it["id"], "instance"),
        name=it.get("name") or it["id"],
        project_id=it.get("tenant_id") or "",
        status=it.get("status") or "UNKNOWN",
        vm_state=it.get("OS-EXT-STS:vm_state") or "unknown",
        task_state=it.get("OS-EXT-STS:task_state"),
        power_state=it.get("OS-EXT-STS:power_state") or 0,
        host=names.known_name(it.get("OS-EXT-SRV-ATTR:host")),
        node=it.get("OS-EXT-SRV-ATTR:hypervisor_hostname") or None,
        zone=it.get("OS-EXT-AZ:availability_zone") or None,
        pinned_zone=it.get("pinned_availability_zone") or None,
        pin_told="pinned_availability_zone" in it,
        flavor=Flavor(
            name=flavor.get("original_name") or "",
            vcpus=flavor.get("vcpus") or 0,
            ram_mb=flavor.get("ram") or 0,
            disk_gb=flavor.get("disk") or 0,
            ephemeral_gb=flavor.get("ephemeral") or 0,
            swap_mb=flavor.get("swap") or 0,
            extra_specs=flavor.get("extra_specs") or {},
        ),
        image=image["id"] if image else None,
        config_drive=it.get("config_drive") in (True, "True", "true"),
        locked=bool(it.get("locked")),
        locked_reason=it.get("locked_reason"),
        volumes=tuple(
            volume["id"]
            for volume in it.get("os-extended-volumes:volumes_attached") or ()
        ),
        fault=(it.get("fault") or {}).get("message"),
        fault_at=time_or_none((it.get("fault") or {}).get("created")),
        user_id=it.get("user_id"),
        created_at=time_or_none(it.get("created")),
        updated_at=time_or_none(it.get("updated")),
        addresses=tuple(
            address["addr"]
            for network in (it.get("addresses") or {}).values()
            for address in network
        ),
        hints=it.get("scheduler_hints"),
        image_properties=(image or {}).get("properties"),
    )


def attachment(it: dict[str, Any], *, root: str | None) -> Attachment:
    """Return a volume's attachment (tag since 2.70, the rest since 2.79)."""
    return Attachment(
        volume_id=it["volumeId"],
        device=it.get("device") or "",
        delete_on_termination=bool(it.get("delete_on_termination")),
        tag=it.get("tag"),
        root=bool(root) and it.get("device") == root,
    )


def has_next(page: dict[str, Any], kind: str) -> bool:
    """Return whether there is a page after this one."""
    return any(link["rel"] == "next" for link in page.get(f"{kind}_links") or ())


def tenants(aggregate: dict[str, Any]) -> set[str]:
    """Return the projects that an aggregate is set aside for.

    Their ids are under filter_tenant_id, several apart by commas or under keys that
    begin so (nova doc, aggregates, "Tenant Isolation with Placement").
    """
    return {
        project.strip()
        for key, value in (aggregate.get("metadata") or {}).items()
        if key.startswith("filter_tenant_id")
        for project in str(value).split(",")
        if project.strip()
    }


def hypervisor(
    it: dict[str, Any],
    *,
    zone: str,
    aggregates: list[str],
    tenants: Iterable[str] = (),
    stock: dict[str, Stock],
) -> Hypervisor:
    """Return a host."""
    return Hypervisor(
        id=it["id"],
        host=it["service"]["host"],
        node=it["hypervisor_hostname"],
        type=it["hypervisor_type"],
        version=it["hypervisor_version"],
        zone=zone,
        aggregates=tuple(sorted(aggregates)),
        enabled=it["status"] == "enabled",
        up=it["state"] == "up",
        disabled_reason=it["service"].get("disabled_reason"),
        stock=stock,
        tenants=tuple(sorted(tenants)),
        counted={
            name: (it[total], it[used])
            for name, (total, used) in COUNTED.items()
            if it.get(total) is not None and it.get(used) is not None
        },
    )


def service(it: dict[str, Any]) -> Service:
    """Return a service."""
    return Service(
        id=str(it["id"]),
        binary=it["binary"],
        host=it["host"],
        zone=it["zone"],
        enabled=it["status"] == "enabled",
        up=it["state"] == "up",
        disabled_reason=it.get("disabled_reason"),
        updated_at=time_or_none(it.get("updated_at")),
        forced_down=bool(it.get("forced_down")),
    )


def group(it: dict[str, Any], hosts: dict[str, str]) -> ServerGroup:
    """Return a server group as it is since 2.64 (one policy, its rules apart)."""
    return ServerGroup(
        id=it["id"],
        name=it["name"],
        policy=it["policy"],
        max_per_host=int((it.get("rules") or {}).get("max_server_per_host") or 1),
        members=tuple(it["members"]),
        hosts=hosts,
    )


def migration(it: dict[str, Any]) -> Migration:
    """Return a migration record."""
    return Migration(
        id=it["id"],
        uuid=it["uuid"],
        server_id=names.check_name(it["instance_uuid"], "instance"),
        type=it["migration_type"],
        status=it["status"],
        source=names.known_name(it.get("source_compute")),
        target=names.known_name(it.get("dest_compute")),
        created_at=time_of(it["created_at"]),
        updated_at=time_or_none(it.get("updated_at")),
    )


def progress(it: dict[str, Any]) -> Progress:
    """Return the counters of a live migration; null while there are none."""
    return Progress(
        memory_total=it.get("memory_total_bytes") or 0,
        memory_processed=it.get("memory_processed_bytes") or 0,
        memory_remaining=it.get("memory_remaining_bytes") or 0,
        disk_total=it.get("disk_total_bytes") or 0,
        disk_processed=it.get("disk_processed_bytes") or 0,
        disk_remaining=it.get("disk_remaining_bytes") or 0,
    )


def action(it: dict[str, Any]) -> Action:
    """Return an action, with its events where Nova gives them (newest first)."""
    return Action(
        request_id=it["request_id"],
        name=it["action"],
        user_id=it.get("user_id"),
        started_at=time_of(it["start_time"]),
        message=it.get("message"),
        events=tuple(
            ActionEvent(
                name=event["event"],
                result=event.get("result"),
                host=event.get("host"),
                details=event.get("details"),
                started_at=time_or_none(event.get("start_time")),
                finished_at=time_or_none(event.get("finish_time")),
            )
            for event in reversed(it.get("events") or ())
        ),
    )


def port(it: dict[str, Any]) -> Port:
    """Return a network port."""
    return Port(
        id=it["id"],
        host=names.known_name(it.get("binding:host_id")),
        status=it["status"],
        vnic_type=it.get("binding:vnic_type") or "normal",
        vif_type=it.get("binding:vif_type") or "",
        requests=bool(it.get("resource_request")),
    )


def volume(it: dict[str, Any]) -> Volume:
    """Return a volume."""
    return Volume(
        id=it["id"],
        status=it["status"],
        zone=it.get("availability_zone") or "",
        encrypted=bool(it.get("encrypted")),
        multiattach=bool(it.get("multiattach")),
    )


def agent(it: dict[str, Any]) -> Agent:
    """Return an agent of Neutron."""
    return Agent(
        kind=it["agent_type"],
        host=it["host"],
        alive=bool(it["alive"]),
        enabled=bool(it.get("admin_state_up", True)),
    )


def project(it: dict[str, Any]) -> Project:
    """Return a project."""
    return Project(id=it["id"], name=it["name"])
