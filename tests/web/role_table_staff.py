"""The same for what only staff is for: Django's admin and django-rq's own pages."""

from __future__ import annotations

from tests.web.role_table import Row

STAFF = (302, 302, 302, 302, 302, 302, 200)
# where nothing of that number is, the admin leads back to its first page
ELSEWHERE = (302, 302, 302, 302, 302, 302, 302)
# not even staff: what people did is read here, and never changed
NOBODY = (302, 302, 302, 302, 302, 302, 403)
STAFF_NONE = (302, 302, 302, 302, 302, 302, 404)
# django-rq's pages: a superuser reads them, and changes nothing
RQ = (302, 403, 403, 403, 403, 403, 200)
RQ_POST = (302, 403, 403, 403, 403, 403, 405)
RQ_NONE = (302, 403, 403, 403, 403, 403, 404)
# its answer for a job, a worker or a scheduler that there is not
RQ_IN = (302, 403, 403, 403, 403, 403, 500)

TABLE: dict[str, Row] = {
    "admin/": ("GET", STAFF),
    # it leads to the page on which everybody signs in
    "admin/login/": ("GET", (302, 403, 403, 403, 403, 403, 302)),
    "admin/logout/": ("POST", ELSEWHERE),
    # it leads to the page on which everybody does that
    "admin/password_change/": ("GET", ELSEWHERE),
    "admin/password_change/done/": ("GET", STAFF),
    "admin/autocomplete/": ("GET", NOBODY),
    "admin/jsi18n/": ("GET", STAFF),
    "admin/r/<path:content_type_id>/<path:object_id>/": ("GET", STAFF_NONE),
    "admin/auth/group/": ("GET", STAFF),
    "admin/auth/group/add/": ("GET", STAFF),
    "admin/auth/group/<path:object_id>/history/": ("GET", STAFF),
    "admin/auth/group/<path:object_id>/delete/": ("GET", STAFF),
    "admin/auth/group/<path:object_id>/change/": ("GET", STAFF),
    "admin/auth/group/<path:object_id>/": ("GET", ELSEWHERE),
    "admin/auth/user/<id>/password/": ("GET", STAFF),
    "admin/auth/user/": ("GET", STAFF),
    "admin/auth/user/add/": ("GET", STAFF),
    "admin/auth/user/<path:object_id>/history/": ("GET", STAFF),
    "admin/auth/user/<path:object_id>/delete/": ("GET", NOBODY),
    "admin/auth/user/<path:object_id>/change/": ("GET", STAFF),
    "admin/auth/user/<path:object_id>/": ("GET", ELSEWHERE),
    "admin/migrations_app/auditentry/": ("GET", STAFF),
    "admin/migrations_app/auditentry/add/": ("GET", NOBODY),
    "admin/migrations_app/auditentry/<path:object_id>/history/": ("GET", STAFF),
    "admin/migrations_app/auditentry/<path:object_id>/delete/": ("GET", NOBODY),
    "admin/migrations_app/auditentry/<path:object_id>/change/": ("GET", STAFF),
    "admin/migrations_app/auditentry/<path:object_id>/": ("GET", ELSEWHERE),
    "admin/migrations_app/cloud/": ("GET", STAFF),
    "admin/migrations_app/cloud/add/": ("GET", NOBODY),
    "admin/migrations_app/cloud/<path:object_id>/history/": ("GET", STAFF),
    "admin/migrations_app/cloud/<path:object_id>/delete/": ("GET", NOBODY),
    "admin/migrations_app/cloud/<path:object_id>/change/": ("GET", STAFF),
    "admin/migrations_app/cloud/<path:object_id>/": ("GET", ELSEWHERE),
    "admin/migrations_app/decision/": ("GET", STAFF),
    "admin/migrations_app/decision/add/": ("GET", NOBODY),
    "admin/migrations_app/decision/<path:object_id>/history/": ("GET", ELSEWHERE),
    "admin/migrations_app/decision/<path:object_id>/delete/": ("GET", NOBODY),
    "admin/migrations_app/decision/<path:object_id>/change/": ("GET", ELSEWHERE),
    "admin/migrations_app/decision/<path:object_id>/": ("GET", ELSEWHERE),
    "admin/migrations_app/hypervisor/": ("GET", STAFF),
    "admin/migrations_app/hypervisor/add/": ("GET", NOBODY),
    "admin/migrations_app/hypervisor/<path:object_id>/history/": ("GET", STAFF),
    "admin/migrations_app/hypervisor/<path:object_id>/delete/": ("GET", NOBODY),
    "admin/migrations_app/hypervisor/<path:object_id>/change/": ("GET", STAFF),
    "admin/migrations_app/hypervisor/<path:object_id>/": ("GET", ELSEWHERE),
    "admin/migrations_app/instance/": ("GET", STAFF),
    "admin/migrations_app/instance/add/": ("GET", NOBODY),
    "admin/migrations_app/instance/<path:object_id>/history/": ("GET", STAFF),
    "admin/migrations_app/instance/<path:object_id>/delete/": ("GET", NOBODY),
    "admin/migrations_app/instance/<path:object_id>/change/": ("GET", STAFF),
    "admin/migrations_app/instance/<path:object_id>/": ("GET", ELSEWHERE),
    "admin/migrations_app/migrationrequest/": ("GET", STAFF),
    "admin/migrations_app/migrationrequest/add/": ("GET", NOBODY),
    "admin/migrations_app/migrationrequest/<path:object_id>/history/": ("GET", STAFF),
    "admin/migrations_app/migrationrequest/<path:object_id>/delete/": ("GET", NOBODY),
    "admin/migrations_app/migrationrequest/<path:object_id>/change/": ("GET", STAFF),
    "admin/migrations_app/migrationrequest/<path:object_id>/": ("GET", ELSEWHERE),
    "admin/migrations_app/run/": ("GET", STAFF),
    "admin/migrations_app/run/add/": ("GET", NOBODY),
    "admin/migrations_app/run/<path:object_id>/history/": ("GET", STAFF),
    "admin/migrations_app/run/<path:object_id>/delete/": ("GET", NOBODY),
    "admin/migrations_app/run/<path:object_id>/change/": ("GET", STAFF),
    "admin/migrations_app/run/<path:object_id>/": ("GET", ELSEWHERE),
    "admin/^(?P<app_label>APP)/$": ("GET", STAFF),
    "admin/(?P<url>.*)$": ("GET", STAFF_NONE),
    "django-rq/^stats.json/?$": ("GET", RQ),
    r"django-rq/^stats.json/(?P<token>[\w]+)?/?$": ("GET", RQ),
    "django-rq/^metrics/?$": ("GET", RQ),
    "django-rq/": ("GET", RQ),
    "django-rq/queues/<int:queue_index>/": ("GET", RQ),
    "django-rq/queues/<int:queue_index>/details/": ("GET", RQ),
    "django-rq/queues/<int:queue_index>/finished/": ("GET", RQ),
    "django-rq/queues/<int:queue_index>/failed/": ("GET", RQ),
    "django-rq/queues/<int:queue_index>/failed/clear/": ("POST", RQ_POST),
    "django-rq/queues/<int:queue_index>/scheduled/": ("GET", RQ),
    "django-rq/queues/<int:queue_index>/started/": ("GET", RQ),
    "django-rq/queues/<int:queue_index>/deferred/": ("GET", RQ),
    "django-rq/queues/<int:queue_index>/empty/": ("POST", RQ_POST),
    "django-rq/queues/<int:queue_index>/requeue-all/": ("POST", RQ_POST),
    "django-rq/queues/<int:queue_index>/<str:job_id>/": ("GET", RQ_NONE),
    "django-rq/queues/<int:queue_index>/<str:job_id>/results/<str:result_id>/": (
        "GET",
        RQ_NONE,
    ),
    "django-rq/queues/<int:queue_index>/<str:job_id>/delete/": ("GET", RQ_IN),
    "django-rq/queues/<int:queue_index>/<str:job_id>/requeue/": ("POST", RQ_POST),
    "django-rq/queues/<int:queue_index>/<str:job_id>/enqueue/": ("POST", RQ_POST),
    "django-rq/queues/<int:queue_index>/<str:job_id>/stop/": ("POST", RQ_POST),
    "django-rq/queues/confirm-action/<int:queue_index>/": ("POST", RQ_POST),
    "django-rq/queues/actions/<int:queue_index>/": ("POST", RQ_POST),
    "django-rq/workers/<int:queue_index>/": ("GET", RQ),
    "django-rq/workers/<int:queue_index>/<str:key>/": ("GET", RQ_IN),
    "django-rq/schedulers/<int:scheduler_index>/": ("GET", RQ_IN),
    "django-rq/cron-schedulers/<int:connection_index>/<str:scheduler_name>/": (
        "GET",
        RQ_NONE,
    ),
    "django-rq/cron-schedulers/<int:connection_index>/<str:scheduler_name>/jobs/"
    "<path:cron_job_name>/": (
        "GET",
        RQ_NONE,
    ),
}

# Routes that are regular expressions, and an address that each of them means.
SPELLED = {
    "admin/^(?P<app_label>APP)/$": "admin/auth/",
    "admin/(?P<url>.*)$": "admin/nothing",
    "django-rq/^stats.json/?$": "django-rq/stats.json",
    r"django-rq/^stats.json/(?P<token>[\w]+)?/?$": "django-rq/stats.json/1",
    "django-rq/^metrics/?$": "django-rq/metrics",
    "api/^": "api/nothing",
}
