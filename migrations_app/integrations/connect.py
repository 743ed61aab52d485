"""Connects configured clouds with their adapters; with ways_in.py their only importer.

A cloud object is created once per process and stays signed in: a sign-in for every call
would cost more than the call. Creating one makes no call. The OpenStack SDK takes
nearly as long to load as all of novaweb, so it is loaded with the first cloud.
"""

from __future__ import annotations

from datetime import datetime
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Protocol, cast, runtime_checkable

from django.conf import settings

from migrations_app.errors import Refused, Unfit, Unreachable
from migrations_app.integrations import clouds
from migrations_app.integrations.adapters import smtp
from migrations_app.integrations.adapters.guest import Caller, Pinger
from migrations_app.integrations.adapters.webhook import HttpPost, admit, parse
from migrations_app.integrations.interfaces import Cloud, Hosts, NovaDb, World
from migrations_app.integrations.interfaces.guests import Reachable
from migrations_app.integrations.interfaces.http_post import Post
from migrations_app.integrations.interfaces.keystone import Keystone
from migrations_app.integrations.interfaces.mail import Mail
from migrations_app.integrations.interfaces.probe_target import Target
from migrations_app.integrations.looks.ask import AskedWorkers

PRETEND = "pretend"


@runtime_checkable
class _WithHosts(Protocol):
    """A cloud that has its hosts and its database with it, as the pretend one."""

    @property
    def hosts(self) -> Hosts:
        """The way into its hosts."""

    @property
    def nova_db(self) -> NovaDb:
        """The way into its database."""


@cache
def _cloud(name: str) -> Cloud:
    if name == PRETEND:
        return _pretend()
    from migrations_app.integrations.adapters.openstack import OpenStackCloud

    timeout = settings.NOVAWEB_CLOUD_TIMEOUT
    return OpenStackCloud(name, timeout=timeout, crl=_crl("clouds"))


def _pretend() -> Cloud:
    if not settings.NOVAWEB_ALLOW_PRETEND:
        raise Refused(
            "The pretend cloud is not allowed here, since nothing real would move: set"
            " NOVAWEB_CLOUDS to names of clouds in clouds.yaml."
        )
    # where it is not configured it is not even loaded
    from pretend import PretendCloud, seed

    path = Path(settings.NOVAWEB_PRETEND_FILE)
    path.parent.mkdir(parents=True, exist_ok=True)
    cloud = PretendCloud(PRETEND, path)
    seed(cloud)
    return cloud


def cloud_of(name: str) -> Cloud:
    """Return the cloud of that name.

    Raises Unfit when it is not configured, and Refused for a pretend one that is not
    allowed here.
    """
    return _cloud(clouds.configured(name))


class WaysIn(Protocol):
    """How a process enters hosts and Nova's database: ``ways_in``."""

    def hosts(self, cloud: str, /) -> Hosts | None:
        """Return the way into the cloud's hosts; None where there is none."""

    def nova_db(self, cloud: str, /) -> NovaDb | None:
        """Return the way into its database of Nova; None where there is none."""


_ways: WaysIn | None = None


def enter_by(ways: WaysIn) -> None:
    """Have this process enter hosts and Nova's database itself, as workers do."""
    global _ways
    _ways = ways


def _ways_in() -> WaysIn | None:
    """Return this process's ways in; None where workers are asked instead."""
    if _ways is None and settings.NOVAWEB_HOSTS_ENTERED_BY == "self":
        # by its name: where workers enter, web processes do not even load it
        return cast("WaysIn", import_module("migrations_app.integrations.ways_in"))
    return _ways


@cache
def keystone() -> Keystone:
    """Return the door of the Keystone in which people sign in."""
    from migrations_app.integrations.adapters.openstack.keystone import KeystoneDoor

    project, _, domain = settings.NOVAWEB_KEYSTONE_PROJECT.partition("@")
    return KeystoneDoor(
        settings.NOVAWEB_KEYSTONE_SIGN_IN,
        domain=settings.NOVAWEB_KEYSTONE_DOMAIN,
        project=project,
        project_domain=domain,
        timeout=settings.NOVAWEB_CLOUD_TIMEOUT,
        crl=_crl("clouds"),
    )


def _crl(neighbour: str) -> str:
    """Return the list of certificates that were revoked, of such neighbours."""
    return str(settings.NOVAWEB_TLS_CRL.get(neighbour, ""))


def guest_at(target: Target) -> Reachable:
    """Return the probe of that guest.

    Raises Refused if this process lacks the permission to probe.
    """
    if target.port is None:
        return Pinger(target.address)
    return Caller(target.address, target.port)


def post() -> Post:
    """Return the HTTP client for webhooks."""
    return HttpPost(settings.NOVAWEB_WEBHOOK_NETWORKS, crl=_crl("webhooks"))


def check_webhook(url: str) -> None:
    """Raise Unfit for an address that no webhook may have, as far as known now.

    A name without an address may get one later; it is checked again at each attempt.
    """
    try:
        admit(parse(url), settings.NOVAWEB_WEBHOOK_NETWORKS)
    except Refused as error:
        raise Unfit(error.sentence) from error
    except Unreachable:
        return


def mail() -> Mail:
    """Return the way to the mail server of the settings. Raises Unfit."""
    server = smtp.parse(settings.NOVAWEB_EMAIL_URL)
    return smtp.SmtpMail(server, crl=_crl("mail"))


def doubt_mail() -> str:
    """Return what is odd about the mail server of the settings. Raises Unfit."""
    return smtp.doubt(smtp.parse(settings.NOVAWEB_EMAIL_URL))


def mailbox(text: str) -> str:
    """Return the mail address with its domain in ASCII. Raises Unfit."""
    return smtp.mailbox(text)


def world_for(name: str) -> World:
    """Return the adapters of that cloud. Raises Unfit if it is not configured."""
    cloud_of(name)
    return world_of(name)


def world_of(name: str) -> World:
    """Return the adapters for runs of that cloud, even if no longer configured.

    A started run must end, also when its cloud was removed from the settings.
    """
    cloud, ways = _cloud(name), _ways_in()
    if ways is None:
        return World(cloud=cloud, workers=AskedWorkers(name))
    if isinstance(cloud, _WithHosts):
        return World(cloud=cloud, hosts=cloud.hosts, nova_db=cloud.nova_db)
    return World(cloud=cloud, hosts=ways.hosts(name), nova_db=ways.nova_db(name))


def unsafe_settings(name: str) -> list[str]:
    """Return in sentences what clouds.yaml has unsafe of that cloud.

    Raises Refused when its entry cannot be read.
    """
    if name == PRETEND:
        return []
    from migrations_app.integrations.adapters.openstack import unsafe

    return unsafe(name)


def has_application_credential(name: str) -> bool:
    """Return whether clouds.yaml has one for that cloud. Raises Refused."""
    if name == PRETEND:
        return False
    from migrations_app.integrations.adapters.openstack import is_application_credential

    return is_application_credential(name)


def credential_end(name: str) -> datetime | None:
    """Return when that credential ends, as its Keystone says; None: never.

    Raises WorldErrors.
    """
    from migrations_app.integrations.adapters.openstack import OpenStackCloud

    cloud = _cloud(name)
    return cloud.credential_end() if isinstance(cloud, OpenStackCloud) else None
