"""What others need to know about a lab, written to PREFIX/NAME/facts.json."""

from __future__ import annotations

import json

from lab import render, volumes
from lab.hypervisors import hosts as libvirt_hosts
from lab.hypervisors import keys
from lab.settings import FAKE_ZONES, LIBVIRT_ZONE, REGION, Settings


def collect(settings: Settings) -> dict[str, object]:
    """Return the facts as plain data."""
    secret = render.password(settings)
    known = render.values(settings)
    database = known["database_url"]
    endpoints = {
        "identity": settings.url("keystone", "/v3"),
        "compute": settings.url("nova-api", "/v2.1"),
        "placement": settings.url("placement"),
        "image": settings.url("glance"),
        "network": settings.url("neutron"),
    }
    if settings.cinder:
        endpoints["volumev3"] = settings.url("cinder-api", "/v3")
    hosts = (*settings.fake_hosts, *settings.libvirt_hosts)
    facts: dict[str, object] = {
        "name": settings.name,
        "release": settings.release,
        "cloud": "lab",
        "clouds_yaml": str(settings.clouds_yaml),
        "region": REGION,
        "auth_url": settings.url("keystone", "/v3"),
        "admin": {
            "username": "admin",
            "password": secret,
            "project": "admin",
            "domain": "Default",
        },
        "members": {"web": "web-user", "batch": "batch-user"},
        "endpoints": endpoints,
        "cinder": settings.cinder,
        "novncproxy": settings.url("novncproxy") if settings.libvirt else None,
        "volume_types": list(volumes.backends(settings)),
        "zones": {host: settings.zone(host) for host in hosts},
        "fake_zones": list(FAKE_ZONES),
        "libvirt_zone": LIBVIRT_ZONE if settings.libvirt else None,
        "fake_hosts": list(settings.fake_hosts),
        "libvirt_hosts": list(settings.libvirt_hosts),
        "nodes": {
            host: settings.laid_out.node_of(host) for host in settings.libvirt_hosts
        },
        "layout": settings.layout,
        "live_seconds": settings.live_seconds,
        "mysql": {
            "host": settings.address,
            "port": settings.port("mariadb"),
            "user": "lab",
            "password": secret,
            "socket": str(settings.mysql_socket),
        },
        "database_ca": (
            str(render.database_ca(settings))
            if settings.laid_out.tls_database
            else None
        ),
        "nova_db_options": str(settings.nova_db_options),
        "ssh_config": str(keys.config(settings)) if settings.libvirt else None,
        "databases": {
            name: f"{database}/{name}?{known['database_options']}"
            for name in ("nova_api", "nova", "nova_cell0", "placement")
        },
        "nova_manage": [
            *("env", f"NOVAWEB_LAB_ETC={settings.etc}"),
            str(settings.venv / "bin/nova-manage"),
            f"--config-file={settings.etc / 'nova/nova.conf'}",
            f"--config-file={settings.etc / 'nova/nova-database.conf'}",
        ],
        "python": str(settings.venv / "bin/python"),
        "run_dir": str(settings.run),
        "state_dir": str(settings.state),
    }
    if settings.libvirt:
        facts["libvirt"] = libvirt_hosts.facts(settings)
    return facts


def write(settings: Settings) -> None:
    """Write facts.json, readable by root alone: it holds the passwords."""
    text = json.dumps(collect(settings), indent=1) + "\n"
    render.write(settings.facts_json, text)
