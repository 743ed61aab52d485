"""What a worker finds out about one cloud: it alone has the ways into its hosts.

The web process asks it as it asks about a move (integrations/looks), and is told what
worked there; nothing that the worker read.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from django.conf import settings
from django.db.models import Count, Q
from django.utils import timezone

from migrations_app.errors import NovawebError, Unreachable
from migrations_app.integrations import connect
from migrations_app.integrations.host_commands.libvirt_domains import domains
from migrations_app.integrations.interfaces import World
from migrations_app.inventory.setup_guide.clocks import clock_step
from migrations_app.inventory.setup_guide.step import State, Step, not_asked
from migrations_app.models import Hypervisor, LeakLook

LOOK = "setup"  # what workers call the question


@dataclass(frozen=True, slots=True)
class SetupQuestion:
    """On which host a worker tries its ways in; empty: none is known yet."""

    host: str


@dataclass(frozen=True, slots=True)
class Tried:
    """A way that a worker tried. ``known`` is False where nobody answered.

    ``there``: it is configured; ``trouble``: why it does not work, empty if it does.
    """

    there: bool
    known: bool = True
    trouble: str = ""


@dataclass(frozen=True, slots=True)
class SetupInside:
    """What a worker found: its clock, its sign-in to the cloud, and its ways in."""

    at: datetime
    sign_in: Tried
    hosts: Tried
    database: Tried


_WORKER = Step(
    "Workers answer",
    State.OK,
    "A worker took the question and answered it.",
    "Start novaweb-worker (“manage.py worker”) with the NOVAWEB_SECRET_KEY and the"
    " NOVAWEB_REDIS_URL of the web processes.",
    "No request is approved and no move starts, since hosts are not looked at.",
)
_SIGN_IN = Step(
    "Sign-in of the worker",
    State.OK,
    "It signs in to the cloud.",
    "Give workers the clouds.yaml of the web processes, and the way to Keystone.",
    "The inventory is not read, and no move starts or continues.",
)
_SSH = Step(
    "SSH to hypervisors",
    State.OK,
    "",
    "Name an OpenSSH configuration in NOVAWEB_SSH (CLOUD=PATH) for the workers, and let"
    " them in as root: docs/running.md, “SSH access to the hosts”.",
    "Manual is not possible, the disks of a cold migration are not compared before it"
    " is confirmed, checks of hosts are left out, domains without an instance are not"
    " found, and no copy speed is measured.",
)
_ALL_HOSTS = Step(
    "Every hypervisor",
    State.OK,
    "",
    "The page Stale resources names hosts and reasons.",
    "What only these hosts tell stays unknown, and Manual is not possible with them.",
)
_DATABASE = Step(
    "Nova's database",
    State.OK,
    "",
    "Make the account with deploy/nova-db.sql, and name its option file in"
    " NOVAWEB_NOVA_DB (CLOUD=PATH) for the workers.",
    "Manual is not possible; all other procedures are.",
)
_MEND_SSH = (
    "Look at the hypervisor, and at what the configuration in NOVAWEB_SSH of the"
    " workers names: account, key, known_hosts (docs/running.md)."
)
_MEND_DATABASE = (
    "Look at the option file in NOVAWEB_NOVA_DB of the workers, and at the account's"
    " rights (deploy/nova-db.sql)."
)
_CLOCK = Step("Clock of the worker", State.OK, "")


def look(world: World, question: SetupQuestion) -> SetupInside:
    """Try the ways in of this process; for a worker. Raises nothing of a neighbour."""
    hosts, database, host = world.hosts, world.nova_db, question.host
    tried_hosts = tried_database = Tried(False)
    if hosts is not None:
        tried_hosts = _tried(lambda: domains(hosts, host), on=host)
    if database is not None:
        tried_database = _tried(lambda: database.place_of(host), on=host)
    return SetupInside(
        at=timezone.now(),
        sign_in=_tried(world.cloud.whoami),
        hosts=tried_hosts,
        database=tried_database,
    )


def _tried(way: Callable[[], object], *, on: str | None = None) -> Tried:
    if on == "":
        return Tried(
            True, False, "Not tried, because no hypervisor that is up is known."
        )
    try:
        way()
    except Unreachable as error:
        return Tried(True, False, error.sentence)
    except NovawebError as error:
        return Tried(True, True, error.sentence)
    return Tried(True)


def steps_of(name: str) -> list[Step]:
    """Return what a worker finds out now of that cloud. Raises Unfit."""
    world = connect.world_for(name)
    known = Hypervisor.objects.filter(cloud__name=name, up=True).order_by("host")
    host = known.values_list("host", flat=True).first() or ""
    asked_at = timezone.now()
    try:
        found = _asked(world, SetupQuestion(host))
    except Unreachable as error:
        left = (_SIGN_IN, _SSH, _DATABASE, _CLOCK)
        why = "Not known, because no worker answered."
        worker = replace(_WORKER, state=State.FAILS, found=error.sentence)
        return [worker, *(not_asked(step, why) for step in left), _every_host(name)]
    ssh = f"root's commands are carried out on {host}, and its libvirt answers."
    worker, clock = _WORKER, clock_step(_CLOCK.name, found.at, asked_at, timezone.now())
    if world.workers is None:
        why = "Not asked: this process enters hosts itself (NOVAWEB_HOSTS_ENTERED_BY)."
        worker, clock = not_asked(_WORKER, why), not_asked(_CLOCK, why)
    return [
        worker,
        _step(_SIGN_IN, found.sign_in, _SIGN_IN.found),
        _step(_SSH, found.hosts, f"Tried on one of them: {ssh}", mend=_MEND_SSH),
        _every_host(name),
        _step(
            _DATABASE,
            found.database,
            f"It can be read, and knows {host}.",
            mend=_MEND_DATABASE,
        ),
        clock,
    ]


def _asked(world: World, question: SetupQuestion) -> SetupInside:
    if world.workers is None:
        return look(world, question)
    return world.workers.ask(LOOK, question, SetupInside)


def _step(step: Step, tried: Tried, works: str, *, mend: str = "") -> Step:
    """Return the step after the try; ``mend`` is what to do where it is set up."""
    if not tried.there:
        found = "It is not set up for workers."
        return replace(step, state=State.UNUSED, found=found)
    if not tried.trouble:
        return replace(step, found=works)
    state = State.FAILS if tried.known else State.UNKNOWN
    remedy = mend or step.remedy
    return replace(step, state=state, found=tried.trouble, remedy=remedy)


def _every_host(name: str) -> Step:
    """Return how the scans for stale resources got into the hosts; one query."""
    scans = LeakLook.objects.filter(cloud__name=name).aggregate(
        done=Count("pk", filter=~Q(looked_at=None)),
        failed=Count("pk", filter=~Q(looked_at=None) & ~Q(trouble="")),
    )
    done, failed = scans["done"], scans["failed"]
    if settings.NOVAWEB_LEAKS_EVERY <= 0:
        found = "Hosts are not scanned, because NOVAWEB_LEAKS_EVERY is 0."
        return replace(_ALL_HOSTS, state=State.UNKNOWN, found=found)
    if not done:
        return not_asked(_ALL_HOSTS, "No hypervisor has been scanned yet.")
    if failed:
        found = f"The last scan of {failed} of {done} hypervisors failed in part."
        return replace(_ALL_HOSTS, state=State.WARNS, found=found)
    return replace(_ALL_HOSTS, found=f"The last scan of each of {done} went well.")
