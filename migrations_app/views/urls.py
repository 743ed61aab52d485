"""Every page's address, by subject."""

from __future__ import annotations

from django.contrib.auth.views import LogoutView
from django.urls import path

from migrations_app.views import (
    asking,
    audit,
    compute,
    console,
    home,
    inventory,
    requests,
    runs,
    speeds,
    stream,
    world,
)

urlpatterns = [
    path("", home.home, name="home"),
    path("sign-in/", home.SignIn.as_view(), name="login"),
    path("sign-out/", LogoutView.as_view(), name="logout"),
    path("instances/", inventory.instances, name="instances"),
    path("instances/<str:uuid>/", inventory.instance, name="instance"),
    path("hypervisors/", inventory.hypervisors, name="hypervisors"),
    path("hypervisors/<str:host>/", inventory.hypervisor, name="hypervisor"),
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
    path("audit/", audit.entries, name="audit"),
    path("audit/<int:pk>/", audit.entry, name="audit-entry"),
]
