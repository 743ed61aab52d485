"""The awk program that reads configuration files as oslo.config does.

oslo_config/iniparser.py and cfg.py of 10.7.0: ``name = value`` and ``name: value``,
whichever mark comes first; one pair of quotes is taken off; a line that is moved in
goes on with the value above it; the last file wins; the names of sections, but for
DEFAULT, go by their small letters; an environment variable OS_SECTION__NAME beats every
file; and ``$name``, ``${name}`` and ``$section.name`` stand for other options, a name
without a section for one of the same section first.

The author of such a file must not keep its reader busy: a value has at most 16 KiB, and
at most 2000 references are followed. A longer value is none, and one that refers to
what was not followed keeps its ``$``.
"""

from __future__ import annotations

# Its standard input is nova-compute's environment, a variable a line, and then, after
# the operand ``from=files``, come the files, the last one last. ``wanted`` names the
# options that are printed, as section.name=value, ``known`` the values of those that
# nobody set, as section.name=value, tab between them. What refers to something that
# has no value keeps its ``$``. A value of several lines is printed in one, and so are
# all values of an option in ``repeated``.
PROGRAM = r"""
function get(section, name, depth,    variable, key) {
  variable = "OS_" toupper(section) "__" toupper(name)
  key = section "." name
  found = 1
  if (variable in environ) return substitute(environ[variable], section, depth + 1)
  if (key in value) return substitute(value[key], section, depth + 1)
  found = 0
  return ""
}
function refer(section, name, depth,    dot, text) {
  if (depth > 20 || ++references > most_references) { found = 0; return "" }
  dot = index(name, ".")
  if (dot) return get(tolower(substr(name, 1, dot - 1)), substr(name, dot + 1), depth)
  text = get(section, name, depth)
  if (!found && section != "DEFAULT") text = get("DEFAULT", name, depth)
  return text
}
function substitute(text, section, depth,    out, token, name, with) {
  gsub(/\\[$]/, "$$", text)
  out = ""
  while (match(text, \
      /[$]([$]|[_A-Za-z][._A-Za-z0-9]*|[{][_A-Za-z][._A-Za-z0-9]*[}])/)) {
    token = substr(text, RSTART, RLENGTH)
    out = out substr(text, 1, RSTART - 1)
    text = substr(text, RSTART + RLENGTH)
    if (token == "$$") { out = out "$"; continue }
    name = token
    gsub(/[${}]/, "", name)
    with = refer(section, name, depth)
    out = out (found ? with : token)
    if (length(out) > longest) break
  }
  found = 1
  return out text
}
function assign(    full) {
  full = section "." name
  if (full in renamed) full = renamed[full]
  if (name != "" && full in value && index(" " repeated " ", " " full " ")) {
    if (length(value[full]) <= longest) value[full] = value[full] " " held
  } else if (name != "") value[full] = held
  name = ""
}
BEGIN {
  longest = 16384
  most_references = 2000
  count = split(known, given, "\t")
  for (i = 1; i <= count; i++) {
    at = index(given[i], "=")
    if (at < length(given[i]))
      value[substr(given[i], 1, at - 1)] = substr(given[i], at + 1)
  }
  count = split(former, given, " ")
  for (i = 1; i < count; i += 2) renamed[given[i]] = given[i + 1]
}
from != "files" {
  at = index($0, "=")
  environ[substr($0, 1, at - 1)] = substr($0, at + 1)
  next
}
FNR == 1 { assign(); section = "DEFAULT" }
{ sub(/[ \t\r\f\v]+$/, "") }
/^$/ { assign(); next }
/^[ \t]/ {
  line = $0
  sub(/^[ \t\f\v]+/, "", line)
  if (name != "" && length(held) <= longest) held = held " " line
  next
}
{ assign() }
/^\[.+\]$/ {
  section = substr($0, 2, length($0) - 2)
  if (section != "DEFAULT") section = tolower(section)
  next
}
/^[#;[]/ { next }
match($0, /[=:]/) {
  name = substr($0, 1, RSTART - 1)
  sub(/[ \t]+$/, "", name)
  held = substr($0, RSTART + 1)
  sub(/^[ \t]+/, "", held)
  mark = substr(held, 1, 1)
  if ((mark == "\"" || mark == "\047") && mark == substr(held, length(held)))
    held = substr(held, 2, length(held) - 2)
}
END {
  assign()
  count = split(wanted, names, " ")
  for (i = 1; i <= count; i++) {
    at = index(names[i], ".")
    text = get(substr(names[i], 1, at - 1), substr(names[i], at + 1), 0)
    if (found && length(text) <= longest) print names[i] "=" text
  }
}
"""
