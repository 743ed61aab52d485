"""keystone's catalogue, and the users that the services sign in with."""

from __future__ import annotations

from lab.api.connection import Cloud

SERVICES = {
    "placement": ("placement", "placement"),
    "nova": ("compute", "compute"),
    "glance": ("image", "image"),
    "neutron": ("network", "network"),
    "cinderv3": ("volumev3", "volumev3"),
}
INTERFACES = ("public", "internal", "admin")


def ensure(cloud: Cloud) -> None:
    """All services, endpoints, projects, users and their roles exist."""
    _catalogue(cloud)
    _people(cloud)


def _catalogue(cloud: Cloud) -> None:
    identity = cloud.admin.identity
    have = {service.name: service for service in identity.services()}
    known = {(e.service_id, e.interface): e for e in identity.endpoints()}
    for name, (kind, endpoint) in SERVICES.items():
        url = cloud.facts["endpoints"].get(endpoint)
        if url is None:
            continue
        service = have.get(name) or identity.create_service(name=name, type=kind)
        for interface in INTERFACES:
            present = known.get((service.id, interface))
            if present is None:
                identity.create_endpoint(
                    service_id=service.id,
                    interface=interface,
                    url=url,
                    region_id=cloud.facts["region"],
                )
            elif present.url != url:
                identity.update_endpoint(present, url=url)


def _people(cloud: Cloud) -> None:
    identity = cloud.admin.identity
    password = cloud.facts["admin"]["password"]
    roles = {role.name: role for role in identity.roles()}
    projects = {project.name: project for project in identity.projects()}
    users = {user.name: user for user in identity.users()}
    if "service" not in roles:
        roles["service"] = identity.create_role(name="service")
    for name in ("service", *cloud.facts["members"]):
        if name not in projects:
            projects[name] = identity.create_project(name=name, domain_id="default")

    def grant(name: str, project: str, *role_names: str) -> None:
        if name not in users:
            users[name] = identity.create_user(
                name=name,
                password=password,
                domain_id="default",
                default_project_id=projects[project].id,
            )
        for role in role_names:
            identity.assign_project_role_to_user(
                projects[project], users[name], roles[role]
            )

    for service in ("nova", "placement", "glance", "neutron", "cinder"):
        # both: without "service" cinder refuses to detach a volume
        grant(service, "service", "admin", "service")
    for project, member in cloud.facts["members"].items():
        grant(member, project, "member")
        grant("admin", project, "admin")
