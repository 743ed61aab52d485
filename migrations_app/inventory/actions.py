"""Action on the inventory: request that it is read again."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.db import transaction

from migrations_app.access.permissions import Verb
from migrations_app.access.require import require, require_now
from migrations_app.audit import recorder
from migrations_app.integrations import clouds
from migrations_app.inventory.sync_lease import make_due


def have_read_anew(*, by: User, cloud: str | None = None) -> list[str]:
    """Have a worker read the cloud (all, if none is named) within seconds.

    Returns the names of the clouds. Raises NotAllowed; Unfit for a cloud that is not
    configured.
    """
    require(by, Verb.SYNC)
    names = None if cloud is None else [clouds.configured(cloud)]
    with transaction.atomic():
        require_now(by, Verb.SYNC)
        due = make_due(names)
        recorder.record("inventory.asked", by=by, after={"clouds": due})
    return due
