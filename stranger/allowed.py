"""What may be left on a machine, and why: a shell pattern each, ``*`` for any text.

The lab's part is what docs/lab.md says under "What it leaves on the machine"; a test
holds the two to each other.
"""

from __future__ import annotations

# The project's own folders, beside its clone: nothing in them is looked at.
OURS = {
    "/opt/novaweb-lab": "the lab's prefix",
}

# What the packages' own scripts make when they are installed, in no package's list.
OF_PACKAGES = {
    "/etc/alternatives/*": "update-alternatives",
    "/var/lib/dpkg/*": "dpkg's own records",
    "/var/lib/apt/*": "apt's own records",
    "/var/cache/apt/*": "apt's cache",
    "/var/cache/debconf/*": "debconf's records",
    "/var/log/apt/*": "apt's log",
    "/var/log/dpkg.log": "dpkg's log",
    "/var/log/alternatives.log": "the log of update-alternatives",
    "/var/cache/ldconfig/aux-cache": "ldconfig",
    "/etc/ld.so.cache": "ldconfig",
    "/usr/lib/python3*/__pycache__/*": "py3compile",
    "/usr/share/python3/*/__pycache__/*": "py3compile",
    "/etc/rc[0-6S].d/K*": "update-rc.d: what is not started",
    "/etc/systemd/system/*.wants/": "systemctl: nothing is started there",
    "/var/lib/systemd/deb-systemd-helper-*": "deb-systemd-helper's own records",
    "/etc/rabbitmq/rabbitmq-env.conf": "rabbitmq-server",
    "/etc/memcached.conf": "memcached",
    "/etc/ca-certificates.conf": "ca-certificates",
    "/etc/ssl/certs/*": "ca-certificates",
    "/usr/local/share/ca-certificates/": "ca-certificates",
    "/etc/fonts/conf.d/*": "fontconfig",
    "/usr/local/share/fonts/": "fontconfig",
    "/var/cache/fontconfig/*": "fontconfig",
    "/var/log/fontconfig.log": "fontconfig",
    "/etc/pam.d/common-*": "pam-auth-update",
    "/var/lib/pam/*": "pam-auth-update",
    "/usr/lib/*/gdk-pixbuf-2.0/*/loaders.cache": "a trigger of libgdk-pixbuf",
    "/usr/lib/*/gio/modules/giomodule.cache": "a trigger of glib",
    "/usr/lib/*/gtk-3.0/*/immodules.cache": "a trigger of GTK",
    "/usr/share/glib-2.0/schemas/gschemas.compiled": "a trigger of glib",
    "/usr/share/icons/*/icon-theme.cache": "a trigger of GTK",
    "/usr/share/mime/*": "a trigger of shared-mime-info",
    "/etc/machine-id": "systemd and dbus: what tells machines apart",
    "/var/lib/dbus/machine-id": "dbus",
    "/root/.ssh/": "systemd-tmpfiles: an empty folder",
    "/var/lib/private/": "systemd-tmpfiles",
    "/var/cache/private/": "systemd-tmpfiles",
    "/var/log/private/": "systemd-tmpfiles",
    "/var/log/journal/": "systemd-tmpfiles",
    "/var/log/README": "systemd-tmpfiles",
    "/var/lib/systemd/coredump/": "systemd-tmpfiles",
    "/var/lib/systemd/pstore/": "systemd-tmpfiles",
    "/var/lib/systemd/catalog/database": "journalctl",
    "/etc/ssh/ssh_host_*": "openssh-server: the keys of this machine",
    "/etc/passwd": "accounts: see USERS",
    "/etc/passwd-": "accounts",
    "/etc/group": "accounts",
    "/etc/group-": "accounts",
    "/etc/shadow": "accounts",
    "/etc/shadow-": "accounts",
    "/etc/gshadow": "accounts",
    "/etc/gshadow-": "accounts",
    "/etc/subuid": "accounts",
    "/etc/subgid": "accounts",
    "/etc/subuid-": "accounts",
    "/etc/subgid-": "accounts",
    "/etc/.pwd.lock": "accounts",
}

# What docs/lab.md names.
OF_THE_LAB = {
    "/etc/mysql/*": "mariadb-server",
    "/var/lib/mysql/*": "mariadb-server",
    "/var/lib/rabbitmq/*": "rabbitmq-server",
    "/var/lib/nova/": "libvirt hosts",
    "/var/lib/novaweb/": "libvirt hosts",
}

# Accounts that docs/lab.md names.
USERS = {
    "mysql": "mariadb-server, and what the lab's own runs as",
    "rabbitmq": "rabbitmq-server",
    "epmd": "erlang-base, for rabbitmq-server",
    "memcache": "memcached",
    "sshd": "libvirt hosts: openssh-server",
    "nova": "libvirt hosts: what their nova-compute runs as",
    "postgres": "make test: postgresql",
}
