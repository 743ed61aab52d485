"""How a host is asked what its nova-compute was configured with.

Of nova.conf only the options in ``OPTIONS`` leave the host, and none of them is a
secret.
"""

from __future__ import annotations

import shlex

from migrations_app.integrations.host_commands.oslo_config_values import PROGRAM

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
    "image_cache.subdirectory_name",
    "compute.live_migration_wait_for_vif_plug",
    "libvirt.virt_type",
    "libvirt.images_type",
    "libvirt.cpu_mode",
    "libvirt.cpu_models",
    "libvirt.live_migration_scheme",
    "libvirt.live_migration_inbound_addr",
    "libvirt.live_migration_uri",
    "libvirt.migration_inbound_addr",
    "libvirt.live_migration_tunnelled",
    "libvirt.live_migration_permit_post_copy",
    "libvirt.live_migration_permit_auto_converge",
    "libvirt.live_migration_parallel_connections",
    "libvirt.live_migration_timeout_action",
    "libvirt.live_migration_completion_timeout",
    "pci.device_spec",
    "serial_console.enabled",
    "vnc.enabled",
    "workarounds.skip_cpu_compare_on_dest",
    "workarounds.enable_numa_live_migration",
)

# Earlier names that Nova still takes (nova/conf, 34.0), and what they are now.
_FORMER = (
    "libvirt.cpu_model libvirt.cpu_models",
    "DEFAULT.image_cache_subdirectory_name image_cache.subdirectory_name",
    "DEFAULT.vnc_enabled vnc.enabled",
    "DEFAULT.pci_passthrough_whitelist pci.device_spec",
    "pci.passthrough_whitelist pci.device_spec",
)

LARGEST = 1 << 20  # bytes of a file; another is not read
MOST = 200  # files
SECONDS = 8  # that they may take
# Those that may be there several times, and hold all that was said then.
_REPEATED = ("pci.device_spec",)

