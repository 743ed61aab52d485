"""Addresses of the pages."""

from __future__ import annotations

from django.contrib.auth.views import LogoutView
from django.urls import path

from migrations_app.web import home
from migrations_app.web.approvals import delegations, policies
from migrations_app.web.audit import export_and_sign as proof
from migrations_app.web.audit import timelines
from migrations_app.web.audit import views as audit
from migrations_app.web.drains import actions as emptying
from migrations_app.web.drains import views as drains
from migrations_app.web.drains import what_if as foresee
from migrations_app.web.inventory import compute_services as compute
from migrations_app.web.inventory import copy_speeds as speeds
from migrations_app.web.inventory import hypervisors as capacity
from migrations_app.web.inventory import instances as inventory
from migrations_app.web.inventory import leaks
from migrations_app.web.notifications import views as notices
from migrations_app.web.notifications import webhooks
from migrations_app.web.requests import amend as changing
from migrations_app.web.requests import ask as asking
from migrations_app.web.requests import evidence
from migrations_app.web.requests import views as requests
from migrations_app.web.runs import console, stream
from migrations_app.web.runs import inspection as world
from migrations_app.web.runs import views as runs
from migrations_app.web.windows import views as windows

urlpatterns = [
    path("", home.home, name="home"),
    path("sign-in/", home.SignIn.as_view(), name="login"),
    path("sign-out/", LogoutView.as_view(), name="logout"),
    path("instances/", inventory.instances, name="instances"),
    path("instances/<str:uuid>/", inventory.instance, name="instance"),
    path("hypervisors/", capacity.hypervisors, name="hypervisors"),
    path("hypervisors.csv", capacity.hypervisors_csv, name="hypervisors-csv"),
    path("hypervisors/<str:host>/", capacity.hypervisor, name="hypervisor"),
    path("hypervisors/<str:host>/now/", capacity.hypervisor_now, name="hypervisor-now"),
    path("drains/", drains.drains, name="drains"),
    path("drains/ask/", emptying.ask, name="drain-ask"),
    path("drains/<int:pk>/", drains.drain, name="drain"),
    path("drains/<int:pk>/progress/", drains.progress, name="drain-progress"),
    path("drains/<int:pk>/<slug:verb>/", emptying.act, name="drain-verb"),
    path("what-if/", foresee.foresee, name="what-if"),
    path("leaks/", leaks.leaks, name="leaks"),
    path("services/", compute.services, name="services"),
    path("services/<uuid:uuid>/", compute.service, name="service"),
    path("services/<uuid:uuid>/disable/", compute.disable, name="service-disable"),
    path("services/<uuid:uuid>/enable/", compute.enable, name="service-enable"),
    path("requests/", requests.requests, name="requests"),
    path("requests/ask/", asking.ask, name="ask"),
    path("requests/preflight/", asking.preflight, name="preflight"),
    path("requests/<int:pk>/", requests.request, name="request"),
    path("requests/<int:pk>/approve/", requests.approve, name="approve"),
    path("requests/<int:pk>/reject/", requests.reject, name="reject"),
    path("requests/<int:pk>/amend/", changing.amend, name="amend"),
    path("requests/<int:pk>/break-glass/", changing.break_glass, name="break-glass"),
    path("requests/<int:pk>/review/", changing.review, name="review"),
    path("broken-glass/", changing.broken, name="broken-glass"),
    path("policies/", policies.policies, name="policies"),
    path("policies/new/", policies.new, name="policy-new"),
    path("policies/<int:pk>/", policies.policy, name="policy"),
    path("policies/<int:pk>/change/", policies.change, name="policy-change"),
    path("policies/<int:pk>/retire/", policies.retire, name="policy-retire"),
    path("delegations/", delegations.delegations, name="delegations"),
    path("delegations/<int:pk>/revoke/", delegations.revoke, name="delegation-revoke"),
    path("requests/<int:pk>/withdraw/", requests.withdraw, name="withdraw"),
    path("runs/<int:pk>/", runs.run, name="run"),
    path("runs/<int:pk>/lines/", runs.lines, name="run-lines"),
    path("runs/<int:pk>/log.txt", runs.log, name="run-log"),
    path("runs/<int:pk>/stream/", stream.stream, name="run-stream"),
    path("runs/<int:pk>/console/", console.console, name="run-console"),
    path("runs/<int:pk>/world/", world.world, name="run-world"),
    path("runs/<int:pk>/<slug:verb>/", runs.act, name="run-verb"),
    path("speeds/", speeds.speed, name="speed"),
    path("speeds/measure/", speeds.measure, name="speed-measure"),
    path("notices/", notices.notices, name="notices"),
    path("notices/bell/", notices.bell, name="notices-bell"),
    path("notices/read/", notices.read_all, name="notices-read"),
    path("notices/choices/", notices.own, name="choices"),
    path("notices/choices/<int:pk>/", notices.of_group, name="group-choices"),
    path("notices/<int:pk>/read/", notices.read, name="notice-read"),
    path("webhooks/", webhooks.webhooks, name="webhooks"),
    path("webhooks/<int:pk>/", webhooks.webhook, name="webhook"),
    path("webhooks/<int:pk>/rotate/", webhooks.rotate, name="webhook-rotate"),
    path("webhooks/<int:pk>/test/", webhooks.test, name="webhook-test"),
    path("webhooks/<int:pk>/remove/", webhooks.remove, name="webhook-remove"),
    path("deliveries/", webhooks.deliveries, name="deliveries"),
    path("deliveries/<int:pk>/", webhooks.delivery, name="delivery"),
    path("deliveries/<int:pk>/again/", webhooks.again, name="delivery-again"),
    path("windows/", windows.windows, name="windows"),
    path("windows/new/", windows.new, name="window-new"),
    path("windows/import/", windows.take_in, name="windows-import"),
    path("windows/novaweb.ics", windows.give_out, name="windows-export"),
    path("windows/<int:pk>/", windows.window, name="window"),
    path("windows/<int:pk>/change/", windows.change, name="window-change"),
    path("windows/<int:pk>/retire/", windows.retire, name="window-retire"),
    path("audit/", audit.entries, name="audit"),
    path("audit/export/", proof.export, name="audit-export"),
    path("audit/sign/", proof.sign, name="audit-sign"),
    path("audit/<int:pk>/", audit.entry, name="audit-entry"),
    path("audit/searches/", audit.save, name="audit-save"),
    path("audit/searches/<int:pk>/", audit.kept, name="audit-search"),
    path("audit/searches/<int:pk>/remove/", audit.remove, name="audit-remove"),
    path("audit/timelines/<slug:kind>/<path:value>/", timelines.show, name="timeline"),
    path("requests/<int:pk>/evidence/", evidence.show, name="evidence"),
]
