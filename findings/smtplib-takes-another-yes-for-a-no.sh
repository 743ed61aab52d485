#!/usr/bin/env bash
# Python's smtplib (3.11 to 3.13) takes every reply to MAIL and to a whole message for a
# refusal unless it is 250, and every reply to RCPT unless it is 250 or 251: sendmail
# compares numbers. RFC 5321, 4.2.1, has the first digit decide what a client does not
# know. After a 2yz of its own a server has the message, and the sender raises
# SMTPDataError, or SMTPRecipientsRefused after a 252, and sends it again, for ever.
#
# Needs nothing but Python 3, with a server on loopback, and fails if it does otherwise.
[ -n "${BASH_VERSION:-}" ] || exec bash "$0" "$@"  # sh has no pipefail
set -euo pipefail
here=$(mktemp -d)
trap 'rm -rf "$here"' EXIT

cat > "$here/sends.py" << 'PYTHON'
import smtplib
import socket
import threading


def sent(rcpt=b"250 ok", done=b"250 ok"):
    replies = [b"220 x", b"250 x", b"250 ok", rcpt, b"354 go on", done]
    taken = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve():
            line, _ = server.accept()
            with line, line.makefile("rb") as heard:
                for number, reply in enumerate(replies):
                    if number == 5:
                        while (text := heard.readline()) not in (b".\r\n", b""):
                            taken.append(text)
                    elif number:
                        heard.readline()
                    line.sendall(reply + b"\r\n")
                    if number == 3 and rcpt[:3] not in (b"250", b"251"):
                        break

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            with smtplib.SMTP("127.0.0.1", server.getsockname()[1], "x", 9) as line:
                line.sendmail("a@example.org", ["b@example.org"], b"text\r\n")
            found = "sent"
        except smtplib.SMTPException as error:
            found = type(error).__name__
        thread.join()
    return f"{found}, the server has {len(taken)} line(s)"


print(f"250, 250: {sent()}")
print(f"251, 250: {sent(rcpt=b'251 will forward')}")
print(f"252, 250: {sent(rcpt=b'252 will try')}")
print(f"250, 200: {sent(done=b'200 queued')}")
PYTHON
said=$(python3 "$here/sends.py")
echo "$said"
grep -qx '250, 250: sent, the server has 1 line(s)' <<< "$said"
grep -qx '251, 250: sent, the server has 1 line(s)' <<< "$said"
grep -qx '252, 250: SMTPRecipientsRefused, the server has 0 line(s)' <<< "$said"
grep -qx '250, 200: SMTPDataError, the server has 1 line(s)' <<< "$said"