# For after namespaces.NOVA. Afterwards ``$options`` holds the lines of ``OPTIONS`` that
# have a value, as Nova sees it, and ``$instances`` is the folder of the instances'
# folders, empty if its name could not be made out. ``$installed`` is where the package
# tells its version. ``$unread`` is not empty where a file that nova-compute reads could
# not be read or is too large, or none was found; where none was read, nothing is said
# of any option. ``$late`` is not empty where reading them took too long.
#
# The files are those that the running nova-compute was told to read, seen as it sees
# them; where none runs, those that it would read. The files and folders that
# oslo.config finds by itself come first, each kind only where none of it was named;
# then what was named, in its order (oslo_config/cfg.py, _parse_config_files,
# find_config_files and find_config_dirs of 10.7.0). RDO's packages read nova-dist.conf
# before all.
READ = rf"""args=
cwd=
common=
snap=
if [ -n "$pid" ]; then
  args=$(tr '\0' '\n' <"/proc/$pid/cmdline")
  cwd=$(readlink "/proc/$pid/cwd")
  snap=$(variable "$pid" SNAP)
  common=$(variable "$pid" SNAP_COMMON)
  if [ -z "$home" ]; then
    owner=$(awk '/^Uid:/ {{ print $2 }}' "/proc/$pid/status")
    home=$(awk -F: -v owner="$owner" '$3 == owner {{ print $6; exit }}' \
      "$root$(inside /etc/passwd)")
  fi
fi
there() {{ [ -L "$root$1" ] || {{ real=$(inside "$1") && [ -e "$root$real" ]; }}; }}
search() {{
  for name in nova nova-compute; do
    for place in ${{home:+"$home/.nova" "$home"}} /etc/nova /etc \
        ${{common:+"$common/etc/nova"}} ${{snap:+"$snap/etc/nova"}}; do
      if there "$place/$name$1"; then echo "$place/$name$1"; break; fi
    done
  done
}}
within() {{
  LC_ALL=C
  real=$(inside "$1") || return 0
  for each in "$root$real"/*.conf; do
    if [ -e "$each" ] || [ -L "$each" ]; then echo "${{each#"$root"}}"; fi
  done
}}
absolute() {{
  case "$1" in
    /*) echo "$1" ;;
    '~/'*) echo "$home${{1#'~'}}" ;;
    *) echo "$cwd/$1" ;;
  esac
}}
named() {{
  kind=
  printf '%s\n' "$args" | while IFS= read -r word; do
    case "$kind$word" in
      --config-file|--config-dir) kind=$word=; continue ;;
      --config-file=*) absolute "${{word#--config-file=}}" ;;
      --config-dir=*) within "$(absolute "${{word#--config-dir=}}")" ;;
    esac
    kind=
  done
}}
files=$(
  case "
$args" in *'
--config-file'*) ;; *)
    if there /usr/share/nova/nova-dist.conf; then
      echo /usr/share/nova/nova-dist.conf
    fi
    search .conf ;;
  esac
  case "
$args" in *'
--config-dir'*) ;; *)
    search .conf.d | while IFS= read -r folder; do within "$folder"; done ;;
  esac
  named
)
unread=yes
set --
if [ -n "$files" ]; then unread=; fi
while IFS= read -r file; do
  if [ -z "$file" ]; then
    continue
  elif real=$(inside "$file") && [ -f "$root$real" ] && [ -r "$root$real" ] \
      && [ "$(stat -L -c %s -- "$root$real")" -le {LARGEST} ] \
      && [ "$#" -lt {MOST} ]; then
    set -- "$@" "$root$real"
  else
    unread=yes
  fi
done <<NOVAWEB-FILES
$files
NOVAWEB-FILES
program=$(printf '%s\n' "$args" | grep -x '\(/[^[:space:]]*/\)\{{0,1\}}nova-compute' \
  | head -n 1)
installed=
for place in "$root${{program%/bin/nova-compute}}/lib/python3"*/site-packages \
  "$root/usr/lib/python3/dist-packages" "$root/usr/lib/python3."*/site-packages; do
  if [ -z "$installed" ] && [ -d "$place" ]; then
    for each in "$place"/nova-[0-9]*-info; do
      if [ -e "$each" ]; then installed=$each; fi
    done
  fi
done
# as oslo_utils/netutils.py, get_my_ipv4
case "$flags" in *n*) net="nsenter -t $pid -n --" ;; *) net= ;; esac
ip=$($net ip -4 route get 192.0.2.0 2>/dev/null | sed -n 's/.* src \([0-9.]*\).*/\1/p')
based=${{installed%/nova-*-info}}
tab=$(printf '\t')
options=
late=
[ "$#" -eq 0 ] || options=$(
  if [ -n "$pid" ]; then
    tr '\0' '\n' <"/proc/$pid/environ" 2>/dev/null \
      | grep '^OS_[A-Z_0-9]*__[A-Z_0-9]*='
  fi | LC_ALL=C timeout {SECONDS} awk -v wanted={shlex.quote(" ".join(OPTIONS))} \
    -v former={shlex.quote(" ".join(_FORMER))} \
    -v repeated={shlex.quote(" ".join(_REPEATED))} \
    -v known="DEFAULT.my_ip=$ip${{tab}}DEFAULT.host=$(uname -n)${{tab}}\
DEFAULT.pybasedir=${{based#"$root"}}${{tab}}DEFAULT.state_path=\$pybasedir${{tab}}\
DEFAULT.instances_path=\$state_path/instances${{tab}}\
libvirt.migration_inbound_addr=\$my_ip" \
    {shlex.quote(PROGRAM)} - from=files "$@"
) || {{ [ $? -ne 124 ] || late=yes; unread=yes; options=; }}
option() {{ echo "$options" | sed -n "s/^$1=//p"; }}
instances=$(option DEFAULT.instances_path)
case "$instances" in *'$'*|'') instances= ;; esac
"""
