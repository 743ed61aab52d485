"""Addresses of the pages."""

from __future__ import annotations

from django.contrib.auth.views import LogoutView
from django.urls import path

from migrations_app.web import home, search, setup_guide, tokens
from migrations_app.web.accounts import (
    confirm,
    factors,
    own_data,
    password,
    profile,
    second_factor_sign_in,
    sessions,
    sign_in,
    single_sign_on,
)
from migrations_app.web.approvals import delegations, policies
from migrations_app.web.audit import export_and_sign, timelines
from migrations_app.web.audit import views as audit_views
from migrations_app.web.drains import actions as drain_actions
from migrations_app.web.drains import evidence as drain_evidence
from migrations_app.web.drains import views as drain_views
from migrations_app.web.drains import what_if
from migrations_app.web.inventory import (
    compute_services,
    copy_speeds,
    hypervisors,
    instances,
    leaks,
)
from migrations_app.web.notifications import views as notification_views
from migrations_app.web.notifications import webhooks
from migrations_app.web.posted import posted
from migrations_app.web.requests import (
    amend,
    ask,
    ask_many,
    decide_many,
    emergency_start,
    evidence,
)
from migrations_app.web.requests import views as request_views
from migrations_app.web.runs import console, inspection, log_parts, stream
from migrations_app.web.runs import views as run_views
from migrations_app.web.windows import views as window_views

