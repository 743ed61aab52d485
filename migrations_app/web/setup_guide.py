"""Pages of the set-up guide: parts that take long are asked for one by one."""

from __future__ import annotations

from collections.abc import Sequence

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from migrations_app.access.permissions import Verb
from migrations_app.integrations import clouds
from migrations_app.inventory.setup_guide import cloud as setup_cloud
from migrations_app.inventory.setup_guide import inside as setup_inside
from migrations_app.inventory.setup_guide import site as setup_site
from migrations_app.inventory.setup_guide.step import Step
from migrations_app.web.page import is_htmx, page

SITE = "This site"


@require_safe
@page(Verb.SET_UP)
def guide(request: HttpRequest) -> HttpResponse:
    """Show the parts of the guide; each is asked for by the page itself."""
    parts = [(SITE, reverse("setup-site"))]
    for name in clouds.known_clouds():
        parts.append((f"Cloud {name}", reverse("setup-cloud", args=[name])))
        parts.append((f"Workers in {name}", reverse("setup-workers", args=[name])))
    return render(request, "setup_guide/guide.html", {"parts": parts})


@require_safe
@page(Verb.SET_UP, dear="set-up")
def site(request: HttpRequest) -> HttpResponse:
    """Show the steps of the site."""
    return _part(request, SITE, setup_site.steps())


@require_safe
@page(Verb.SET_UP, dear="set-up")
def cloud(request: HttpRequest, name: str) -> HttpResponse:
    """Show the steps of a cloud that this process looks at."""
    return _part(request, f"Cloud {name}", setup_cloud.steps_of(name))


@require_safe
@page(Verb.SET_UP, dear="set-up")
def workers(request: HttpRequest, name: str) -> HttpResponse:
    """Show the steps of a cloud that a worker looks at."""
    return _part(request, f"Workers in {name}", setup_inside.steps_of(name))


def _part(request: HttpRequest, title: str, steps: Sequence[Step]) -> HttpResponse:
    context = {
        "title": title,
        "steps": steps,
        "address": request.path,
        "hindered": sum(step.hinders for step in steps),
    }
    if is_htmx(request):
        return render(request, "setup_guide/_part.html", context)
    return render(request, "setup_guide/part.html", context)
