"""Actions on Nova services: list, disable, enable.

Services are read live from Nova and not stored here. Only nova-compute can be disabled
(nova/api/openstack/compute/services.py).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from django.contrib.auth.models import User
from django.utils import timezone

from migrations_app.access.permissions import Verb
from migrations_app.access.require import require
from migrations_app.audit import notes as audit_notes
from migrations_app.audit import recorder
from migrations_app.drains import host_services
from migrations_app.errors import Gone, TooLate, Unfit, WorldError
from migrations_app.integrations import clouds, connect
from migrations_app.integrations.interfaces import Service
from migrations_app.models import Hypervisor
from migrations_app.procedures.steps.disabled_reason import BY_LIBVIRT, LONGEST, PREFIX
from migrations_app.runs import reenable_hosts
from migrations_app.wording import within

NOVA_COMPUTE = "nova-compute"
WHY_ENABLE = "Give a reason to enable it (auditors read it)."


def services(*, by: User, cloud: str | None = None) -> list[Service]:
    """Return all Nova services, read live, by binary and host.

    Raises the errors of the cloud.
    """
    require(by, Verb.SEE)
    return connect.cloud_of(clouds.chosen(cloud)).all_services()


def service(service_id: str, *, by: User, cloud: str | None = None) -> Service:
    """Return one service, read live. Raises Gone."""
    name = clouds.chosen(cloud)
    for each in services(by=by, cloud=name):
        if each.id == service_id:
            return each
    raise Gone(f"Cloud {name} has no service {service_id} (any more).")


def enable_host(host: str, *, by: User, note: str, cloud: str | None = None) -> Service:
    """Enable nova-compute on the host. Raises Gone, and as ``disable`` does."""
    require(by, Verb.ENABLE)
    name = clouds.chosen(cloud)
    note = audit_notes.note(note, WHY_ENABLE)
    for each in services(by=by, cloud=name):
        if (each.binary, each.host) == (NOVA_COMPUTE, host):
            return enable(each.id, by=by, note=note, cloud=name)
    raise Gone(f"Cloud {name} has no {NOVA_COMPUTE} on {host} (any more).")


def why_not_disable(found: Service) -> str:
    """Return why the service cannot be disabled; empty if it can."""
    if found.binary != NOVA_COMPUTE:
        return f"Nova disables {NOVA_COMPUTE} only, not {found.binary}."
    if not found.enabled:
        reason = f": “{within(found.disabled_reason)}”" if found.disabled_reason else ""
        return f"It is disabled already{reason}. To change the reason, enable it first."
    return ""


def why_not_enable(found: Service, *, cloud: str | None = None) -> str:
    """Return why the service cannot be enabled; empty if it can."""
    if found.binary != NOVA_COMPUTE:
        return f"Nova enables {NOVA_COMPUTE} only, not {found.binary}."
    if found.enabled:
        return "It is enabled already."
    if (found.disabled_reason or "").startswith(BY_LIBVIRT):
        return (
            f"nova-compute on {found.host} disabled itself, since its libvirt does not"
            " answer, and enables itself when it does: look at libvirt there."
        )
    drain = host_services.holder(clouds.chosen(cloud), found)
    if drain is not None:
        return (
            f"Drain {drain.pk} empties it ({drain.state}): cancel that drain first if"
            " the host should take instances again."
        )
    run = reenable_hosts.holder(clouds.chosen(cloud), found, now=timezone.now())
    if run is not None:
        return (
            f"Request {run.request_id} needs it disabled for some seconds and enables"
            f" it afterwards: see run {run.pk}, and stop that run if you cannot wait."
        )
    return ""


def disable(
    service_id: str, *, by: User, reason: str, cloud: str | None = None
) -> Service:
    """Disable the service: the host gets no new instance, its instances keep running.

    The reason in Nova contains the person's name, because Nova only sees novaweb's
    account. Raises Unfit, TooLate if it is disabled already, and the errors of the
    cloud.
    """
    require(by, Verb.DISABLE)
    name = clouds.chosen(cloud)
    text = _reason(reason, by)
    found = service(service_id, by=by, cloud=name)
    _possible(found, why_not_disable(found))
    with _recorded("service.disabled", found, by=by, cloud=name, note=reason.strip()):
        connect.cloud_of(name).set_service(found.id, enabled=False, reason=text)
    return _noted(name, replace(found, enabled=False, disabled_reason=text))


def enable(
    service_id: str, *, by: User, note: str, cloud: str | None = None
) -> Service:
    """Enable the service. Raises as ``disable`` does."""
    require(by, Verb.ENABLE)
    name = clouds.chosen(cloud)
    note = audit_notes.note(note, WHY_ENABLE)
    found = service(service_id, by=by, cloud=name)
    _possible(found, why_not_enable(found, cloud=name))
    with _recorded("service.enabled", found, by=by, cloud=name, note=note):
        connect.cloud_of(name).set_service(found.id, enabled=True)
    return _noted(name, replace(found, enabled=True, disabled_reason=None))


def _reason(text: str, by: User) -> str:
    text = audit_notes.note(text, "Give a reason (Nova shows it to everybody).")
    if text.startswith((BY_LIBVIRT, PREFIX)):
        raise Unfit(
            f"A reason must not begin with “{BY_LIBVIRT}” or “{PREFIX}”: the programs"
            " that write such reasons enable the service again themselves."
        )
    signed = f"{' '.join(text.split())} ({by.get_username()} via novaweb)"
    if len(signed) > LONGEST:
        most = LONGEST - (len(signed) - len(text))
        raise Unfit(f"The reason is too long: at most {most} characters fit.")
    return signed


def _possible(found: Service, refusal: str) -> None:
    if refusal:
        raise (TooLate if found.binary == NOVA_COMPUTE else Unfit)(refusal)


@contextmanager
def _recorded(
    verb: str, found: Service, *, by: User, cloud: str, note: str
) -> Iterator[None]:
    """Record the action before the call to Nova, and again if Nova refuses it."""
    before = {"enabled": found.enabled, "reason": found.disabled_reason}
    recorder.record(
        verb,
        by=by,
        about=recorder.CloudObject(cloud=cloud, source=found.host),
        note=note,
        before=before,
    )
    try:
        yield
    except WorldError as error:
        recorder.record(
            "service.failed",
            by=by,
            about=recorder.CloudObject(cloud=cloud, source=found.host),
            note=error.sentence,
        )
        raise


def _noted(cloud: str, now: Service) -> Service:
    """Update novaweb's copy of the host; return the service."""
    Hypervisor.objects.filter(cloud__name=cloud, host=now.host).update(
        enabled=now.enabled, disabled_reason=now.disabled_reason or ""
    )
    return now
