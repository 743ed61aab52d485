"""Page of the own account: who I am, what I may do, and how pages show it."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from migrations_app.access import display, permissions
from migrations_app.access.display import Display as Choices
from migrations_app.audit import display_actions
from migrations_app.errors import Unfit
from migrations_app.models import Delegation, Display, ExternalIdentity
from migrations_app.web.lists import SIZES
from migrations_app.web.page import person_of, user_of
from migrations_app.widgets import Form


class DisplayForm(Form):
    """How pages show times and lists to the person."""

    time_zone = forms.CharField(
        required=False,
        max_length=100,
        label="Time zone",
        help_text="Times are shown and typed in it, as Europe/Berlin. Empty: UTC, and"
        " “Times” below each page switches to the local time of the browser.",
        widget=forms.TextInput(attrs={"list": "time-zones", "placeholder": "UTC"}),
    )
    dates = forms.ChoiceField(
        label="Dates",
        choices=Display.Dates.choices,
        help_text="The second takes scripts; files and evidence have the first.",
    )
    rows = forms.TypedChoiceField(
        label="Rows of a page",
        coerce=int,
        choices=[(0, "as each list has"), *((size, str(size)) for size in SIZES)],
    )
    theme = forms.ChoiceField(
        required=False,
        label="Theme",
        choices=[("", "as the system prefers"), *Display.Theme.choices],
    )

    def clean_time_zone(self) -> str:
        """Return the name of the zone without blanks around it."""
        name = str(self.cleaned_data["time_zone"]).strip()
        if name and not display.is_known(name):
            raise forms.ValidationError(
                f"There is no time zone “{name}” here: write one as Europe/Berlin, or"
                " UTC."
            )
        return name

    @property
    def choices(self) -> Choices:
        """What was chosen."""
        return Choices(**self.cleaned_data)


@require_http_methods(["GET", "HEAD", "POST"])
def own(request: HttpRequest) -> HttpResponse:
    """Show the account of the person; save how pages show times and lists."""
    person, user = person_of(request), user_of(request)
    kept = {name: getattr(person.display, name) for name in DisplayForm.base_fields}
    form = DisplayForm(request.POST or None, initial=kept)
    trouble = ""
    if request.method == "POST" and form.is_valid():
        try:
            display_actions.choose(form.choices, by=user)
        except Unfit as error:
            trouble = error.sentence
        else:
            messages.success(request, "Your choices are saved.")
            return redirect("profile")
    context = {
        "form": form,
        "trouble": trouble,
        "email": user.email,
        "identity": ExternalIdentity.objects.filter(person=user).first(),
        "given": Delegation.objects.filter(
            giver=user, revoked_at=None, ends_at__gt=timezone.now()
        ).order_by("starts_at"),
        "sees_delegations": not permissions.why_not(
            person, permissions.Verb.SEE_DELEGATIONS
        ),
    }
    status = 422 if request.method == "POST" else 200
    return render(request, "accounts/profile.html", context, status=status)
