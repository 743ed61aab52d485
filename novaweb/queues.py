"""django-rq's pages, to superusers and to be read alone.

The database is the truth of what is to be done, so emptying a queue or stopping a job
changes nothing that lasts; but it would be in no audit trail. The inline scripts of the
pages are for what nobody may do here, and the inline styles for little: both are left
out, since browsers refuse them by our content security policy, and complain.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.urls import URLPattern
from django_rq.urls import get_admin_urlpatterns, get_api_urlpatterns

READ = ("GET", "HEAD")
# what pages show is escaped, so these are tags and attributes of its templates
INLINE = re.compile(
    rb'<style>.*?</style>|<script type="text/javascript">.*?</script>|'
    rb'(?<=\w|")\s+style="[^"<>]*"',
    re.DOTALL,
)


def to_read(view: Callable[..., Any]) -> Callable[..., Any]:
    """Return the view for superusers, without what it would change."""

    @wraps(view)
    def looked_at(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not getattr(request.user, "is_superuser", False):
            raise PermissionDenied
        if request.method not in READ:
            return HttpResponseNotAllowed(READ)
        answer: HttpResponse = view(request, *args, **kwargs)
        if answer.headers.get("Content-Type", "").startswith("text/html"):
            answer.content = INLINE.sub(b"", answer.content)
        return answer

    return looked_at


def patterns() -> list[URLPattern]:
    """Return the addresses of its pages and of its figures."""
    figures = get_api_urlpatterns()
    for each in figures:
        each.callback = to_read(each.callback)
    return [*figures, *get_admin_urlpatterns(view_wrapper=to_read)]
