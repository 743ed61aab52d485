"""Says all places that say where an instance is."""

from __future__ import annotations

import uuid

from lab.progress import LabError, run
from lab.settings import Settings

QUESTIONS = {
    "nova.instances": (
        "nova",
        "SELECT i.host, i.node, c.host AS compute_id_is, i.launched_on, "
        "i.availability_zone, i.vm_state, i.task_state, i.power_state "
        "FROM instances i LEFT JOIN compute_nodes c ON c.id = i.compute_id "
        "WHERE i.uuid = '{id}'",
    ),
    "nova.migrations, the last one": (
        "nova",
        "SELECT migration_type, source_compute, dest_compute, status "
        "FROM migrations WHERE instance_uuid = '{id}' ORDER BY id DESC LIMIT 1",
    ),
    "placement.allocations": (
        "placement",
        "SELECT r.name, c.name AS class, a.used FROM allocations a "
        "JOIN resource_providers r ON r.id = a.resource_provider_id "
        "JOIN resource_classes c ON c.id = a.resource_class_id "
        "WHERE a.consumer_id = '{id}'",
    ),
    "neutron.ml2_port_bindings": (
        "neutron",
        "SELECT b.port_id, b.host, b.vif_type, b.status FROM ml2_port_bindings b "
        "JOIN ports p ON p.id = b.port_id WHERE p.device_id = '{id}'",
    ),
    "cinder.volume_attachment": (
        "cinder",
        "SELECT volume_id, attached_host, attach_status FROM volume_attachment "
        "WHERE instance_uuid = '{id}' AND deleted = 0",
    ),
}


def show(settings: Settings, instance: str) -> None:
    """Print what Nova, placement, Neutron and Cinder have about an instance."""
    try:
        known = str(uuid.UUID(instance))
    except ValueError:
        raise LabError(f"{instance!r} is not the UUID of an instance.") from None
    for title, (database, question) in QUESTIONS.items():
        print(f"-- {title}")
        answer = run(
            [
                *("mariadb", "--no-defaults", "-uroot", "--table"),
                f"--socket={settings.mysql_socket}",
                database,
            ],
            input=question.format(id=known),
        )
        print(answer.rstrip() or "nothing")
