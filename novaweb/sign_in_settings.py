"""Settings of sign-in: who checks a password, and what django-allauth is told.

Of allauth novaweb uses the steps of a sign-in and what it knows of second factors. None
of its addresses is included: each page is novaweb's own.
"""

from __future__ import annotations

from novaweb.environment import Environment

env = Environment()

# Whether people may, or must, show a second factor: off, offered, required (of who
# decides: approvers, operators, staff) or required-of-all.
NOVAWEB_SECOND_FACTOR = env("NOVAWEB_SECOND_FACTOR", default="offered")

# every door asks this one, which counts failures before it looks at a password
AUTHENTICATION_BACKENDS = ["migrations_app.access.sign_in_backend.ThrottledBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}", "OPTIONS": options}
    for name, options in (
        ("UserAttributeSimilarityValidator", {}),
        ("MinimumLengthValidator", {"min_length": 12}),
        ("CommonPasswordValidator", {}),
        ("NumericPasswordValidator", {}),
    )
] + [{"NAME": "migrations_app.access.passwords.LongestPassword"}]
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "login"

ACCOUNT_ADAPTER = "migrations_app.access.allauth_adapters.SignInSteps"
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
# it would count in each process by itself, and by the name alone: access/ counts
ACCOUNT_RATE_LIMITS = False
# seconds between the password and the second factor
ACCOUNT_LOGIN_TIMEOUT = 900
MFA_ADAPTER = "migrations_app.access.allauth_adapters.Factors"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_TOTP_ISSUER = "novaweb"
# a code counts half a minute longer and earlier, for clocks that differ
MFA_TOTP_TOLERANCE = 1
