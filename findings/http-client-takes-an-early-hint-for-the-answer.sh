#!/usr/bin/env bash
# Python's http.client (3.11 to 3.13), and so urllib3 and requests, passes over an answer
# 100 Continue and no other 1xx: HTTPResponse.begin goes on while the status is 100. Where
# a server or a proxy says 103 Early Hints (nginx from 1.29 can pass them on) or 102
# first, that is the answer: it has no body, and the real one stays unread in the
# connection. A sender of webhooks takes a message that arrived for one that did not, and
# sends it again. RFC 9110, 15.2, wants all of them parsed, expected or not.
#
# Needs nothing but Python 3, with a server on loopback, and fails if it does otherwise.
[ -n "${BASH_VERSION:-}" ] || exec bash "$0" "$@"  # sh has no pipefail
set -euo pipefail
here=$(mktemp -d)
trap 'rm -rf "$here"' EXIT

cat > "$here/asks.py" << 'PYTHON'
import http.client
import socket
import threading

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def asked(first):
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve():
            line, _ = server.accept()
            with line:
                line.recv(65536)
                line.sendall(b"HTTP/1.1 " + first + b"\r\n\r\n" + ANSWER)
                line.recv(1)

        thread = threading.Thread(target=serve)
        thread.start()
        to = http.client.HTTPConnection("127.0.0.1", server.getsockname()[1], timeout=9)
        to.request("POST", "/", b"{}")
        answer = to.getresponse()
        found = f"{answer.status} {answer.read()}"
        to.close()
        thread.join()
        return found


for first in (b"100 Continue", b"102 Processing", b"103 Early Hints"):
    print(f"after {first.decode()}: {asked(first)}")
PYTHON
said=$(python3 "$here/asks.py")
echo "$said"
grep -qx "after 100 Continue: 200 b'ok'" <<< "$said"
grep -qx "after 102 Processing: 102 b''" <<< "$said"
grep -qx "after 103 Early Hints: 103 b''" <<< "$said"
