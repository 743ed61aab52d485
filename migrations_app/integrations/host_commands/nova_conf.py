"""How a host is asked what its nova-compute was configured with.

Of nova.conf only the options in ``OPTIONS`` leave the host, and none of them is a
secret.
"""

from __future__ import annotations

# What of nova.conf the pre-flight reads, as section.name.
OPTIONS = (
    "DEFAULT.state_path",
    "DEFAULT.instances_path",
    "DEFAULT.use_cow_images",
    "DEFAULT.my_ip",
    "DEFAULT.config_drive_format",
    "DEFAULT.force_config_drive",
    "DEFAULT.resize_confirm_window",
    "DEFAULT.max_concurrent_live_migrations",
    "DEFAULT.vif_plugging_timeout",
    "DEFAULT.vif_plugging_is_fatal",
    "DEFAULT.reserved_host_disk_mb",
    "cinder.cross_az_attach",
    "compute.live_migration_wait_for_vif_plug",
    "libvirt.virt_type",
    "libvirt.images_type",
    "libvirt.cpu_mode",
    "libvirt.cpu_models",
    "libvirt.live_migration_scheme",
    "libvirt.live_migration_inbound_addr",
    "libvirt.live_migration_tunnelled",
    "libvirt.live_migration_permit_post_copy",
    "libvirt.live_migration_permit_auto_converge",
    "libvirt.live_migration_parallel_connections",
    "libvirt.live_migration_timeout_action",
    "serial_console.enabled",
    "vnc.enabled",
    "workarounds.skip_cpu_compare_on_dest",
    "workarounds.skip_hypervisor_version_check_on_lm",
    "workarounds.enable_numa_live_migration",
)

# Afterwards ``$pid`` is nova-compute's, ``$root`` its root, ``$options`` holds what it
# was told, and ``$instances`` is the folder of the instances' folders. ``$unread`` is
# not empty where a file that it reads could not be read, or none was found.
# The files that the running nova-compute was told to read, seen as it sees them (it
# may live in a container); where none runs, those that it would read. As oslo.config
# does, folders that nobody named are read, too, unless one was named, and before the
# files that were named (oslo_config/cfg.py, _parse_config_files).
READ = f"""pid=$(grep -lzx '\\(/[^[:space:]]*/\\)\\{{0,1\\}}nova-compute' \\
  /proc/[0-9]*/cmdline 2>/dev/null | head -n 1 | cut -d/ -f3)
root=
args=
home=
if [ -n "$pid" ]; then
  if [ -d "/proc/$pid/root/etc" ]; then root=/proc/$pid/root; fi
  args=$(tr '\\0' '\\n' <"/proc/$pid/cmdline")
  home=$(tr '\\0' '\\n' 2>/dev/null <"/proc/$pid/environ" | sed -n 's/^HOME=//p')
fi
named() {{ echo "$args" | sed -n -e "s/^--$1=//p" -e "/^--$1\\$/{{n;p;}}"; }}
search() {{
  for name in nova nova-compute; do
    for place in ${{home:+"$home/.nova" "$home"}} /etc/nova /etc; do
      if [ -e "$root$place/$name$1" ]; then echo "$place/$name$1"; break; fi
    done
  done
}}
within() {{ for folder; do (cd "$root/" && ls ".$folder"/*.conf 2>/dev/null); done; }}
files=$(named config-file)
folders=$(named config-dir)
if [ -z "$folders" ]; then files="$(within $(search .conf.d)) $files"; fi
if [ -z "$(named config-file)" ]; then
  dist=/usr/share/nova/nova-dist.conf
  if [ ! -e "$root$dist" ]; then dist=; fi
  files="$dist $(search .conf) $files"
fi
files="$files $(within $folders)"
unread=yes
for file in $files; do unread=; done
for file in $files; do
  if [ ! -r "$root/$file" ]; then unread=yes; fi
done
options=$(
  for file in $files; do
    if [ -r "$root/$file" ]; then awk '
      BEGIN {{ section = "DEFAULT" }}
      /^[ \\t]*[#;]/ {{ next }}
      /^\\[/ {{
        section = $0; gsub(/[][ \\t\\r]/, "", section)
        if (section != "DEFAULT") section = tolower(section)
        next
      }}
      /^[A-Za-z_]/ && match($0, /[=:]/) {{
        name = substr($0, 1, RSTART - 1); gsub(/[ \\t]/, "", name)
        value = substr($0, RSTART + 1); gsub(/^[ \\t]+|[ \\t\\r]+$/, "", value)
        if (value ~ /^".*"$/ || value ~ /^\\047.*\\047$/)
          value = substr(value, 2, length(value) - 2)
        if (index(" {" ".join(OPTIONS)} ", " " section "." name " "))
          print section "." name "=" value
      }}' "$root/$file"; fi
  done
)
option() {{ echo "$options" | sed -n "s/^$1=//p" | tail -n 1; }}
state=$(option DEFAULT.state_path)
state=${{state:-/var/lib/nova}}
instances=$(option DEFAULT.instances_path)
case "$instances" in
  '') instances=$state/instances ;;
  '$state_path'|'$state_path/'*) instances=$state${{instances#?state_path}} ;;
  '${{state_path}}'*) instances=$state${{instances#??state_path?}} ;;
esac
"""
