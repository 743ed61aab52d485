#!/usr/bin/env bash
# Django 5.2.19, django.core.mail: an address with letters beyond ASCII before the @ is
# sent as an encoded word of RFC 2047, in its header and to the server in RCPT TO, though
# the server offers SMTPUTF8 (RFC 6531). RFC 2047, 5 forbids such a word in an address,
# and nobody has to decode it: it is the mailbox of another name.
#
# Installs it in a temporary folder, with a server on loopback, and fails if it does
# otherwise.
set -euo pipefail
here=$(mktemp -d)
trap 'rm -rf "$here"' EXIT
python3 -m venv "$here/venv"
"$here/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
    Django==5.2.19

cat > "$here/sends.py" << 'PYTHON'
import socketserver
import threading

from django.conf import settings
from django.core.mail import EmailMessage, get_connection

settings.configure(USE_I18N=False)
asked = []


class Server(socketserver.StreamRequestHandler):
    def handle(self):
        self.wfile.write(b"220 mail.example.org\r\n")
        while line := self.rfile.readline().rstrip(b"\r\n"):
            word = line[:4].upper()
            answer = b"250 ok"
            if word == b"EHLO":
                answer = b"250-mail.example.org\r\n250-8BITMIME\r\n250 SMTPUTF8"
            elif word == b"RCPT":
                asked.append(line.decode())
            elif word == b"DATA":
                self.wfile.write(b"354 go on\r\n")
                while self.rfile.readline() != b".\r\n":
                    pass
            elif word == b"QUIT":
                answer = b"221 bye"
            self.wfile.write(answer + b"\r\n")


with socketserver.TCPServer(("127.0.0.1", 0), Server) as server:
    threading.Thread(target=server.serve_forever, daemon=True).start()
    for to in ("anna@example.org", "jürgen@example.org"):
        message = EmailMessage("s", "b", "novaweb@example.org", [to])
        get_connection(
            "django.core.mail.backends.smtp.EmailBackend",
            host="127.0.0.1",
            port=server.server_address[1],
        ).send_messages([message])
        print(f"{to}: {asked[-1]}; To: {message.message()['To']}")
    server.shutdown()
PYTHON
said=$(cd "$here" && PYTHONIOENCODING=utf-8 venv/bin/python -W ignore sends.py 2> /dev/null)
echo "$said"
grep -qx 'anna@example.org: rcpt TO:<anna@example.org>; To: anna@example.org' <<< "$said"
word='=?utf-8?q?j=C3=BCrgen?='
grep -qxF "jürgen@example.org: rcpt TO:<$word@example.org>; To: $word@example.org" <<< "$said"
