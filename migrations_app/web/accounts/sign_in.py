"""The one door of the pages, of Django's admin too."""

from __future__ import annotations

from allauth.account.internal.flows.login import perform_login
from allauth.account.models import Login
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.views import LoginView
from django.http import HttpRequest, HttpResponse, HttpResponseBase, QueryDict
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.decorators import method_decorator
from django_htmx.http import HttpResponseClientRefresh

from migrations_app.access import openid_connect, permissions, sign_in_backend
from migrations_app.errors import NotAllowed
from migrations_app.web.accounts.sign_in_form import SignInForm
from migrations_app.web.page import is_htmx, sorry, user_of


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

    def form_valid(self, form: AuthenticationForm) -> HttpResponse:
        """Go on to the second factor of who has one; sign in who has none.

        Who has to change the password is led to the page for that.
        """
        user = form.get_user()
        after = self.get_redirect_url()
        if not after and permissions.person(user).password_set_by:
            after = reverse("password")
        after = after or self.get_default_redirect_url()
        answer: HttpResponse = perform_login(
            self.request, Login(user=user, redirect_url=after)
        )
        return answer

    def get_context_data(self, **kwargs: object) -> dict[str, object]:
        """Say whether people can sign in elsewhere, too."""
        elsewhere = openid_connect.is_configured()
        return {**super().get_context_data(**kwargs), "elsewhere": elsewhere}

    def form_invalid(self, form: AuthenticationForm) -> HttpResponse:
        """Show the form again with status 422, or 429 to who has to wait."""
        response = super().form_invalid(form)
        error = sign_in_backend.trouble(self.request)
        response.status_code = error.status if error is not None else 422
        if seconds := sign_in_backend.seconds_to_wait(self.request):
            response.status_code = 429
            response["Retry-After"] = str(seconds)
        return response


@login_not_required
def admin_sign_in(request: HttpRequest) -> HttpResponse:
    """Lead to the page on which everybody signs in, and from there to the admin."""
    admin = reverse("admin:index")
    if not request.user.is_authenticated:
        # (another place is refused by the page that is led to)
        after = QueryDict(mutable=True)
        after["next"] = request.GET.get("next") or admin
        return redirect(f"{reverse('login')}?{after.urlencode(safe='/')}")
    if not user_of(request).is_staff:
        return sorry(
            request,
            NotAllowed(
                "Administration takes a staff account. Ask an administrator of novaweb."
            ),
        )
    return redirect(admin)
