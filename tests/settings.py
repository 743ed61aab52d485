"""The settings under test: novaweb's own, in an environment that is the tests' own.

What the person who runs the tests has set for themselves must not reach them, and each
process of pytest gets a folder of its own, so that they run side by side.
"""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from pathlib import Path

for name in [name for name in os.environ if name.startswith(("NOVAWEB_", "OS_"))]:
    if not name.startswith(("NOVAWEB_TEST_", "NOVAWEB_LAB_")):
        del os.environ[name]

if "NOVAWEB_TEST_FOLDER" not in os.environ:
    # Set by pytest's first process, inherited by the others, removed by the first.
    os.environ["NOVAWEB_TEST_FOLDER"] = tempfile.mkdtemp(prefix="novaweb-tests-")
    atexit.register(shutil.rmtree, os.environ["NOVAWEB_TEST_FOLDER"], True)

state = Path(os.environ["NOVAWEB_TEST_FOLDER"]) / f"state-{os.getpid()}"
(state / "static").mkdir(parents=True, exist_ok=True)  # whitenoise looks for it
os.environ["NOVAWEB_STATE_DIR"] = str(state)
os.environ["NOVAWEB_TEST_DATABASE"] = str(state / "test.sqlite3")
if url := os.environ.get("NOVAWEB_TEST_DATABASE_URL"):
    os.environ["NOVAWEB_DATABASE_URL"] = url
# Nor what there is in a home or in /etc/openstack, where libraries would look.
common = Path(os.environ["NOVAWEB_TEST_FOLDER"])
os.environ["XDG_CACHE_HOME"] = str(common / "cache")
os.environ["NETRC"] = str(common / "netrc")
os.environ["OS_CLIENT_SECURE_FILE"] = str(state / "secure.yaml")
(state / "secure.yaml").write_text("{}\n", encoding="ascii")
os.environ["NOVAWEB_DEBUG"] = "true"
os.environ["NOVAWEB_LOG_LEVEL"] = "ERROR"
# Workers ask the cloud nothing beside what their test is about.
os.environ["NOVAWEB_LEAKS_EVERY"] = "0"
# Nobody answers here: a test that needs a server says so by the fixture redis_url.
os.environ["NOVAWEB_REDIS_URL"] = "redis://127.0.0.1:1/0"

# Most tests have no worker; those about who enters the hosts set this.
os.environ["NOVAWEB_HOSTS_ENTERED_BY"] = "self"

# Tests have clocks of their own, years from each other; those about sessions set this.
os.environ["NOVAWEB_SESSION_IDLE"] = str(20 * 366 * 24 * 60)
os.environ["NOVAWEB_SESSION_HOURS"] = str(20 * 366 * 24)
os.environ["NOVAWEB_REAUTHENTICATE"] = "0"

from novaweb.settings import *  # noqa: E402, F403 - reads the environment made above

# Signing in is no part of what most tests are about; let it cost nothing.
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

# No test outlives the machine that it runs on; the disk need not be waited for.
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):  # noqa: F405
    DATABASES["default"]["OPTIONS"]["init_command"] += "PRAGMA synchronous=OFF;"  # noqa: F405
