#!/usr/bin/env bash
# oslo.config 10.7.0: a service that is started with --config-file, and without
# --config-dir, reads NAME.conf.d of its default folders too (~/.NAME, ~, /etc/NAME,
# /etc). What another installation left there sets every option that the given file does
# not name: --config-file replaces the default files alone. Only an explicit
# --config-dir, though of an empty folder, keeps the defaults out.
#
# Installs it in a temporary folder, and fails if it does otherwise.
[ -n "${BASH_VERSION:-}" ] || exec bash "$0" "$@"  # sh has no pipefail
set -euo pipefail
here=$(mktemp -d)
trap 'rm -rf "$here"' EXIT
python3 -m venv "$here/venv"
"$here/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
    oslo.config==10.7.0 oslo.i18n==6.9.0 debtcollector==3.1.0 netaddr==1.3.0 \
    PyYAML==6.0.3 requests==2.34.2 rfc3986==2.0.0 stevedore==5.10.0 wrapt==2.5.2

mkdir -p "$here/home/.nova/nova.conf.d" "$here/empty"
printf '[DEFAULT]\nhost = given\n' > "$here/given.conf"
printf '[DEFAULT]\nhost = left\ninstances_path = /left/behind\n' \
    > "$here/home/.nova/nova.conf.d/left.conf"

asked() {
    HOME=$here/home "$here/venv/bin/python" - "$@" << 'PYTHON'
import sys

from oslo_config import cfg

conf = cfg.ConfigOpts()
conf.register_opts([cfg.StrOpt("host"), cfg.StrOpt("instances_path")])
conf(sys.argv[1:], project="nova", prog="nova-compute")
print(conf.host, conf.instances_path)
PYTHON
}

file=$(asked --config-file "$here/given.conf")
both=$(asked --config-file "$here/given.conf" --config-dir "$here/empty")
echo "--config-file alone, host and instances_path: $file"
echo "the same and an empty --config-dir:           $both"
[ "$file" = "given /left/behind" ]
[ "$both" = "given None" ]
