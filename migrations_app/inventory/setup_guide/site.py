"""What a web process finds out about the site itself, whatever its clouds."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from django.core.checks import WARNING, run_checks
from django.db import connection
from django.utils import timezone
from redis.exceptions import RedisError

from migrations_app.access import accounts as access_accounts
from migrations_app.access import confirmed_accounts
from migrations_app.access.roles import Role
from migrations_app.audit import signing
from migrations_app.integrations.looks import wire
from migrations_app.inventory.setup_guide.clocks import clock_step
from migrations_app.inventory.setup_guide.messages import mail, webhooks
from migrations_app.inventory.setup_guide.step import State, Step, not_asked
from migrations_app.models import FailedItem, LaneOf
from migrations_app.runs import queries as run_queries
from migrations_app.runs import wakeup
from migrations_app.wording import duration

LATE = 60.0  # seconds that a job may wait until a worker takes it up
# Told by a step of its own, from what workers know: a web process has no key to sign.
_TOLD_ELSEWHERE = ("novaweb.W008",)

_SETTINGS = Step(
    "Settings",
    State.OK,
    "No setting of the web process is wrong or unsafe.",
    "Correct them and restart web and workers; “manage.py check --deploy” says the same"
    " of each process.",
)
_ACCOUNTS = Step(
    "Accounts",
    State.OK,
    "There are people to request moves, to approve them and to look after runs.",
    "Give the role on “Accounts and roles”, or by “manage.py account NAME --role"
    " ROLE”. Nobody approves their own request, so take two people.",
    place="admin:auth_user_changelist",
)
_TO_CONFIRM = replace(
    _ACCOUNTS,
    state=State.WARNS,
    remedy="Another superuser than the one who set the password confirms the account on"
    " “Accounts and roles” (“To be confirmed”). Where there is only one, make one for a"
    " second person on the server, by “manage.py account NAME --admin”; or confirm it"
    " there, by “manage.py account NAME --confirm”.",
    cost="They decide nothing, and what they request is not approved.",
)
_REDIS = Step(
    "Redis",
    State.OK,
    "It answers.",
    "Start Redis or Valkey, and write its address into NOVAWEB_REDIS_URL of web and"
    " workers.",
    "Workers are asked nothing, so that no request is approved; running moves continue"
    " some seconds late.",
)
_WORKERS = Step(
    "Workers",
    State.OK,
    "A worker looks for due work each second.",
    "Start one with “manage.py worker” (deploy/ has a unit for systemd).",
    "No cloud is read, and no move starts or continues.",
)
_SCHEDULER = Step(
    "Scheduler",
    State.OK,
    "Due work is queued, and taken up in time.",
    "Look into the logs of the workers; start more of them if jobs wait for long.",
    "Clouds are read, messages sent and old records removed late, or not at all.",
)
_TRAIL = Step(
    "Signing of the audit trail",
    State.OK,
    "",
    "Make a key with “manage.py audit_key FILE”, and set NOVAWEB_AUDIT_KEY and"
    " NOVAWEB_AUDIT_SIGNED for the workers: docs/audit.md.",
    "Who can write to the database could remove the newest entries, or write the whole"
    " trail again, and nobody would notice.",
)
_NOBODY = {
    Role.APPROVER: "No request can be approved.",
    Role.OPERATOR: "Nobody can roll back or close a held run, or empty a host.",
}


def steps() -> list[Step]:
    """Return the steps of the site, looked at now."""
    now = timezone.now()
    redis, redis_clock = _redis(now)
    return [
        _settings(),
        _accounts(),
        redis,
        _workers(),
        _scheduler(now),
        _trail(now),
        mail(),
        webhooks(),
        redis_clock,
        *_database_clock(),
    ]


def _settings() -> Step:
    found = run_checks(tags=["novaweb"], include_deployment_checks=True)
    told = [
        each
        for each in found
        if each.level >= WARNING and each.id not in _TOLD_ELSEWHERE
    ]
    if not told:
        return _SETTINGS
    wrong = any(each.is_serious() for each in told)
    return replace(
        _SETTINGS,
        state=State.FAILS if wrong else State.WARNS,
        found=f"{len(told)} settings should be looked at."
        if len(told) > 1
        else "One setting should be looked at.",
        details=tuple(f"{each.msg} {each.hint or ''}".strip() for each in told),
    )


def _accounts() -> Step:
    counted = access_accounts.active_by_role()
    costs = {role: cost for role, cost in _NOBODY.items() if not counted[role]}
    if not counted[Role.REQUESTER] and not counted[Role.OPERATOR]:
        costs[Role.REQUESTER] = "Nobody can request a move."
    if not costs:
        return _to_confirm() or _ACCOUNTS
    roles = " or ".join(str(role) for role in costs)
    return replace(
        _ACCOUNTS,
        state=State.MISSING,
        found=f"Nobody has the role {roles}.",
        cost=" ".join(costs.values()),
    )


def _to_confirm() -> Step | None:
    """Return the step if accounts wait for a second person; None: none does."""
    names = confirmed_accounts.waiting()
    if not names:
        return None
    able = confirmed_accounts.able_to_confirm().count()
    count = f"{len(names)} accounts are" if len(names) > 1 else "An account is"
    may = f"{able} superusers" if able != 1 else "one superuser"
    return replace(
        _TO_CONFIRM,
        found=f"{count} to be confirmed by a second person: {may} may do that, but none"
        " their own, nor where they set the password.",
        details=tuple(names[:10]),
    )


def _redis(now: datetime) -> tuple[Step, Step]:
    clock = Step("Clock of Redis", State.OK, "")
    if wakeup.queues(now) is None:
        step = replace(_REDIS, state=State.FAILS, found="It does not answer.")
        return step, not_asked(clock, "Not known, because Redis does not answer.")
    asked = timezone.now()
    try:
        at = datetime.fromtimestamp(wire.now(wire.client()), asked.tzinfo)
    except RedisError:
        return _REDIS, not_asked(clock, "Redis did not tell its time.")
    return _REDIS, clock_step(clock.name, at, asked, timezone.now())


def _workers() -> Step:
    trouble = run_queries.worker_trouble()
    if trouble:
        return replace(_WORKERS, state=State.MISSING, found=trouble)
    return _WORKERS


def _scheduler(now: datetime) -> Step:
    if run_queries.worker_trouble():
        return not_asked(_SCHEDULER, "Not known, because no worker runs.")
    rows = FailedItem.objects.filter(lane=LaneOf.PERIODIC).order_by("first_at")
    failed = tuple(f"{row.item}: {row.sentence}" for row in rows[:5])
    queued = wakeup.queues(now) or {}
    late = tuple(
        f"The oldest job of the queue {name} has waited for {duration(queue.oldest)}."
        for name, queue in queued.items()
        if queue.oldest is not None and queue.oldest > LATE
    )
    if not failed and not late:
        return _SCHEDULER
    found = "Some periodic work fails, or waits for too long."
    return replace(_SCHEDULER, state=State.WARNS, found=found, details=(*failed, *late))


def _trail(now: datetime) -> Step:
    found = signing.standing(now)
    state = State.OK
    if found.state == "off":
        state = State.UNUSED
    elif found.alarming:
        state = State.FAILS
    return replace(_TRAIL, state=state, found=found.sentence)


def _database_clock() -> list[Step]:
    if connection.vendor != "postgresql":
        return []  # a file on this machine has no clock of its own
    asked = timezone.now()
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        (at,) = cursor.fetchone()
    return [clock_step("Clock of the database", at, asked, timezone.now())]
