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

# A password that somebody else set for a person (on /admin/, or by manage.py account)
# is good for so many hours, unless its owner changes it; 0: for ever.
NOVAWEB_GIVEN_PASSWORD_HOURS = env.float("NOVAWEB_GIVEN_PASSWORD_HOURS", default=72.0)

# A secret that hashes of passwords take beside their salt, and that is not in the
# database; and older ones, of hashes whose owners have not signed in since.
NOVAWEB_PASSWORD_PEPPER = env("NOVAWEB_PASSWORD_PEPPER", default="")
NOVAWEB_PASSWORD_PEPPER_FALLBACKS = env.list("NOVAWEB_PASSWORD_PEPPER_FALLBACKS")
# the first makes new hashes; what any of them made is known, and made again
PASSWORD_HASHERS = [
    "migrations_app.access.peppered_hasher.PepperedPBKDF2",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
if not NOVAWEB_PASSWORD_PEPPER:
    PASSWORD_HASHERS.reverse()

# A provider of OpenID Connect, at which people sign in: its issuer, as it calls itself
# (https://id.example.org/realms/x); empty: none. And novaweb's client there.
NOVAWEB_OIDC_ISSUER = env("NOVAWEB_OIDC_ISSUER", default="")
NOVAWEB_OIDC_CLIENT_ID = env("NOVAWEB_OIDC_CLIENT_ID", default="")
NOVAWEB_OIDC_CLIENT_SECRET = env("NOVAWEB_OIDC_CLIENT_SECRET", default="")
NOVAWEB_OIDC_SCOPE = env("NOVAWEB_OIDC_SCOPE", default="openid profile")
# Which claims tell a person's groups, and the name of a new account.
NOVAWEB_OIDC_GROUPS_CLAIM = env("NOVAWEB_OIDC_GROUPS_CLAIM", default="groups")
NOVAWEB_OIDC_NAME_CLAIM = env("NOVAWEB_OIDC_NAME_CLAIM", default="preferred_username")
# The roles of each group there, in JSON: {"cloud-ops": ["operator"]}.
NOVAWEB_OIDC_ROLES = env.json("NOVAWEB_OIDC_ROLES", default={})

# In whose Keystone people sign in, a cloud of clouds.yaml; empty: in none. Users of
# which domain, with the roles that they have in which project (NAME@DOMAIN).
NOVAWEB_KEYSTONE_SIGN_IN = env("NOVAWEB_KEYSTONE_SIGN_IN", default="")
NOVAWEB_KEYSTONE_DOMAIN = env("NOVAWEB_KEYSTONE_DOMAIN", default="Default")
NOVAWEB_KEYSTONE_PROJECT = env("NOVAWEB_KEYSTONE_PROJECT", default="admin@Default")
# The roles of each role there, in JSON: {"admin": ["operator"], "reader": ["auditor"]}.
NOVAWEB_KEYSTONE_ROLES = env.json("NOVAWEB_KEYSTONE_ROLES", default={})

# every door asks this one, which counts failures before it looks at a password
AUTHENTICATION_BACKENDS = [
    "migrations_app.audit.keystone_sign_in.KeystoneBackend"
    if NOVAWEB_KEYSTONE_SIGN_IN
    else "migrations_app.access.sign_in_backend.ThrottledBackend"
]
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
