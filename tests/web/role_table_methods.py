"""The other methods of addresses that take more than one, and what all others get.

With role_table.py and role_table_staff.py, which have the first method of each address,
this is the whole table: every address × every method × every role.
"""

from __future__ import annotations

from tests.web import role_table, role_table_staff
from tests.web.role_table import API_OPERATED_GONE, OPERATED_GONE
from tests.web.role_table_staff import ELSEWHERE, NOBODY, RQ, RQ_IN, STAFF, STAFF_NONE

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
STRANGERS = ("anonymous", "inactive")  # whoever was switched off is nobody
Statuses = tuple[int, ...]

API_INVALID = (401, 403, 403, 403, 400, 403, 403)
ASKED = (302, 403, 403, 422, 403, 403, 403)
LED_AWAY = (*(302,) * 6, 405)
DRAWN = (302, 403, 403, 422, 422, 403, 403)

MORE: dict[str, dict[str, Statuses]] = {
    "api/token/": {"DELETE": (401,) * 7},  # it is for bearer tokens
    "api/speeds/": {"POST": API_INVALID},
    "api/requests/": {"POST": (401, 403, 400, 403, 400, 403, 403)},
    "api/drains/": {"POST": API_INVALID},
    "api/policies/": {"POST": (401, 403, 403, 403, 403, 403, 400)},
    "api/policies/<number:pk>/": {"PUT": (401, 403, 403, 403, 403, 403, 400)},
    "api/delegations/": {"POST": (401, 403, 403, 400, 403, 403, 403)},
    "api/notices/choices/": {"POST": (401, 403, 200, 200, 200, 200, 403)},
    "api/webhooks/": {"POST": API_INVALID},
    "api/webhooks/<number:pk>/": {
        "POST": API_OPERATED_GONE,
        "DELETE": API_OPERATED_GONE,
    },
    "api/windows/": {"POST": (401, 403, 403, 400, 400, 403, 403)},
    "api/audit/searches/": {"POST": (401, 403, 403, 400, 400, 400, 403)},
    # it is somebody else's
    "api/audit/searches/<number:pk>/": {"DELETE": (401, *(403,) * 6)},
    "api/^": dict.fromkeys(("POST", "PUT", "PATCH", "DELETE", "OPTIONS"), (404,) * 7),
    "sign-in/": {"POST": (422, *(302,) * 6)},
    # who is half-way in alone has anything to show there
    "sign-in/second-factor/": {"POST": (302,) * 7},
    "account/": {"POST": (302, *(422,) * 6)},
    "account/second-factor/": {"POST": (302, *(422,) * 6)},
    "account/second-factor/app/": {"POST": (302, *(200,) * 6)},
    "account/second-factor/key/": {"POST": (302, *(200,) * 6)},
    # a wrong password, which is no less wrong for one role than another
    "account/confirm/": {"POST": (302, *(403,) * 6)},
    "account/password/": {"POST": (302, *(422,) * 6)},
    "account/sessions/": {"POST": (302, *(404,) * 6)},
    "drains/ask/": {"POST": (302, 403, 403, 403, 422, 403, 403)},
    "requests/decide/": {"POST": (302, 403, 422, 422, 422, 422, 403)},
    "requests/ask/": {"POST": (302, 403, 404, 403, 404, 403, 403)},
    "requests/<int:pk>/amend/": {"POST": (302, 403, 409, 403, 409, 403, 403)},
    "policies/new/": {"POST": (302, 403, 403, 403, 403, 403, 422)},
    "policies/<int:pk>/change/": {"POST": (302, 403, 403, 403, 403, 403, 422)},
    "delegations/": {"POST": ASKED},
    "notices/choices/": {"POST": (302, 403, 302, 302, 302, 302, 403)},
    "notices/choices/<int:pk>/": {"POST": (302, 403, 403, 403, 302, 403, 403)},
    "webhooks/": {"POST": (302, 403, 403, 403, 422, 403, 403)},
    "webhooks/<int:pk>/": {"POST": OPERATED_GONE},
    "windows/new/": {"POST": DRAWN},
    "windows/import/": {"POST": DRAWN},
    "windows/<int:pk>/change/": {"POST": (302, 403, 403, 404, 404, 403, 403)},
    # Django's admin shows a page to any method; what it changes, POST changes
    "admin/": {"POST": STAFF},
    "admin/login/": {"POST": (302, 403, 403, 403, 403, 403, 302)},
    # who is no staff is led away before the method is looked at
    "admin/logout/": {"GET": LED_AWAY},
    "admin/password_change/done/": {"POST": LED_AWAY},
    "admin/autocomplete/": {"POST": LED_AWAY},
    "admin/jsi18n/": {"POST": LED_AWAY},
    "admin/password_change/": {"POST": ELSEWHERE},
    "admin/r/<path:content_type_id>/<path:object_id>/": {"POST": STAFF_NONE},
    "admin/auth/group/": {"POST": STAFF},
    "admin/auth/group/add/": {"POST": STAFF},
    "admin/auth/group/<path:object_id>/history/": {"POST": STAFF},
    "admin/auth/group/<path:object_id>/delete/": {"POST": STAFF},
    "admin/auth/group/<path:object_id>/change/": {"POST": STAFF},
    "admin/auth/group/<path:object_id>/": {"POST": ELSEWHERE},
    "admin/auth/user/<id>/password/": {"POST": STAFF},
    "admin/auth/user/": {"POST": STAFF},
    "admin/auth/user/add/": {"POST": STAFF},
    "admin/auth/user/<path:object_id>/history/": {"POST": STAFF},
    "admin/auth/user/<path:object_id>/delete/": {"POST": NOBODY},
    "admin/auth/user/<path:object_id>/change/": {"POST": STAFF},
    "admin/auth/user/<path:object_id>/": {"POST": ELSEWHERE},
    "admin/^(?P<app_label>APP)/$": {"POST": STAFF},
    "admin/(?P<url>.*)$": {"POST": STAFF_NONE},
    # forms that ask whether it is meant; what they send is refused
    "django-rq/queues/<int:queue_index>/failed/clear/": {"GET": RQ},
    "django-rq/queues/<int:queue_index>/empty/": {"GET": RQ},
    "django-rq/queues/<int:queue_index>/requeue-all/": {"GET": RQ},
    "django-rq/queues/<int:queue_index>/<str:job_id>/requeue/": {"GET": RQ_IN},
    "django-rq/queues/<int:queue_index>/<str:job_id>/enqueue/": {"GET": RQ_IN},
    "django-rq/queues/confirm-action/<int:queue_index>/": {
        "GET": (302, 403, 403, 403, 403, 403, 302)
    },
    "django-rq/queues/actions/<int:queue_index>/": {
        "GET": (302, 403, 403, 403, 403, 403, 302)
    },
}
# What the admin shows and nobody changes there.
for _kind in (
    *("auditentry", "cloud", "decision", "hypervisor", "instance"),
    *("migrationrequest", "run"),
):
    _route = f"admin/migrations_app/{_kind}/"
    _object = f"{_route}<path:object_id>/"
    MORE |= {
        _route: {"POST": STAFF},
        f"{_route}add/": {"POST": NOBODY},
        f"{_object}history/": {"POST": role_table_staff.TABLE[f"{_object}history/"][1]},
        f"{_object}delete/": {"POST": NOBODY},
        f"{_object}change/": {"POST": NOBODY},
        _object: {"POST": ELSEWHERE},
    }

FIRST = {**role_table.TABLE, **role_table_staff.TABLE}
ROLES = (*role_table.ROLES, "inactive")


def expected(method: str, route: str, role: str) -> frozenset[int]:
    """Return the statuses of which the role gets one.

    A method that the table does not have changes and shows nothing: 405, or what who
    may not be there gets.
    """
    place = role_table.ROLES.index("anonymous" if role in STRANGERS else role)
    first, statuses = FIRST[route]
    listed = {first: statuses, **MORE.get(route, {})}
    if method == "HEAD" and "HEAD" not in listed:
        method = "GET"
    if method in listed:
        return frozenset({listed[method][place]})
    if method == "GET" and route in role_table.FORMS:
        return frozenset({302})  # to the page that the form is on
    if not route.startswith("api/") and method not in ("GET", "POST"):
        return frozenset({405})
    if role in STRANGERS:
        return frozenset({405, 401 if route.startswith("api/") else 302})
    return frozenset({405, 403})
