"""What novaweb keeps of accounts beside Django's own table of them."""

from __future__ import annotations

from importlib import import_module
from typing import ClassVar

from django.conf import settings
from django.contrib.sessions.backends.base import SessionBase
from django.contrib.sessions.base_session import AbstractBaseSession
from django.db import models


class SignInTries(models.Model):
    """Failed tries to sign in under one key, and when the next one is let through.

    ``key`` is a keyed hash of a name with an address, or of an address: what people
    type in the wrong field is in no table. A try counts from before its password is
    looked at until it has succeeded.
    """

    key = models.CharField(max_length=64, unique=True)
    tries = models.PositiveIntegerField()
    last_at = models.DateTimeField(db_index=True)
    next_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.tries} tries, the last {self.last_at:%F %T}"


class RefusedSignIns(models.Model):
    """Refused sign-ins of one minute that have no entry in the audit trail yet.

    The first ones of a minute have an entry each (``entries``); of all others it is
    ``counted`` how many they were, and an entry tells that when the minute is over.
    """

    minute = models.DateTimeField(unique=True)
    entries = models.PositiveIntegerField(default=0)
    counted = models.PositiveIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.minute:%F %H:%M}: {self.entries} and {self.counted} more"


class PasswordToChange(models.Model):
    """A password that somebody else set, which its owner has not changed yet.

    Until then two people know it, and nothing may be decided with it.
    """

    person = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="password_to_change",
    )
    set_by_name = models.CharField(max_length=150)
    set_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"set by {self.set_by_name}"


class AccountToConfirm(models.Model):
    """Somebody set the password of an account, and nobody else has confirmed it since.

    Until then the account may be another one of ``by``: it is no independent person.
    Only a confirmation removes the row, a password of the owner's own does not. A
    password that is set again is a row of its own.
    """

    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="to_confirm"
    )
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        related_name="+",
    )
    by_name = models.CharField(max_length=150)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"set by {self.by_name}"


class UsedCode(models.Model):
    """The newest code of the person's app (TOTP) that was used: none of before counts.

    ``counter`` is the half minute since 1970 that it was for (RFC 6238).
    """

    person = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="used_code"
    )
    counter = models.PositiveBigIntegerField(default=0)

    def __str__(self) -> str:
        return f"the code of half minute {self.counter}"


class Display(models.Model):
    """How pages show times and lists to a person; without a row as to everybody.

    ``time_zone`` is a name of the IANA database, ``rows`` those of a page of a list;
    empty, and 0: as pages do by themselves.
    """

    class Dates(models.TextChoices):
        """How a date is written."""

        ISO = "iso", "2026-07-01 14:30"
        LOCALE = "locale", "as the browser writes it"

    class Theme(models.TextChoices):
        """Light or dark, whatever the browser's system prefers."""

        LIGHT = "light", "light"
        DARK = "dark", "dark"

    person = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="display"
    )
    time_zone = models.CharField(max_length=100, blank=True)
    dates = models.CharField(max_length=10, choices=Dates.choices, default=Dates.ISO)
    rows = models.PositiveSmallIntegerField(default=0)
    theme = models.CharField(max_length=10, choices=Theme.choices, blank=True)

    def __str__(self) -> str:
        return f"times in {self.time_zone or 'UTC'}"


class ExternalIdentity(models.Model):
    """Who a person is where they sign in: the account is theirs, whatever their name.

    ``source`` is the issuer of OpenID Connect, or ``keystone:`` and a cloud's name;
    ``subject`` is what never changes there.
    """

    person = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="external_identity",
    )
    source = models.CharField(max_length=255)
    subject = models.CharField(max_length=255)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["source", "subject"], name="one_account_for_an_identity"
            )
        ]

    def __str__(self) -> str:
        return f"{self.subject} at {self.source}"


class Session(AbstractBaseSession):
    """A browser's session, and who is signed in by it. To delete it ends it.

    ``used_at`` is renewed at most once a minute. ``agent`` is the browser and the
    system in two words. A session of nobody has neither time.
    """

    person = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        null=True,
        related_name="sessions",
    )
    began_at = models.DateTimeField(null=True)
    used_at = models.DateTimeField(null=True)
    address = models.CharField(max_length=50, blank=True)
    agent = models.CharField(max_length=50, blank=True)

    def __str__(self) -> str:
        # never its key, which is the cookie
        return f"{self.agent or 'a program'} at {self.address or 'an unknown address'}"

    @classmethod
    def get_session_store_class(cls) -> type[SessionBase]:
        """Return the store that reads and writes these."""
        store: type[SessionBase] = import_module(settings.SESSION_ENGINE).SessionStore
        return store
