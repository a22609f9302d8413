#!/bin/sh
# What is managed on this node and its state, kept in /var/lib/clustermpi/PLAYBOOK.state for each playbook.
# Runs as root through `sudo -n sh -s`; the program puts variables in front:
#
#   mode=record playbook=NAME inputs=DIGEST items='KIND NAME\n...'   after an install that ended well:
#                 writes the state of that playbook
#   mode=check    reads those of all playbooks; prints nothing where there is none
#
# Prints `playbook NAME`, `inputs DIGEST`, then for each item `item KIND NAME RECORDED CURRENT`: as it was when recorded, and
# now. `-` is an item that is not there. What CURRENT is for each kind:
#
#   file     MODE,OWNER,SHA-256 of the content
#   block    SHA-256 of the lines from `# BEGIN clustermpi` to `# END clustermpi`
#   line     SHA-256 of the lines that end in ` clustermpi`
#   package  the installed version; of alternatives (`chrony|ntpsec`) the first installed, as NAME=VERSION
#   service  what `systemctl is-active` says
#   venv     WAY:PACKAGE,... (`index` or `debian`), SHA-256 of what the files that its list names look like
#            (playbooks/roles/venv/files/venv.sh writes that list)
#
# A path may begin with `~/`, the home of the user who logged in. All items of a kind share one process:
# this runs at every start, on boards where a process costs milliseconds.

# shellcheck disable=SC2154  # playbook, inputs and items are the program's
set -u -f
LC_ALL=C
PATH="${PATH:-/usr/bin:/bin}:/usr/sbin:/sbin"
export LC_ALL PATH

states=/var/lib/clustermpi

# The home of the user who became root, into $home.
find_home() {
  case ${SUDO_USER:-root} in
    *[!A-Za-z0-9._-]*) home=/root ;;
    *) eval "home=~${SUDO_USER:-root}" ;;
  esac
}

# The path that an item's name stands for, into $path.
path_of() {
  case $1 in
    [~]/*) path=$home/${1#??} ;;
    *) path=$1 ;;
  esac
}

# `sum KIND NAME SHA-256` of the part of a file that a sed expression picks; nothing where it picks none.
sum_of_part() {
  path_of "$2"
  part=$(sed -n "$3" "$path") && [ -n "$part" ] || return 0
  part=$(printf '%s\n' "$part" | sha256sum)
  echo "sum $1 $2 ${part%% *}"
}

# `sum venv NAME ...`; nothing where it has no Python that runs. A look at sizes and times is enough: reading
# would take long.
sum_of_venv() {
  path_of "$1"
  list=$path/.clustermpi
  [ -x "$path/bin/python3" ] && [ -r "$list" ] || return 0
  ways=$(awk '$1 != "-" { way = $4 ~ /^\// ? "debian" : "index"; if (!seen[$1]++) printf "%s:%s,", way, $1 }' "$list")
  part=$({ readlink -f "$path/bin/python3"; cut -d' ' -f4- "$list" | (cd "$path" && xargs -r -d '\n' stat -c '%s %Y %n'); } |
    sha256sum)
  echo "sum venv $1 $ways${part%% *}"
}

# Raw observations of the items in $1, for report(). The lists are split at blanks on purpose.
# shellcheck disable=SC2086
observe() {
  files='' packages='' services=''
  while read -r kind name _; do
    case $kind in
      file)
        path_of "$name"
        files="$files $path"
        ;;
      block) sum_of_part block "$name" '/^# BEGIN clustermpi$/,/^# END clustermpi$/p' ;;
      line) sum_of_part line "$name" '/ clustermpi$/p' ;;
      venv) sum_of_venv "$name" ;;
      package) packages="$packages $name" ;;
      service) services="$services $name" ;;
    esac
  done <<EOF
$1
EOF
  if [ -n "$files" ]; then
    stat -c 'mode %n %a,%U' $files
    sha256sum $files
  fi
  # Alternatives are asked for like the rest.
  old_ifs=$IFS
  IFS="$IFS|"
  if [ -n "$packages" ]; then
    dpkg-query -W -f='package ${Package} ${Version} ${db:Status-Abbrev}\n' $packages
  fi
  IFS=$old_ifs
  if [ -n "$services" ]; then
    echo "services$services"
    systemctl is-active $services
  fi
}

# Joins observations with the items, which come after the line `items`: `KIND NAME [RECORDED]`. The lines
# between them that say whose they are stay as they are.
report() {
  awk -v home="$home" '
    function current(kind, name,    path, n, i, names) {
      path = name
      sub(/^~/, home, path)
      if (kind == "file") return path in content ? mode[path] "," content[path] : "-"
      if (kind == "service") return service[name]
      if (kind != "package") return (kind, name) in sum ? sum[kind, name] : "-"
      n = split(name, names, "|")
      for (i = 1; i <= n; ++i)
        if (names[i] in version) return (n > 1 ? names[i] "=" : "") version[names[i]]
      return "-"
    }
    items && ($1 == "playbook" || $1 == "inputs") { print; next }
    items { if (NF >= 2) print "item", $1, $2, (NF > 2 ? $3 : current($1, $2)), current($1, $2); next }
    $1 == "items" { items = 1 }
    $1 == "mode" { mode[$2] = $3 }
    $1 == "sum" { sum[$2, $3] = $4 }
    $1 == "package" { if ($4 ~ /^[ih]i/) version[$2] = $3 }
    NF == 2 && length($1) == 64 { content[$2] = $1 }
    waiting > 0 { service[unit[++answered]] = $1; --waiting }
    $1 == "services" { for (i = 2; i <= NF; ++i) unit[i - 1] = $i; waiting = NF - 1 }
  '
}

# The report on the items in $1.
examine() {
  find_home
  { observe "$1" 2>/dev/null; printf 'items\n%s\n' "$1"; } | report
}

record() {
  found=$(examine "$items")
  state=$states/$playbook.state
  mkdir -p "$states" && chmod 0755 "$states" || return 1
  {
    printf 'playbook %s\ninputs %s\n' "$playbook" "$inputs"
    printf '%s\n' "$found" | sed -n 's/^item \([^ ]* [^ ]*\) [^ ]* /\1 /p'
  } >"$state.new" && chmod 0644 "$state.new" && mv -f "$state.new" "$state" || return 1
  printf 'playbook %s\ninputs %s\n%s\n' "$playbook" "$inputs" "$found"
}

check() {
  set +f
  recorded=$(cat "$states"/*.state 2>/dev/null)
  set -f
  [ -z "$recorded" ] || examine "$recorded"
}

case ${mode:-} in
  record) record </dev/null ;;
  check) check </dev/null ;;
  *)
    echo "record.sh: mode is neither record nor check" >&2
    false
    ;;
esac
