#!/usr/bin/env bash
# Django 5.2.19, django.core.mail: the domain of an address is encoded by Python's own
# codec, which is IDNA 2003 and writes ß as ss: a message to anna@straße.example goes to
# anna@strasse.example. By IDNA 2008 (RFC 5891; idna 3.20), as registries and browsers
# have it, these are two domains, which may be two people's. The same with the Greek
# final sigma.
#
# Installs it in a temporary folder, and fails if it does otherwise.
set -euo pipefail
here=$(mktemp -d)
trap 'rm -rf "$here"' EXIT
python3 -m venv "$here/venv"
"$here/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
    Django==5.2.19 idna==3.20

cat > "$here/writes.py" << 'PYTHON'
import idna
from django.conf import settings
from django.core.mail import EmailMessage

settings.configure(USE_I18N=False)
for domain in ("bücher.example", "straße.example", "φάρος.example"):
    message = EmailMessage("s", "b", "a@example.org", [f"anna@{domain}"]).message()
    right = idna.encode(domain, uts46=True).decode()
    print(f"{domain}: Django {message['To']}, IDNA 2008 anna@{right}")
PYTHON
said=$(PYTHONIOENCODING=utf-8 "$here/venv/bin/python" -W ignore "$here/writes.py")
echo "$said"
same='anna@xn--bcher-kva.example'
grep -qxF "bücher.example: Django $same, IDNA 2008 $same" <<< "$said"
grep -qxF 'straße.example: Django anna@strasse.example, IDNA 2008 anna@xn--strae-oqa.example' \
    <<< "$said"
grep -q '^φάρος.example: Django anna@xn--\(.*\).example, IDNA 2008' <<< "$said"
[ "$(grep -c 'Django \(.*\), IDNA 2008 \1$' <<< "$said")" = 1 ]
