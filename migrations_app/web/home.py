"""Home page and sign-in."""

from __future__ import annotations

from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.views import LoginView
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils.decorators import method_decorator
from django.views.decorators.http import require_safe
from django_htmx.http import HttpResponseClientRefresh

from migrations_app.drains import queries as drain_queries
from migrations_app.inventory import queries as inventory_queries
from migrations_app.requests import queries as request_queries
from migrations_app.web.page import is_htmx, page, person_of
from migrations_app.web.sign_in_form import SignInForm


@require_safe
@page()
def home(request: HttpRequest) -> HttpResponse:
    """Show the person's tasks, held runs and running moves."""
    context = {
        "desk": request_queries.desk(person_of(request)),
        "drains": drain_queries.desk(person_of(request)),
        "clouds": inventory_queries.freshness(),
    }
    return render(request, "home.html", context)


@method_decorator(login_not_required, name="dispatch")
class SignIn(LoginView):
    """Django's sign-in view with novaweb's sentences."""

    authentication_form = SignInForm
    redirect_authenticated_user = True

    def dispatch(
        self, request: HttpRequest, *args: object, **kwargs: object
    ) -> HttpResponseBase:
        """Reload the whole page if a signed-out user requests a part."""
        if is_htmx(request):
            return HttpResponseClientRefresh()
        return super().dispatch(request, *args, **kwargs)

    def form_invalid(self, form: AuthenticationForm) -> HttpResponse:
        """Show the form again with status 422."""
        response = super().form_invalid(form)
        response.status_code = 422
        return response
