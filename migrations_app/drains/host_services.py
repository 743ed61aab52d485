"""The hosts of a drain: disabled during the drain, enabled at its end if requested.

Nova is asked to enable exactly the services with the marker of the drain, and each
request is in the database before it is made. Nova cannot change a service only if it is
as it was: so each is read right before it is changed.
"""

from __future__ import annotations

from typing import Any

import structlog
from django.db import transaction

from migrations_app.drains.audit_entries import tell
from migrations_app.drains.lease import DrainLease
from migrations_app.errors import Gone, LostLease, told
from migrations_app.integrations.interfaces import Cloud as CloudPort
from migrations_app.integrations.interfaces import Service
from migrations_app.models import Drain
from migrations_app.models.states import STARTED_DRAINS, Afterwards, DrainState
from migrations_app.procedures.steps.disabled_reason import (
    disabled_reason_of_drain,
    drain_token,
)

log = structlog.get_logger(__name__)


def disable(lease: DrainLease, drain: Drain, cloud: CloudPort) -> None:
    """Every host of the drain is disabled, by it or by somebody before it.

    Raises what the cloud raises, and LostLease.
    """
    for host in drain.hosts:
        known = _known(drain, host)
        if known.get("settled"):
            continue
        try:
            service = cloud.service(host)
        except Gone:
            _note(lease, drain, host, settled=True, trouble="Nova has no nova-compute.")
            continue
        if not service.enabled:
            ours = drain_token(service) == drain.token
            _note(
                lease,
                drain,
                host,
                settled=True,
                was_enabled=ours,
                reason="" if ours else service.disabled_reason or "",
                disabled_at=lease.clock().isoformat() if ours else None,
            )
            continue
        if not known:
            with transaction.atomic():
                _note(lease, drain, host, settled=False, was_enabled=True)
                tell("drain.disabling", drain, host=host)
        lease.write(only=DrainState.RUNNING)
        reason = disabled_reason_of_drain(drain.token, drain.pk, drain.reason)
        cloud.set_service(service.id, enabled=False, reason=reason)
        _note(lease, drain, host, settled=True, disabled_at=lease.clock().isoformat())


def enabled_by_others(drain: Drain, cloud: CloudPort) -> list[str]:
    """Return the hosts of the drain that somebody has enabled since it began."""
    disabled = {each["host"] for each in drain.services if each.get("settled")}
    return sorted(
        service.host
        for service in cloud.services()
        if service.host in disabled and service.enabled
    )


def enable(lease: DrainLease, drain: Drain, cloud: CloudPort) -> None:
    """Every host that the drain has disabled is enabled, if that was its wish.

    Raises what the cloud raises, after it was tried for all.
    """
    if drain.afterwards != Afterwards.ENABLE:
        return
    trouble: Exception | None = None
    for each in list(drain.services):
        host = each["host"]
        if not each.get("was_enabled") or each.get("enabled_at"):
            continue
        try:
            service = cloud.service(host)
            if drain_token(service) == drain.token:
                with transaction.atomic():
                    lease.write()
                    tell("drain.enabling", drain, host=host)
                cloud.set_service(service.id, enabled=True)
            _note(lease, drain, host, enabled_at=lease.clock().isoformat())
        except Gone:
            continue
        except LostLease:
            raise
        except Exception as error:  # noqa: BLE001 - raised below, when all were tried
            log.warning("not enabled", host=host, reason=told(error))
            trouble = trouble or error
    if trouble is not None:
        raise trouble


def restore(cloud_name: str, cloud: CloudPort) -> list[str]:
    """No host is disabled any more by a drain that is over and wanted it enabled.

    A request of a worker that was taken for dead may have reached Nova late. Returns
    the hosts; raises what was raised for one, after all were tried.
    """
    restored: list[str] = []
    trouble: Exception | None = None
    for service in cloud.services():
        try:
            restored += _restore(cloud_name, cloud, service)
        except Exception as error:  # noqa: BLE001 - raised below, when all were tried
            log.warning("not enabled", host=service.host, reason=told(error))
            trouble = trouble or error
    if trouble is not None:
        raise trouble
    return restored


def _restore(cloud_name: str, cloud: CloudPort, service: Service) -> list[str]:
    drain = _drain(cloud_name, service)
    if drain is None or drain.state in STARTED_DRAINS:
        return []
    if drain.afterwards != Afterwards.ENABLE:
        return []
    tell("drain.enabling", drain, host=service.host)
    if drain_token(cloud.service(service.host)) != drain.token:
        return []
    cloud.set_service(service.id, enabled=True)
    return [service.host]


def holder(cloud_name: str, service: Service) -> Drain | None:
    """Return the drain under way that has disabled the service; None: none."""
    drain = _drain(cloud_name, service)
    return drain if drain is not None and drain.state in STARTED_DRAINS else None


def _drain(cloud_name: str, service: Service) -> Drain | None:
    token = drain_token(service)
    if not token:
        return None
    found = Drain.objects.filter(cloud__name=cloud_name, token=token)
    return found.select_related("cloud").first()


def _known(drain: Drain, host: str) -> dict[str, Any]:
    return next((each for each in drain.services if each["host"] == host), {})


def _note(lease: DrainLease, drain: Drain, host: str, **facts: Any) -> None:
    others = [each for each in drain.services if each["host"] != host]
    services = [*others, {"host": host, **_known(drain, host), **facts}]
    services.sort(key=lambda each: str(each["host"]))
    lease.write(services=services)
    drain.services = services