urlpatterns = [
    path("", home.home, name="home"),
    path("setup/", setup_guide.guide, name="setup"),
    path("setup/site/", setup_guide.site, name="setup-site"),
    path("setup/clouds/<str:name>/", setup_guide.cloud, name="setup-cloud"),
    path("setup/workers/<str:name>/", setup_guide.workers, name="setup-workers"),
    path("search/", search.search, name="search"),
    path("tokens/", tokens.tokens, name="tokens"),
    path("tokens/<int:pk>/revoke/", tokens.revoke, name="token-revoke"),
    path("sign-in/", sign_in.SignIn.as_view(), name="login"),
    path(
        "sign-in/second-factor/",
        second_factor_sign_in.show,
        name="second-factor-sign-in",
    ),
    path("sign-in/openid-connect/", single_sign_on.begin, name="single-sign-on"),
    path(
        "sign-in/openid-connect/back/",
        single_sign_on.back,
        name="single-sign-on-back",
    ),
    path("account/", profile.own, name="profile"),
    path("account/second-factor/", factors.own, name="second-factor"),
    path("account/second-factor/app/", factors.app, name="second-factor-app"),
    path("account/second-factor/key/", factors.key, name="second-factor-key"),
    path("account/data/", own_data.export, name="own-data"),
    path("account/password/", password.ChangePassword.as_view(), name="password"),
    path("account/confirm/", confirm.confirm, name="confirm"),
    path("account/sessions/", sessions.own, name="sessions"),
    path("sign-out/", posted("home")(LogoutView.as_view()), name="logout"),
    path("instances/", instances.instances, name="instances"),
    path("instances/<str:uuid>/", instances.instance, name="instance"),
    path("hypervisors/", hypervisors.hypervisors, name="hypervisors"),
    path("hypervisors.csv", hypervisors.hypervisors_csv, name="hypervisors-csv"),
    path("hypervisors/<str:host>/", hypervisors.hypervisor, name="hypervisor"),
    path(
        "hypervisors/<str:host>/now/", hypervisors.hypervisor_now, name="hypervisor-now"
    ),
    path(
        "hypervisors/<str:host>/enable/", hypervisors.enable, name="hypervisor-enable"
    ),
    path("drains/", drain_views.drains, name="drains"),
    path("drains/ask/", drain_actions.ask, name="drain-ask"),
    path("drains/<int:pk>/", drain_views.drain, name="drain"),
    path("drains/<int:pk>/progress/", drain_views.progress, name="drain-progress"),
    path("drains/<int:pk>/evidence/", drain_evidence.show, name="drain-evidence"),
    path("drains/<int:pk>/<slug:verb>/", drain_actions.act, name="drain-verb"),
    path("what-if/", what_if.foresee, name="what-if"),
    path("leaks/", leaks.leaks, name="leaks"),
    path("services/", compute_services.services, name="services"),
    path("services/<uuid:uuid>/", compute_services.service, name="service"),
    path(
        "services/<uuid:uuid>/disable/",
        compute_services.disable,
        name="service-disable",
    ),
    path(
        "services/<uuid:uuid>/enable/", compute_services.enable, name="service-enable"
    ),
    path("requests/", request_views.requests, name="requests"),
    path("requests/ask/", ask.ask, name="ask"),
    path("requests/preflight/", ask.preflight, name="preflight"),
    path("requests/ask-many/", ask_many.ask_many, name="ask-many"),
    path("requests/decide/", decide_many.decide_many, name="decide-many"),
    path("requests/<int:pk>/", request_views.request, name="request"),
    path("requests/<int:pk>/approve/", request_views.approve, name="approve"),
    path("requests/<int:pk>/reject/", request_views.reject, name="reject"),
    path("requests/<int:pk>/amend/", amend.amend, name="amend"),
    path(
        "requests/<int:pk>/break-glass/",
        emergency_start.make_emergency_start,
        name="break-glass",
    ),
    path("requests/<int:pk>/review/", emergency_start.review, name="review"),
    path("broken-glass/", emergency_start.emergency_starts, name="broken-glass"),
    path("policies/", policies.policies, name="policies"),
    path(
        "policies/proposals/<int:pk>/<slug:verb>/",
        policies.decide,
        name="proposal-decide",
    ),
    path("policies/new/", policies.new, name="policy-new"),
    path("policies/<int:pk>/", policies.policy, name="policy"),
    path("policies/<int:pk>/change/", policies.change, name="policy-change"),
    path("policies/<int:pk>/retire/", policies.retire, name="policy-retire"),
    path("delegations/", delegations.delegations, name="delegations"),
    path("delegations/<int:pk>/revoke/", delegations.revoke, name="delegation-revoke"),
    path("requests/<int:pk>/withdraw/", request_views.withdraw, name="withdraw"),
    path("runs/<int:pk>/", run_views.run, name="run"),
    path("runs/<int:pk>/lines/", run_views.lines, name="run-lines"),
    path("runs/<int:pk>/log.txt", run_views.log, name="run-log"),
    path("runs/<int:pk>/log/", log_parts.earlier, name="run-log-earlier"),
    path("runs/<int:pk>/log/search/", log_parts.found, name="run-log-search"),
    path("runs/<int:pk>/stream/", stream.stream, name="run-stream"),
    path("runs/<int:pk>/console/", console.console, name="run-console"),
    path("runs/<int:pk>/world/", inspection.world, name="run-world"),
    path("runs/<int:pk>/<slug:verb>/", run_views.act, name="run-verb"),
    path("speeds/", copy_speeds.speed, name="speed"),
    path("speeds/measure/", copy_speeds.measure, name="speed-measure"),
    path("notices/", notification_views.notices, name="notices"),
    path("notices/bell/", notification_views.bell, name="notices-bell"),
    path("notices/read/", notification_views.read_all, name="notices-read"),
    path("notices/choices/", notification_views.own, name="choices"),
    path(
        "notices/choices/<int:pk>/", notification_views.of_group, name="group-choices"
    ),
    path("notices/<int:pk>/read/", notification_views.read, name="notice-read"),
    path("webhooks/", webhooks.webhooks, name="webhooks"),
    path("webhooks/<int:pk>/", webhooks.webhook, name="webhook"),
    path("webhooks/<int:pk>/rotate/", webhooks.rotate, name="webhook-rotate"),
    path("webhooks/<int:pk>/test/", webhooks.test, name="webhook-test"),
    path("webhooks/<int:pk>/remove/", webhooks.remove, name="webhook-remove"),
    path("deliveries/", webhooks.deliveries, name="deliveries"),
    path("deliveries/test-mail/", webhooks.test_mail, name="test-mail"),
    path("deliveries/<int:pk>/", webhooks.delivery, name="delivery"),
    path("deliveries/<int:pk>/again/", webhooks.again, name="delivery-again"),
    path("windows/", window_views.windows, name="windows"),
    path("windows/new/", window_views.new, name="window-new"),
    path("windows/import/", window_views.take_in, name="windows-import"),
    path("windows/novaweb.ics", window_views.give_out, name="windows-export"),
    path("windows/<int:pk>/", window_views.window, name="window"),
    path("windows/<int:pk>/change/", window_views.change, name="window-change"),
    path("windows/<int:pk>/retire/", window_views.retire, name="window-retire"),
    path("audit/", audit_views.entries, name="audit"),
    path("audit/export/", export_and_sign.export, name="audit-export"),
    path("audit/sign/", export_and_sign.sign, name="audit-sign"),
    path("audit/<int:pk>/", audit_views.entry, name="audit-entry"),
    path("audit/searches/", audit_views.save, name="audit-save"),
    path("audit/searches/<int:pk>/", audit_views.kept, name="audit-search"),
    path("audit/searches/<int:pk>/remove/", audit_views.remove, name="audit-remove"),
    path("audit/timelines/<slug:kind>/<path:value>/", timelines.show, name="timeline"),
    path("requests/<int:pk>/evidence/", evidence.show, name="evidence"),
]
