"""Which status every page and every address of the API answers to each role.

A route stands here as urls.py writes it. The roles get, in the order of ROLES, what the
row says. Beneath it all: the instance has a move that runs and has passed its first
steps, so that it is too late to decide about its request.
"""

from __future__ import annotations

ROLES = (
    "anonymous",
    "no role",
    "requester",
    "approver",
    "operator",
    "auditor",
    "staff",  # a superuser who has none of the roles
)
Row = tuple[str, tuple[int, ...]]

SEEN = (302, 403, 200, 200, 200, 200, 403)
OWN = (302, 200, 200, 200, 200, 200, 200)
GONE = (302, 403, 404, 404, 404, 404, 403)
TRAIL = (302, 403, 403, 200, 200, 200, 403)
# staff sets approval policies, so it sees them too
RULES = (302, 403, 200, 200, 200, 200, 200)
SET_UP = (302, 403, 403, 403, 403, 403, 200)
RULED = (302, 403, 403, 403, 403, 403, 200)
API_RULES = (401, 403, 200, 200, 200, 200, 200)
API_SEEN = (401, 403, 200, 200, 200, 200, 403)
API_TRAIL = (401, 403, 403, 200, 200, 200, 403)
API_TOO_LATE = (401, 403, 403, 403, 409, 403, 403)

OPERATED = (302, 403, 403, 403, 200, 403, 403)
OPERATED_GONE = (302, 403, 403, 403, 404, 403, 403)
API_OPERATED = (401, 403, 403, 403, 200, 403, 403)
API_OPERATED_GONE = (401, 403, 403, 403, 404, 403, 403)

