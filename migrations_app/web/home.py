"""The home page."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from migrations_app.access import accounts as access_accounts
from migrations_app.access.permissions import Person, Role
from migrations_app.drains import queries as drain_queries
from migrations_app.inventory import capacity_overview
from migrations_app.inventory import queries as inventory_queries
from migrations_app.requests import overview
from migrations_app.requests import queries as request_queries
from migrations_app.requests.approvals import policies as approval_policies
from migrations_app.requests.approvals import proposals as policy_proposals
from migrations_app.requests.windows import schedule
from migrations_app.runs import queries as run_queries
from migrations_app.web.page import is_htmx, page, person_of

MOST_NAMES = 20
CALENDAR_DAYS = 14


@require_safe
def home(request: HttpRequest) -> HttpResponseBase:
    """Show what waits for the person; to who only administers, what there is to do."""
    person = person_of(request)
    if person.staff and not person.roles:
        return _administration(request)
    return _desk(request)


@page()
def _desk(request: HttpRequest) -> HttpResponse:
    now, clouds = timezone.now(), inventory_queries.freshness()
    context: dict[str, Any] = {
        "desk": request_queries.desk(person_of(request)),
        "drains": drain_queries.desk(person_of(request)),
        "clouds": clouds,
        "not_set_up": _not_set_up(person_of(request), clouds),
        "failed": inventory_queries.failed_items(),
        "figures": overview.figures(now),
        "late": overview.late(now),
    }
    # the page itself asks for its upper part every few seconds
    if not is_htmx(request):
        largest = capacity_overview.largest_in_use()
        hosts = capacity_overview.overview(
            inventory_queries.hypervisors(), by="memory", largest=largest
        )
        context |= {
            "largest": largest,
            "totals": [each for each in hosts.totals if each.kind == "Cloud"],
            "occurrences": schedule.calendar(days=CALENDAR_DAYS, most=5),
            "calendar_days": CALENDAR_DAYS,
        }
    return render(request, "home.html", context)


def _administration(request: HttpRequest) -> HttpResponse:
    person, context = person_of(request), {}
    if person.sets_policy:
        context = {
            "policies": approval_policies.all_policies().filter(active=True).count(),
            "proposals": [
                (row, not policy_proposals.why_not_confirm(person, row))
                for row in policy_proposals.waiting()
            ],
        }
    if person.superuser:
        clouds, roles = inventory_queries.freshness(), access_accounts.active_by_role()
        context |= {
            "roles": roles,
            "without_role": access_accounts.without_role(MOST_NAMES),
            "worker_trouble": run_queries.worker_trouble(),
            "clouds": clouds,
            "not_set_up": _not_set_up(person, clouds) or not roles[Role.APPROVER],
        }
    return render(request, "administration.html", context)


def _not_set_up(person: Person, clouds: list[inventory_queries.Freshness]) -> bool:
    """Return whether the person is to be led to the set-up guide: no cloud was read."""
    return person.superuser and not any(each.as_of for each in clouds)
