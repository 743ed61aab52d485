"""What an API token may be used for."""

from __future__ import annotations

from django.db import models
from knox.models import AuthToken


class TokenScope(models.Model):
    """The scope of a token, which knox keeps (hashed, with its account and its end).

    A token without one may only read.
    """

    class Scope(models.TextChoices):
        """Each may what those before it may."""

        READ = "read", "read"
        ASK = "ask", "read and request"
        DECIDE = "decide", "read, request and decide"

    token = models.OneToOneField(
        AuthToken, on_delete=models.CASCADE, related_name="granted"
    )
    scope = models.CharField(max_length=10, choices=Scope.choices)

    def __str__(self) -> str:
        return self.scope