TABLE: dict[str, Row] = {
    "healthz": ("GET", (200, 200, 200, 200, 200, 200, 200)),
    "readyz": ("GET", (503, 503, 503, 503, 503, 503, 503)),
    "favicon.ico": ("GET", (302, 302, 302, 302, 302, 302, 302)),
    "metrics": ("GET", (403, 403, 403, 403, 403, 403, 403)),
    "api/": ("GET", (200, 200, 200, 200, 200, 200, 200)),
    "api/schema/": ("GET", (200, 200, 200, 200, 200, 200, 200)),
    "api/token/": ("POST", (400, 400, 400, 400, 400, 400, 400)),
    "api/tokens/": ("GET", API_SEEN),
    "api/tokens/<number:pk>/": ("DELETE", (401, 403, 404, 404, 404, 404, 403)),
    "api/hypervisors/": ("GET", API_SEEN),
    "api/hypervisors/<str:host>/": ("GET", API_SEEN),
    "api/instances/": ("GET", API_SEEN),
    "api/instances/<uuid:uuid>/": ("GET", API_SEEN),
    "api/snapshots/": ("GET", API_SEEN),
    "api/leaks/": ("GET", API_SEEN),
    "api/speeds/": ("GET", API_SEEN),
    "api/services/": ("GET", API_SEEN),
    # there is no service of that id
    "api/services/<uuid:uuid>/disable/": (
        "POST",
        (401, 403, 403, 403, 400, 403, 403),
    ),
    "api/services/<uuid:uuid>/enable/": (
        "POST",
        (401, 403, 403, 403, 400, 403, 403),
    ),
    "api/sync/": ("POST", (401, 403, 403, 403, 202, 403, 403)),
    "api/preflight/": ("POST", (401, 403, 400, 403, 400, 403, 403)),
    "api/what-if/": ("POST", (401, 403, 422, 422, 422, 422, 403)),
    "api/requests/": ("GET", API_SEEN),
    "api/requests/ask-many/": ("POST", (401, 403, 400, 403, 400, 403, 403)),
    "api/requests/approve/": ("POST", (401, 403, 403, 400, 403, 403, 403)),
    "api/requests/reject/": ("POST", (401, 403, 403, 400, 403, 403, 403)),
    "api/requests/withdraw/": ("POST", (401, 403, 400, 403, 400, 403, 403)),
    "api/requests/<number:pk>/": ("GET", API_SEEN),
    "api/requests/<number:pk>/approve/": ("POST", (401, 403, 403, 400, 403, 403, 403)),
    "api/requests/<number:pk>/reject/": ("POST", (401, 403, 403, 409, 403, 403, 403)),
    "api/requests/<number:pk>/amend/": ("POST", (401, 403, 400, 403, 400, 403, 403)),
    "api/requests/<number:pk>/break-glass/": (
        "POST",
        (401, 403, 403, 403, 400, 403, 403),
    ),
    "api/requests/<number:pk>/review/": ("POST", (401, 403, 403, 422, 403, 403, 403)),
    # there is no drain of that number
    "api/drains/": ("GET", API_SEEN),
    "api/drains/<number:pk>/": ("GET", (401, 403, 404, 404, 404, 404, 403)),
    "api/drains/<number:pk>/approve/": ("POST", (401, 403, 403, 400, 403, 403, 403)),
    "api/drains/<number:pk>/reject/": ("POST", (401, 403, 403, 404, 403, 403, 403)),
    "api/drains/<number:pk>/withdraw/": ("POST", (401, 403, 404, 403, 404, 403, 403)),
    "api/drains/<number:pk>/pause/": ("POST", (401, 403, 403, 403, 404, 403, 403)),
    "api/drains/<number:pk>/resume/": ("POST", (401, 403, 403, 403, 404, 403, 403)),
    "api/drains/<number:pk>/cancel/": ("POST", (401, 403, 403, 403, 404, 403, 403)),
    "api/drains/<number:pk>/move-back/": (
        "POST",
        (401, 403, 403, 403, 400, 403, 403),
    ),
    "api/policies/": ("GET", API_RULES),
    "api/policies/<number:pk>/": ("GET", API_RULES),
    "api/policies/<number:pk>/retire/": ("POST", (401, 403, 403, 403, 403, 403, 400)),
    "api/policies/proposals/": ("GET", API_RULES),
    "api/policies/proposals/<number:pk>/confirm/": (
        "POST",
        (401, 403, 403, 403, 403, 403, 400),
    ),
    "api/policies/proposals/<number:pk>/discard/": (
        "POST",
        (401, 403, 403, 403, 403, 403, 400),
    ),
    "api/delegations/": ("GET", API_RULES),
    # nobody has handed on their say
    "api/delegations/<number:pk>/revoke/": (
        "POST",
        (401, 403, 404, 404, 404, 404, 404),
    ),
    "api/requests/<number:pk>/withdraw/": ("POST", (401, 403, 409, 403, 409, 403, 403)),
    "api/runs/<number:pk>/": ("GET", API_SEEN),
    "api/runs/<number:pk>/lines/": ("GET", API_SEEN),
    "api/runs/<number:pk>/world/": ("GET", API_SEEN),
    "api/runs/<number:pk>/stop/": ("POST", (401, 403, 403, 403, 200, 403, 403)),
    "api/runs/<number:pk>/abort/": ("POST", (401, 403, 403, 403, 200, 403, 403)),
    "api/runs/<number:pk>/force-complete/": (
        "POST",
        (401, 403, 403, 403, 200, 403, 403),
    ),
    "api/runs/<number:pk>/look-again/": ("POST", API_TOO_LATE),
    "api/runs/<number:pk>/go-back/": ("POST", API_TOO_LATE),
    "api/runs/<number:pk>/close/": ("POST", API_TOO_LATE),
    "api/notices/": ("GET", API_SEEN),
    "api/notices/read/": ("POST", (401, 403, 400, 400, 400, 400, 403)),
    "api/notices/choices/": ("GET", API_SEEN),
    # there is no such notice, webhook or delivery
    "api/notices/<number:pk>/read/": ("POST", (401, 403, 404, 404, 404, 404, 403)),
    "api/webhooks/": ("GET", API_OPERATED),
    "api/webhooks/<number:pk>/": ("GET", API_OPERATED_GONE),
    "api/webhooks/<number:pk>/rotate/": ("POST", API_OPERATED_GONE),
    "api/webhooks/<number:pk>/test/": ("POST", API_OPERATED_GONE),
    "api/deliveries/": ("GET", API_OPERATED),
    "api/deliveries/test-mail/": ("POST", (401, 403, 403, 403, 422, 403, 403)),
    "api/deliveries/<number:pk>/": ("GET", API_OPERATED_GONE),
    "api/deliveries/<number:pk>/again/": ("POST", API_OPERATED_GONE),
    "api/windows/": ("GET", API_SEEN),
    "api/windows/import/": ("POST", (401, 403, 403, 400, 400, 403, 403)),
    "api/windows/export/": ("GET", API_SEEN),
    "api/windows/occurrences/": ("GET", API_SEEN),
    # there is no window of that number
    "api/windows/<number:pk>/": ("GET", (401, 403, 404, 404, 404, 404, 403)),
    "api/windows/<number:pk>/change/": ("POST", (401, 403, 403, 400, 400, 403, 403)),
    "api/windows/<number:pk>/retire/": ("POST", (401, 403, 403, 422, 422, 403, 403)),
    "api/audit/": ("GET", API_TRAIL),
    "api/audit/verify/": ("GET", API_TRAIL),
    # there is no key
    "api/audit/sign/": ("POST", (401, 403, 403, 403, 422, 422, 403)),
    "api/audit/export/": ("POST", API_TRAIL),
    "audit/export/": ("POST", TRAIL),
    "audit/sign/": ("POST", (302, 403, 403, 403, 302, 302, 403)),
    "api/audit/<number:pk>/": ("GET", API_TRAIL),
    "api/audit/searches/": ("GET", API_TRAIL),
    "api/audit/searches/<number:pk>/": ("GET", API_TRAIL),
    "api/^": ("GET", (404, 404, 404, 404, 404, 404, 404)),
    "": ("GET", (302, 403, 200, 200, 200, 200, 200)),
    "setup/": ("GET", SET_UP),
    "setup/site/": ("GET", SET_UP),
    "setup/clouds/<str:name>/": ("GET", SET_UP),
    "setup/workers/<str:name>/": ("GET", SET_UP),
    "search/": ("GET", SEEN),
    "sign-in/": ("GET", (200, 302, 302, 302, 302, 302, 302)),
    # for who has taken the first step: nobody here has
    "sign-in/second-factor/": ("GET", (302, 302, 302, 302, 302, 302, 302)),
    # where none is configured
    "sign-in/openid-connect/": ("GET", (404, 404, 404, 404, 404, 404, 404)),
    "sign-in/openid-connect/back/": ("GET", (404, 404, 404, 404, 404, 404, 404)),
    # one's own: no role is needed
    "account/": ("GET", OWN),
    "account/confirm/": ("GET", OWN),
    "account/data/": ("POST", OWN),
    "account/password/": ("GET", OWN),
    "account/second-factor/": ("GET", OWN),
    "account/second-factor/app/": ("GET", OWN),
    "account/second-factor/key/": ("GET", OWN),
    "account/sessions/": ("GET", OWN),
    "sign-out/": ("POST", (302, 302, 302, 302, 302, 302, 302)),
    "instances/": ("GET", SEEN),
    "instances/<str:uuid>/": ("GET", SEEN),
    "hypervisors/": ("GET", SEEN),
    "hypervisors.csv": ("GET", SEEN),
    "hypervisors/<str:host>/": ("GET", SEEN),
    "hypervisors/<str:host>/now/": ("GET", SEEN),
    "hypervisors/<str:host>/enable/": ("POST", (302, 403, 403, 403, 422, 403, 403)),
    "what-if/": ("GET", SEEN),
    "drains/": ("GET", SEEN),
    # there is no drain of that number
    "drains/<int:pk>/": ("GET", GONE),
    "drains/<int:pk>/progress/": ("GET", GONE),
    "drains/<int:pk>/evidence/": ("GET", (302, 403, 403, 404, 404, 404, 403)),
    "drains/ask/": ("GET", OPERATED),
    "drains/<int:pk>/<slug:verb>/": ("POST", GONE),
    "leaks/": ("GET", SEEN),
    "services/": ("GET", SEEN),
    "services/<uuid:uuid>/": ("GET", (302, 403, 404, 404, 404, 404, 403)),
    "services/<uuid:uuid>/disable/": ("POST", (302, 403, 403, 403, 404, 403, 403)),
    "services/<uuid:uuid>/enable/": ("POST", (302, 403, 403, 403, 404, 403, 403)),
    "requests/": ("GET", SEEN),
    "requests/ask/": ("GET", (302, 403, 302, 403, 302, 403, 403)),
    "requests/preflight/": ("POST", (302, 403, 404, 403, 404, 403, 403)),
    # nothing is selected
    "requests/ask-many/": ("POST", (302, 403, 422, 403, 422, 403, 403)),
    "requests/decide/": ("GET", (302, 403, 422, 422, 422, 422, 403)),
    "requests/<int:pk>/": ("GET", SEEN),
    "requests/<int:pk>/approve/": ("POST", (302, 403, 403, 409, 403, 403, 403)),
    "requests/<int:pk>/reject/": ("POST", (302, 403, 403, 409, 403, 403, 403)),
    "requests/<int:pk>/amend/": ("GET", (302, 403, 409, 403, 409, 403, 403)),
    "requests/<int:pk>/break-glass/": ("POST", (302, 403, 403, 403, 422, 403, 403)),
    "requests/<int:pk>/review/": ("POST", (302, 403, 403, 422, 403, 403, 403)),
    "broken-glass/": ("GET", SEEN),
    "policies/": ("GET", RULES),
    "policies/new/": ("GET", RULED),
    "policies/<int:pk>/": ("GET", RULES),
    "policies/<int:pk>/change/": ("GET", RULED),
    "policies/<int:pk>/retire/": ("POST", (302, 403, 403, 403, 403, 403, 422)),
    "policies/proposals/<int:pk>/<slug:verb>/": (
        "POST",
        (302, 403, 403, 403, 403, 403, 404),
    ),
    "delegations/": ("GET", RULES),
    "tokens/": ("GET", SEEN),
    "tokens/<int:pk>/revoke/": ("POST", (302, 403, 404, 404, 404, 404, 403)),
    "delegations/<int:pk>/revoke/": ("POST", (302, 403, 404, 404, 404, 404, 404)),
    "requests/<int:pk>/withdraw/": ("POST", (302, 403, 409, 403, 409, 403, 403)),
    "runs/<int:pk>/": ("GET", SEEN),
    "runs/<int:pk>/lines/": ("GET", SEEN),
    "runs/<int:pk>/log.txt": ("GET", SEEN),
    "runs/<int:pk>/log/": ("GET", SEEN),
    # no words are searched for
    "runs/<int:pk>/log/search/": ("GET", (302, 403, 422, 422, 422, 422, 403)),
    "runs/<int:pk>/stream/": ("GET", SEEN),
    # its instance is in no cloud
    "runs/<int:pk>/console/": ("POST", (302, 403, 403, 403, 404, 403, 403)),
    "runs/<int:pk>/world/": ("GET", SEEN),
    "runs/<int:pk>/<slug:verb>/": ("POST", (302, 403, 403, 403, 302, 403, 403)),
    "speeds/": ("GET", SEEN),
    "speeds/measure/": ("POST", (302, 403, 403, 403, 422, 403, 403)),
    "notices/": ("GET", SEEN),
    "notices/bell/": ("GET", SEEN),
    "notices/read/": ("POST", (302, 403, 302, 302, 302, 302, 403)),
    "notices/choices/": ("GET", SEEN),
    "notices/choices/<int:pk>/": ("GET", OPERATED),
    "notices/<int:pk>/read/": ("POST", (302, 403, 404, 404, 404, 404, 403)),
    "webhooks/": ("GET", OPERATED),
    "webhooks/<int:pk>/": ("GET", OPERATED_GONE),
    "webhooks/<int:pk>/rotate/": ("POST", OPERATED_GONE),
    "webhooks/<int:pk>/test/": ("POST", OPERATED_GONE),
    "webhooks/<int:pk>/remove/": ("POST", OPERATED_GONE),
    "deliveries/": ("GET", OPERATED),
    # no mail server is configured
    "deliveries/test-mail/": ("POST", (302, 403, 403, 403, 302, 403, 403)),
    "deliveries/<int:pk>/": ("GET", OPERATED_GONE),
    "deliveries/<int:pk>/again/": ("POST", OPERATED_GONE),
    "windows/": ("GET", SEEN),
    "windows/new/": ("GET", (302, 403, 403, 200, 200, 403, 403)),
    "windows/import/": ("GET", (302, 403, 403, 200, 200, 403, 403)),
    "windows/novaweb.ics": ("GET", SEEN),
    # there is no window of that number
    "windows/<int:pk>/": ("GET", (302, 403, 404, 404, 404, 404, 403)),
    "windows/<int:pk>/change/": ("GET", (302, 403, 403, 404, 404, 403, 403)),
    "windows/<int:pk>/retire/": ("POST", (302, 403, 403, 404, 404, 403, 403)),
    "audit/": ("GET", TRAIL),
    "audit/<int:pk>/": ("GET", TRAIL),
    "audit/searches/": ("POST", (302, 403, 403, 422, 422, 422, 403)),
    "audit/searches/<int:pk>/": ("GET", (302, 403, 403, 302, 302, 302, 403)),
    # it is somebody else's
    "audit/searches/<int:pk>/remove/": ("POST", (302, 403, 403, 403, 403, 403, 403)),
    "audit/timelines/<slug:kind>/<path:value>/": ("GET", TRAIL),
    "requests/<int:pk>/evidence/": ("GET", TRAIL),
}

# What pages send their forms to: a GET leads to the page.
FORMS = {
    route
    for route, (method, _) in TABLE.items()
    if method == "POST" and not route.startswith("api/")
}
