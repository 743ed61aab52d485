"""All settings, read from the environment; docs/running.md explains each.

The defaults need nothing installed: SQLite and, while debugging, the pretend cloud.
A secret may be given as NAME or, better, as NAME_FILE: the path of a file with it. A
process whose settings are wrong does not start (environment.py, management/checks.py).
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from csp.constants import NONCE, NONE, SELF

from novaweb import logs
from novaweb.api_settings import REST_FRAMEWORK as REST_FRAMEWORK
from novaweb.api_settings import SPECTACULAR_SETTINGS as SPECTACULAR_SETTINGS
from novaweb.environment import Environment
from novaweb.sign_in_settings import *  # noqa: F403 - they are settings, too
from novaweb.sign_in_settings import env as sign_in_env

BASE_DIR = Path(__file__).resolve().parent.parent
env = Environment()

STATE_DIR = Path(env("NOVAWEB_STATE_DIR", default=str(BASE_DIR / ".state")))
DEBUG = env.bool("NOVAWEB_DEBUG", default=False)
SECRET_KEY = env("NOVAWEB_SECRET_KEY", default="")
SECRET_KEY_FALLBACKS = env.list("NOVAWEB_SECRET_KEY_FALLBACKS", default=[])
# The final newline of a file was once a part of the key: what is under that stays good.
if SECRET_KEY and (older := env.whole("NOVAWEB_SECRET_KEY")) != SECRET_KEY:
    SECRET_KEY_FALLBACKS = [*SECRET_KEY_FALLBACKS, older]
ALLOWED_HOSTS = env.list("NOVAWEB_ALLOWED_HOSTS", default=["localhost", "127.0.0.1"])
CSRF_TRUSTED_ORIGINS = env.list("NOVAWEB_TRUSTED_ORIGINS", default=[])

# ---- what novaweb is about ------------------------------------------------------
# Names of clouds in clouds.yaml (found as openstacksdk finds it: OS_CLIENT_CONFIG_FILE,
# the current folder, ~/.config/openstack). "pretend" is a simulated one, if allowed.
NOVAWEB_CLOUDS = env.list("NOVAWEB_CLOUDS", default=["pretend"])
NOVAWEB_ALLOW_PRETEND = env.bool("NOVAWEB_ALLOW_PRETEND", default=DEBUG)
NOVAWEB_PRETEND_FILE = env("NOVAWEB_PRETEND_FILE") or str(STATE_DIR / "pretend.sqlite3")
# How compute hosts are entered: for each cloud the path of an OpenSSH client
# configuration ("lab=/etc/novaweb/ssh_config"); none: they are not entered.
NOVAWEB_SSH = env.dict("NOVAWEB_SSH", default={})
# How Nova's database is entered, for the procedure "manual" alone: for each cloud the
# path of a MySQL option file; none: it is not.
NOVAWEB_NOVA_DB = env.dict("NOVAWEB_NOVA_DB", default={})
# Who enters them: "worker"; or "self", web processes too, for a site without workers.
NOVAWEB_HOSTS_ENTERED_BY = env("NOVAWEB_HOSTS_ENTERED_BY", default="worker")
# For how long a page waits until a worker takes up what it asks of them, in seconds.
NOVAWEB_LOOK_TIMEOUT = env.float("NOVAWEB_LOOK_TIMEOUT", default=20.0)
# For how many days "manual" keeps the source's folder, set aside, before it goes.
NOVAWEB_KEEP_DAYS = env.days("NOVAWEB_KEEP_DAYS", default=7)
# For how many days after a run's end its log is kept, and the answers of its probe; and
# what people were told, after it was sent. 0: for ever. The audit trail always is.
NOVAWEB_KEEP_LOGS_DAYS = env.days("NOVAWEB_KEEP_LOGS_DAYS", default=3650)
NOVAWEB_KEEP_SAMPLES_DAYS = env.days("NOVAWEB_KEEP_SAMPLES_DAYS", default=365)
NOVAWEB_KEEP_MESSAGES_DAYS = env.days("NOVAWEB_KEEP_MESSAGES_DAYS", default=365)
# How long a neighbour may take to answer one request, in seconds.
NOVAWEB_CLOUD_TIMEOUT = env.float("NOVAWEB_CLOUD_TIMEOUT", default=30.0, least=0.1)
# A run that waits is looked at again after at most this many seconds, and sooner at
# first. Nova refreshes the figures of a live migration every 5 s.
NOVAWEB_TICK = env.float("NOVAWEB_TICK", default=5.0, least=0.1)
# A worker that has not renewed its lease on a run for so long is taken for dead.
NOVAWEB_LEASE = env.float("NOVAWEB_LEASE", default=4.0)
# How often the inventory is read anew, in seconds.
NOVAWEB_SYNC_EVERY = env.float("NOVAWEB_SYNC_EVERY", default=60.0, least=0.1)
# Between two full scans only what changed is read. At which hour of the day the scan
# is, from 0 to 23, in NOVAWEB_TIME_ZONE.
NOVAWEB_FULL_SCAN_HOUR = env.int("NOVAWEB_FULL_SCAN_HOUR", default=3)
# For how long the history of the capacity is kept, in days: every five minutes, every
# hour, every day.
NOVAWEB_SNAPSHOT_FINE_DAYS = env.days("NOVAWEB_SNAPSHOT_FINE_DAYS", default=1)
NOVAWEB_SNAPSHOT_HOURLY_DAYS = env.days("NOVAWEB_SNAPSHOT_HOURLY_DAYS", default=31)
NOVAWEB_SNAPSHOT_DAYS = env.days("NOVAWEB_SNAPSHOT_DAYS", default=366)
# How often each host is looked at for what has leaked there, in seconds; 0: never.
NOVAWEB_LEAKS_EVERY = env.float("NOVAWEB_LEAKS_EVERY", default=3600.0, most=1e8)
# What one stream between two hosts carries, in Mbit/s: the base of every estimate
# between hosts of which nothing was measured.
NOVAWEB_COPY_SPEED = env.int("NOVAWEB_COPY_SPEED", default=1000, least=1)
# How much is copied from host to host to measure that, in MiB.
NOVAWEB_SPEED_SIZE = env.int("NOVAWEB_SPEED_SIZE", default=128, least=1)
# When neighbouring hosts are measured by themselves, every day, e.g. "03:30" in
# NOVAWEB_TIME_ZONE; empty: never.
NOVAWEB_SPEED_AT = env("NOVAWEB_SPEED_AT", default="")
# Which networks may be probed besides an instance's own addresses, as CIDRs.
NOVAWEB_PROBE_NETWORKS = env.list("NOVAWEB_PROBE_NETWORKS", default=[])
# A ticket must look like this (a regular expression); empty: anything goes.
NOVAWEB_TICKET_PATTERN = env("NOVAWEB_TICKET_PATTERN", default="")
# Where a ticket can be read, with {ticket} in it; empty: no link.
NOVAWEB_TICKET_URL = env("NOVAWEB_TICKET_URL", default="")
# Under which address people reach novaweb: for links in messages.
NOVAWEB_URL = env("NOVAWEB_URL", default="http://localhost:8000")
# The mail server, e.g. smtp+tls://user:password@mail.example.org:587; empty: no e-mail.
NOVAWEB_EMAIL_URL = env("NOVAWEB_EMAIL_URL", default="")
# From whom novaweb's messages are.
NOVAWEB_EMAIL_FROM = env("NOVAWEB_EMAIL_FROM", default="novaweb@localhost")
# Which networks that are not public webhooks may be in, as CIDRs; http is taken there.
NOVAWEB_WEBHOOK_NETWORKS = env.list("NOVAWEB_WEBHOOK_NETWORKS", default=[])
# Files of revoked certificates (CRLs, PEM), by whose they are: clouds, mail, webhooks,
# sign-in ("clouds=/etc/novaweb/clouds.crl").
NOVAWEB_TLS_CRL = env.dict("NOVAWEB_TLS_CRL", default={})
# The audit trail is signed: with which Ed25519 key (path of a PEM file; manage.py
# audit_key makes one), and into which file outside the database. Empty: it is not.
NOVAWEB_AUDIT_KEY = env("NOVAWEB_AUDIT_KEY", default="")
NOVAWEB_AUDIT_SIGNED = env("NOVAWEB_AUDIT_SIGNED", default="")
# Where syslog takes each signature, too: /dev/log, or host:port by UDP.
NOVAWEB_AUDIT_SYSLOG = env("NOVAWEB_AUDIT_SYSLOG", default="")
# How long a request may wait for its approvals, in days.
NOVAWEB_REQUEST_DAYS = env.days("NOVAWEB_REQUEST_DAYS", default=14)

# ---- Django ---------------------------------------------------------------------
INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "allauth.account",
    "allauth.mfa",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "csp",
    "django_filters",
    "django_htmx",
    "django_prometheus",
    "django_rq",
    "django_structlog",
    "django_tables2",
    "drf_spectacular",
    "knox",
    "rest_framework",
    "migrations_app",
]

MIDDLEWARE = [
    "django_prometheus.middleware.PrometheusBeforeMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "novaweb.private_pages.PrivatePages",
    "csp.middleware.CSPMiddleware",
    "novaweb.null_characters.no_null_characters",  # before a session is looked for
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "migrations_app.web.accounts.session_use.SessionUse",
    "allauth.account.middleware.AccountMiddleware",
    # deny by default: a view is open only when it says so
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "migrations_app.web.accounts.second_factor_due.SecondFactorDue",
    "migrations_app.web.accounts.own_display.OwnDisplay",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "django_structlog.middlewares.RequestMiddleware",
    "novaweb.methods.pages_take_few",  # behind what logs it
    "django_prometheus.middleware.PrometheusAfterMiddleware",
]

ROOT_URLCONF = "novaweb.urls"
ASGI_APPLICATION = "novaweb.asgi.application"
WSGI_APPLICATION = "novaweb.wsgi.application"

TAGS = "audit_proof audit_trail capacity copy_speeds notifications novaweb runs windows"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "libraries": {t: f"migrations_app.web.tags.{t}" for t in TAGS.split()},
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "migrations_app.web.page.frame",
            ],
        },
    },
]

DATABASES = {
    "default": env.db_url(
        "NOVAWEB_DATABASE_URL", default=f"sqlite:///{STATE_DIR / 'novaweb.sqlite3'}"
    )
}
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    DATABASES["default"]["OPTIONS"] = {
        # take the write lock at BEGIN: two writers queue up instead of failing
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
    }
    # a file even in tests: threads and worker processes must see the same rows
    DATABASES["default"]["TEST"] = {"NAME": env("NOVAWEB_TEST_DATABASE", default=None)}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

NOVAWEB_REDIS_URL = env("NOVAWEB_REDIS_URL", default="redis://127.0.0.1:6379/0")
RQ_QUEUES = {
    name: {
        "URL": NOVAWEB_REDIS_URL,
        "DEFAULT_TIMEOUT": -1,
        "SERIALIZER": "rq.serializers.JSONSerializer",  # never pickle: it runs code
    }
    for name in ("runs", "inventory", "default")
}
# how long jobs are kept is said with each of them (runs/wakeup.py)

# novaweb's messages go another way (integrations/adapters/smtp); Django has none
EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"

LANGUAGE_CODE = "en-gb"
TIME_ZONE = env.zone("NOVAWEB_TIME_ZONE", default="UTC")
USE_TZ = True
USE_I18N = False

STATIC_URL = "static/"
STATIC_ROOT = STATE_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}

# ---- security -------------------------------------------------------------------
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF, NONCE],
        "style-src": [SELF, NONCE],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    }
}
# Bytes of a form without its files; request_bodies.py bounds whole bodies before that.
DATA_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
# A session ends when it was not used for so many minutes, and in any case after so many
# hours; the cookie with the browser.
NOVAWEB_SESSION_IDLE = env.float("NOVAWEB_SESSION_IDLE", default=30.0, most=1e8)
NOVAWEB_SESSION_HOURS = env.float("NOVAWEB_SESSION_HOURS", default=12.0)
# To approve a move, for an emergency start and its review, to delegate and to change
# policies, people enter their password again, or a second factor, if they did so more
# than so many minutes ago; 0: they need not.
NOVAWEB_REAUTHENTICATE = env.float("NOVAWEB_REAUTHENTICATE", default=15.0)
SESSION_ENGINE = "migrations_app.access.session_store"
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
SESSION_COOKIE_AGE = int(NOVAWEB_SESSION_IDLE * 60)
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_HTTPONLY = True  # scripts take it from the page
HTTPS = env.bool("NOVAWEB_HTTPS", default=False)
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_SSL_REDIRECT = HTTPS
if HTTPS:
    # Browsers take such a cookie from this very host alone, and send it nowhere else.
    SESSION_COOKIE_NAME = "__Host-sessionid"
    CSRF_COOKIE_NAME = "__Host-csrftoken"
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS else None
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
# What it says of other hosts than ours, somebody has to ask for.
HSTS_SECONDS = env.int("NOVAWEB_HSTS_SECONDS", default=31536000)
SECURE_HSTS_SECONDS = HSTS_SECONDS if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = env.bool("NOVAWEB_HSTS_SUBDOMAINS", default=False)
SECURE_HSTS_PRELOAD = env.bool("NOVAWEB_HSTS_PRELOAD", default=False)
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]

# ---- the API --------------------------------------------------------------------
# How long a token is good for that POST /api/token/ gives, in hours.
NOVAWEB_TOKEN_HOURS = env.float("NOVAWEB_TOKEN_HOURS", default=10.0)
# Who may read /metrics: whoever sends this as a bearer token; empty: nobody.
NOVAWEB_METRICS_TOKEN = env("NOVAWEB_METRICS_TOKEN", default="")
REST_KNOX = {
    "AUTH_HEADER_PREFIX": "Bearer",
    "TOKEN_LIMIT_PER_USER": None,
    "TOKEN_TTL": timedelta(hours=NOVAWEB_TOKEN_HOURS),
    "AUTO_REFRESH": False,
}

# ---- logging --------------------------------------------------------------------
LOGGING = logs.configured(
    form=env.one_of("NOVAWEB_LOG_FORMAT", ("plain", "json"), default="plain"),
    level=env.one_of("NOVAWEB_LOG_LEVEL", logs.LEVELS, default="INFO"),
)

if not SECRET_KEY and DEBUG:
    SECRET_KEY = "debug-only-key-that-is-refused-without-NOVAWEB_DEBUG-" + "0" * 20

ENVIRONMENT_NAMES = env.names | sign_in_env.names
env.wrong += sign_in_env.wrong
env.refuse()
