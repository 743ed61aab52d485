"""What the race's processes do: ``python -m tests.processes.race seed | start``.

On the installation that the environment names; it says in JSON what came of it.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import django
from django.conf import settings


def seed() -> dict[str, Any]:
    """Make people, a policy of two, and a request that waits for both approvals."""
    from django.contrib.auth.models import Group, User

    from migrations_app.audit import tokens as api_tokens
    from migrations_app.models import ApprovalPolicy
    from migrations_app.requests import actions as request_actions
    from pretend import PretendCloud

    cloud = PretendCloud("pretend", Path(settings.NOVAWEB_PRETEND_FILE))
    for host in ("compute-30", "compute-34"):
        cloud.add_host(host, zone="OS1")
    server = cloud.create("web", host="compute-30")
    people = {}
    for name, role in {
        "rita": "requester",
        "ann": "approver",
        "ben": "approver",
    }.items():
        people[name] = User.objects.create_user(name)
        people[name].groups.add(Group.objects.get(name=role))
    ApprovalPolicy.objects.create(
        name="Two",
        weight=1000,
        rule={"stages": [{"groups": ["approver"], "approvers": 2}]},
    )
    request = request_actions.ask(
        by=people["rita"],
        instance=server,
        procedure="live",
        target="compute-34",
        reason="The host is to be emptied.",
        cloud="pretend",
    )
    tokens = [
        api_tokens.create(people[name], scope="decide")[1] for name in ("ann", "ben")
    ]
    return {"tokens": tokens, "id": request.pk, "digest": request.plan_digest}


def start() -> dict[str, Any]:
    """Start what is due, as a worker does."""
    from django.utils import timezone

    from migrations_app.requests import start as request_start

    return {"started": request_start.start_due(timezone.now())}


if __name__ == "__main__":
    django.setup()
    done = {"seed": seed, "start": start}[sys.argv[1]]()
    sys.stdout.write(json.dumps(done))
