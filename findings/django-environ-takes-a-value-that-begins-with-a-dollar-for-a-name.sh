#!/usr/bin/env bash
# django-environ 0.14.0: a value that begins with $ is taken for the name of another
# variable, and where there is none the default is given without a word: a password or
# key $k0… is silently the empty one, from NAME_FILE too. escape_proxy=True takes \$ for
# $, but then everywhere in every value. Of NAME_FILE's file the final newline is a part
# of the value, and of a list the blanks after its commas are.
#
# Installs it in a temporary folder, and fails if it does otherwise.
[ -n "${BASH_VERSION:-}" ] || exec bash "$0" "$@"  # sh has no pipefail
set -euo pipefail
here=$(mktemp -d)
trap 'rm -rf "$here"' EXIT
python3 -m venv "$here/venv"
"$here/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
    django-environ==0.14.0 Django==5.2.19
printf '%s\n' 'sesame' > "$here/token"

cat > "$here/reads.py" << 'PYTHON'
import environ

env = environ.FileAwareEnv()
print("begins with $:", repr(env("PASSWORD", default="the default")))
print("has two inside:", repr(env("OTHER", default="the default")))
print("from a file:", repr(env("TOKEN", default="the default")))
print("a list:", env.list("CLOUDS", default=[]))
PYTHON
said=$(PASSWORD='$k0sesame' OTHER='pa$$word' TOKEN_FILE=$here/token CLOUDS='lab, other' \
    "$here/venv/bin/python" -W ignore "$here/reads.py")
echo "$said"
grep -qxF "begins with \$: 'the default'" <<< "$said"
grep -qxF "has two inside: 'pa\$\$word'" <<< "$said"
grep -qxF "from a file: 'sesame\\n'" <<< "$said"
grep -qxF "a list: ['lab', ' other']" <<< "$said"
