#!/usr/bin/env bash
# django-environ 0.14.0: EMAIL_URL=smtps://… gives EMAIL_USE_TLS, which is STARTTLS on a
# connection that begins as it is, and no EMAIL_USE_SSL. Elsewhere (curl, Postfix' own
# smtps service, RFC 8314 for port 465) smtps is TLS from the first byte. At port 465,
# where the server waits for TLS and the client for a greeting, both wait until one gives
# up; without a port Django asks 25. It is smtp+ssl:// that means TLS from the start.
#
# Installs it in a temporary folder, and fails if it does otherwise.
[ -n "${BASH_VERSION:-}" ] || exec bash "$0" "$@"  # sh has no pipefail
set -euo pipefail
here=$(mktemp -d)
trap 'rm -rf "$here"' EXIT
python3 -m venv "$here/venv"
"$here/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
    django-environ==0.14.0 Django==5.2.19

cat > "$here/reads.py" << 'PYTHON'
import environ

for scheme in ("smtp+tls", "smtp+ssl", "smtps"):
    made = environ.Env.email_url_config(f"{scheme}://user:word@mail.example.org:465")
    print(f"{scheme}: {' '.join(sorted(n for n in made if n.startswith('EMAIL_USE')))}")
PYTHON
said=$("$here/venv/bin/python" -W ignore "$here/reads.py")
echo "$said"
grep -qx 'smtp+tls: EMAIL_USE_TLS' <<< "$said"
grep -qx 'smtp+ssl: EMAIL_USE_SSL' <<< "$said"
grep -qx 'smtps: EMAIL_USE_TLS' <<< "$said"
