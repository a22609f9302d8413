#!/bin/sh
# Takes away from this node what was added to it, and brings back what was there before. Runs as root through
# `sh -s`, and needs nothing that it removes. The program puts variables in front:
#
#   mode=list     prints what would go; changes nothing
#   mode=remove   makes it so; may be cut off at any point and run again
#   all=1         everything; else only what no other part that is installed here wants
#   parts='NAME ...'                      to reset
#   items='PART ROLE KIND NAME\n...'      what the roles of all parts leave on nodes (their managed.list)
#   programs='PATH ...'                   below the user's home, that were put there; they go with all
#   manager=1     jobs are asked for here
#
# It goes by the journal, /var/lib/clustermpi/journal, which has a line for each thing that was added, written
# before it was: `KIND WAS MORE NAME`. The first line on a name is right.
#
#   package new|configured asked|needed NAME    "configured": settings of an earlier installation were there
#   user|group - - NAME                         made by packages' scripts
#   path absent|found - PATH                    what daemons leave behind, before their packages came
#   file absent|kept - PATH                     a file of ours; the one that it replaced is below before/
#   block|line absent|ended|unended MODE,UID,GID|- PATH    a file with something of ours; whether its last
#                                               line had an end
#   word WORD - PATH                            of ours, on the first line of a file of others
#   folder absent - PATH                        made for our files
#   tree absent - PATH                          a Python environment: all that is in it is ours
#   asked ROLE - NAME                           a package that its role asked for here, and no list of its has
#   service disabled - NAME                     enabled by us
#
# Prints `KIND NAME` lines: job, stop, disable, unmount, file, restore, block, line, word, tree, leftover, package (and `asked`
# or `needed`), stays (a package that something else needs), user, group, own.

# shellcheck disable=SC2154  # the variables are the program's
set -u -f
LC_ALL=C
PATH="${PATH:-/usr/bin:/bin}:/usr/sbin:/sbin"
export LC_ALL PATH DEBIAN_FRONTEND=noninteractive NEEDRESTART_MODE=l

state=/var/lib/clustermpi
run=/run/clustermpi
journal=$state/journal
begin='# BEGIN clustermpi'
end='# END clustermpi'
off='# off by clustermpi: '
newline='
'

die() {
  echo "$*" >&2
  exit 1
}

# has LIST WORD: whether it is one of the lines.
has() {
  case "$newline$1$newline" in *"$newline$2$newline"*) return 0 ;; esac
  return 1
}

# --- What the parts are made of

# Parts that are installed here and stay.
find_others() {
  others=
  for part in $(printf '%s\n' "$items" | cut -d' ' -f1 | sort -u); do
    case " $parts " in *" $part "*) continue ;; esac
    if [ -e "$state/$part.state" ]; then others="$others $part"; fi
  done
}

# `ROLE NAME` of the items of a kind that no part wants that stays.
chosen() {
  printf '%s\n' "$items" | awk -v kind="$1" -v parts=" $parts " -v others="$others " '
    $3 == kind && index(others, " " $1 " ") { wanted[$4] = 1 }
    $3 == kind && index(parts, " " $1 " ") && !($4 in seen) { name[++n] = $4; seen[$4] = 1; role[n] = $2 }
    END { for (i = 1; i <= n; ++i) if (!(name[i] in wanted)) print role[i], name[i] }'
}

# The journal's entries of a kind, as `WAS MORE NAME`.
entries() {
  [ ! -e "$journal" ] || awk -v kind="$1" '$1 == kind { name = $0; sub(/^[^ ]* [^ ]* [^ ]* /, "", name)
    if (!(name in seen)) { seen[name] = 1; print $2, $3, name } }' "$journal"
}

# Whether Python environments go.
trees_go() { [ -n "$all" ] || [ -n "$(chosen venv)" ]; }

# --- Packages

# Packages that roles asked for on this node, and that no part has in its list that stays.
asked_here() {
  trees_go || return 0
  kept=$(printf '%s\n' "$items" | awk -v others="$others " '$3 == "package" && index(others, " " $1 " ") { print $4 }')
  entries asked | while read -r _ _ name; do
    has "$kept" "$name" || echo "$name"
  done
}

find_packages() {
  native=$(dpkg --print-architecture)
  journaled=$(entries package | sed 's/^[^ ]* [^ ]* //')
  present=$(dpkg-query -W -f='${db:Status-Status} ${Package} ${Architecture}\n' | awk -v native="$native" '
    $1 != "not-installed" && $1 != "config-files" { print $2 ($3 == native || $3 == "all" ? "" : ":" $3) }')
  added=$(entries package | while read -r was how name; do
    if has "$present" "$name"; then echo "$was $how $name"; fi
  done)
  leaving=
  [ -n "$added" ] || return 0
  # What came as a dependency and was asked for by hand later is the user's now.
  manual=$(apt-mark showmanual)
  named=$(chosen package | cut -d' ' -f2 | tr '|' '\n' && asked_here)
  loose=$(printf '%s\n' "$added" | while read -r _ how name; do
    if [ "$how" = needed ]; then
      has "$manual" "$name" || echo "$name"
    elif [ -n "$all" ] || has "$named" "$name"; then
      echo "$name"
    fi
  done)
  find_leaving
}

# Of the packages in $loose, those that nothing which stays depends on: apt's own judgement, had it brought
# just these by itself.
find_leaving() {
  marks=$(mktemp) || die "there is no room for a temporary file"
  for name in $loose; do
    case $name in
      *:*) printf 'Package: %s\nArchitecture: %s\nAuto-Installed: 1\n\n' "${name%:*}" "${name##*:}" ;;
      *) printf 'Package: %s\nArchitecture: %s\nAuto-Installed: 1\n\n' "$name" "$native" ;;
    esac
  done >"$marks"
  said=$(apt-get -s -q -o Dir::State::extended_states="$marks" -o APT::AutoRemove::RecommendsImportant=false \
    -o APT::AutoRemove::SuggestsImportant=false autoremove 2>&1)
  status=$?
  rm -f "$marks"
  if [ "$status" -eq 0 ]; then
    leaving=$(printf '%s\n' "$said" | sed -n 's/^Remv \([^ ]*\).*/\1/p')
  elif [ "$mode" = list ] && [ -n "$all" ]; then
    leaving=$loose # an installation was cut off; it is completed before anything is removed
  else
    die "apt-get cannot tell what may go: $(printf '%s\n' "$said" | sed -n 's/^E: //p' | head -n 1)"
  fi
}

# What an interrupted run of apt left half done has to be whole before anything can be removed.
repair_packages() {
  [ -n "$(dpkg --audit)" ] || return 0
  dpkg --configure -a >/dev/null 2>&1
  apt-get -y -qq --no-install-recommends -o DPkg::Lock::Timeout=600 --fix-broken install >/dev/null 2>&1
}

list_packages() {
  [ -n "$added" ] || return 0
  printf '%s\n' "$added" | while read -r _ how name; do
    if has "$leaving" "$name"; then
      echo "package $name $how"
    elif [ -n "$all" ]; then
      echo "stays $name"
    fi
  done
}

packages_of() { printf '%s\n' "$items" | awk -v role="$1" '$2 == role && $3 == "package" { print $4 }' | tr '|' '\n'; }

role_stays() {
  for name in $(packages_of "$1"); do
    if has "$present" "$name" && ! has "$leaving" "$name"; then return 0; fi
  done
  return 1
}

# Whether we brought a package that the role names, and none of them stays: then what its daemons left goes,
# too. A folder of that name where we brought none is somebody else's.
role_goes() {
  ! role_stays "$1" || return 1
  for name in $(packages_of "$1"); do
    if has "$journaled" "$name"; then return 0; fi
  done
  return 1
}

# Whether its services go: a run that was cut off after their packages went finds none.
services_go() {
  role_goes "$1" || return 1
  for name in $(packages_of "$1"); do
    if has "$leaving" "$name"; then return 0; fi
  done
  return 1
}

apt_removes() {
  # shellcheck disable=SC2086 # one word a package
  output=$(apt-get -y -qq -o DPkg::Lock::Timeout=600 -o Dpkg::Use-Pty=0 "$@" 2>&1 </dev/null) ||
    die "apt-get could not $1: $(printf '%s\n' "$output" | sed -n 's/^E: //p' | head -n 1)"
}

# Settings that were there before stay; what depends on such a package goes first, to be purged after it.
remove_packages() {
  [ -n "$leaving" ] || return 0
  configured=$(printf '%s\n' "$added" | sed -n 's/^configured [^ ]* //p')
  kept='' purged=''
  for name in $leaving; do
    if has "$configured" "$name"; then kept="$kept $name"; else purged="$purged $name"; fi
  done
  # shellcheck disable=SC2086 # one word a package
  [ -z "$kept" ] || apt_removes remove $kept
  # shellcheck disable=SC2086
  [ -z "$purged" ] || apt_removes purge $purged
}

# --- Services

list_services() {
  chosen service | while read -r role unit; do
    if services_go "$role" && systemctl -q is-active "$unit"; then echo "stop $unit"; fi
  done
  entries service | while read -r _ _ unit; do
    if is_chosen service "$unit" && systemctl -q is-enabled "$unit" 2>/dev/null; then echo "disable $unit"; fi
  done
}

# Jobs of which a step runs here, whether the controller knows or not.
steps() {
  set +f
  cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\0' '\n' | sed -n 's/^slurmstepd: \[\([0-9]*\).*/\1/p'
  set -f
}

queued() {
  if [ -n "$manager" ] && command -v squeue >/dev/null 2>&1 && [ -e /etc/slurm/slurm.conf ]; then
    env -i PATH="$PATH" timeout 10 squeue --noheader --format=%A 2>/dev/null
  fi
}

list_jobs() { { steps; queued; } | sort -n -u | sed 's/^/job /'; }

# Who got here with jobs running was told of them.
end_jobs() {
  jobs=$(queued)
  # shellcheck disable=SC2086 # one word a job
  [ -z "$jobs" ] || timeout 20 scancel $jobs
  tries=100
  while [ -n "$(steps)" ] && [ "$tries" -gt 0 ]; do
    sleep 0.3
    tries=$((tries - 1))
  done
}

# Settings of an earlier installation were there, and are to be as they were: what starts at boot is among them.
has_settings() {
  for name in $(packages_of "$1"); do
    if entries package | grep -q -x -e "configured [a-z]* $name"; then return 0; fi
  done
  return 1
}

# slurmd leaves its jobs alone when it stops.
stop_services() {
  chosen service | while read -r role unit; do
    services_go "$role" || continue
    if has_settings "$role"; then
      systemctl stop "$unit"
    else
      systemctl -q disable --now "$unit" 2>/dev/null
    fi
    systemctl kill --signal=KILL "$unit" 2>/dev/null
  done
  entries service | while read -r _ _ unit; do
    if is_chosen service "$unit"; then systemctl -q disable --now "$unit" 2>/dev/null; fi
  done
}

# --- What our block in /etc/fstab mounts

mounted() {
  is_chosen block /etc/fstab || return 0
  sed -n "/^$begin\$/,/^$end\$/p" /etc/fstab 2>/dev/null | awk '!/^#/ && NF > 1 { print $2 }' | while read -r path; do
    if mountpoint -q "$path"; then echo "$path"; fi
  done
}

unmount() {
  mounts=$(mounted)
  for path in $mounts; do
    for kind in automount mount; do
      systemctl stop "$(systemd-escape --path --suffix="$kind" "$path")" 2>/dev/null
    done
    ! mountpoint -q "$path" || die "$path is in use and cannot be unmounted: end what works there (fuser -vm $path)"
  done
}

# Daemons that were here before us run with what they had.
restart_services() {
  chosen service | while read -r role unit; do
    if role_stays "$role" && touches_files_of "$role"; then systemctl try-restart "$unit"; fi
  done
}

touches_files_of() {
  for name in $(printf '%s\n' "$items" | awk -v role="$1" '$2 == role && $3 == "file" { print $4 }'); do
    if has "$undone" "$name"; then return 0; fi
  done
  return 1
}

# --- Files

# is_chosen KIND NAME, of the journal.
is_chosen() {
  [ -z "$all" ] || return 0
  for candidate in $(chosen "$1" | cut -d' ' -f2); do
    case $candidate in [~]/*) candidate=$home/${candidate#??} ;; esac
    if [ "$candidate" = "$2" ] || [ "$(readlink -f "$candidate")" = "$2" ]; then return 0; fi
  done
  return 1
}

list_files() {
  entries file | while read -r was _ path; do
    is_chosen file "$path" || continue
    if [ "$was" = kept ]; then
      echo "restore $path"
    elif [ -e "$path" ]; then
      echo "file $path"
    fi
  done
  entries block | while read -r _ _ path; do
    if is_chosen block "$path" && grep -q -s -e "^$begin\$" -e "^$off" "$path"; then echo "block $path"; fi
  done
  entries line | while read -r _ _ path; do
    if is_chosen line "$path" && grep -q -s ' clustermpi$' "$path"; then echo "line $path"; fi
  done
  entries word | while read -r word _ path; do
    if is_chosen word "$path" && has_word "$word" "$path"; then echo "word $path"; fi
  done
  entries tree | while read -r _ _ path; do
    if trees_go && [ -e "$path" ]; then echo "tree $path"; fi
  done
}

has_word() { sed -n 1p "$2" 2>/dev/null | grep -q "[[:blank:]]$1\([[:space:]]\|\$\)"; }

# The file before is whole or not there: it was kept before ours was written.
undo_file() {
  if [ "$1" = absent ]; then
    rm -f "$2"
  else
    mkdir -p "${2%/*}" && cp -a "$state/before$2" "$2.clustermpi" && mv -f -T "$2.clustermpi" "$2"
  fi
}

# undo_part KIND WAS MODE,UID,GID PATH: our lines out, those that we turned off on again.
undo_part() {
  [ -e "$4" ] || return 0
  last=$(tail -n 1 "$4")
  if [ "$1" = block ]; then
    ends_with_ours=$([ "$last" = "$end" ] && echo 1)
    # A block that has lost its end has no end to go by: that one is left to whoever edited it.
    if ! awk -v b="$begin" -v e="$end" '$0 == b { b_seen = 1 } $0 == e && b_seen { ok = 1 } END { exit !ok }' "$4"; then
      sed -i "s/^$off//" "$4"
      return
    fi
    sed -i -e "/^$begin\$/,/^$end\$/d" -e "s/^$off//" "$4" || return 1
  else
    case $last in *' clustermpi') ends_with_ours=1 ;; *) ends_with_ours= ;; esac
    sed -i '/ clustermpi$/d' "$4" || return 1
  fi
  if [ "$2" = unended ] && [ -n "$ends_with_ours" ] && [ -s "$4" ]; then truncate -s -1 "$4"; fi
  if [ "$2" = absent ]; then
    [ -s "$4" ] || rm -f "$4"
  elif [ "$3" != - ]; then
    owner=${3#*,}
    chown "${owner%,*}:${owner#*,}" "$4" && chmod "${3%%,*}" "$4"
  fi
}

undo_files() {
  entries file | while read -r was _ path; do
    if is_chosen file "$path"; then undo_file "$was" "$path" || die "$path cannot be put back"; fi
  done || exit 1
  for kind in block line; do
    entries "$kind" | while read -r was more path; do
      if is_chosen "$kind" "$path"; then undo_part "$kind" "$was" "$more" "$path" || die "$path cannot be put back"; fi
    done || exit 1
  done
  entries word | while read -r word _ path; do
    is_chosen word "$path" && has_word "$word" "$path" || continue
    sed -i "1s/[[:blank:]]$word\([[:space:]]\|\$\)/\1/" "$path" || die "$path cannot be put back"
  done || exit 1
  entries tree | while read -r _ _ path; do
    ! trees_go || rm -rf "$path" || die "$path cannot be removed"
  done || exit 1
}

# Only where they are empty; the last made come first.
undo_folders() { entries folder | sed 's/^[^ ]* [^ ]* //' | sort -r | while read -r path; do rmdir "$path" 2>/dev/null; done; }

# --- What daemons leave

# `ROLE PATTERN` of what goes. Where the journal does not say that it was not there, it stays.
leftovers() {
  chosen leftover | while read -r role path; do
    case $path in
      "$run"/*) ;; # of ours alone
      *) if ! entries path | grep -q -x -F "absent - $path" || ! role_goes "$role"; then continue; fi ;;
    esac
    set +f
    for found in $path; do
      # A link of ours that a package has replaced since is the package's.
      if [ -d "$found" ] || { [ -e "$found" ] && ! dpkg-query -S "$found" >/dev/null 2>&1; }; then
        printf '%s\n' "$found"
      fi
    done
    set -f
  done
}

# What was there before its packages came, which take it along when they are purged: set aside for that time.
found_paths() {
  chosen leftover | while read -r role path; do
    if entries path | grep -q -x -F "found - $path" && role_goes "$role"; then echo "$path"; fi
  done
}

set_aside() {
  found_paths | while read -r path; do
    [ -e "$path" ] && [ ! -e "$state/aside$path" ] || continue
    mkdir -p "$state/aside${path%/*}" && chmod 0700 "$state/aside" &&
      cp -a -T "$path" "$state/aside$path.new" || exit 1
    packaged "$path" | while read -r file; do
      file=$state/aside$path.new${file#"$path"}
      if [ -d "$file" ] && [ ! -h "$file" ]; then rmdir "$file" 2>/dev/null; else rm -f "$file"; fi
    done
    mv -T "$state/aside$path.new" "$state/aside$path" || exit 1
  done || die "there is no room below $state for what is to stay"
}

# Packages' scripts delete accounts by name, whoever made them: what was there before comes back.
set_accounts_aside() {
  [ ! -e "$state/aside.accounts" ] || return 0
  rm -rf "$state/aside.accounts.new"
  if ! mkdir -p "$state" || ! mkdir -m 0700 "$state/aside.accounts.new"; then
    die "there is no room below $state for what is to stay"
  fi
  for database in passwd group shadow gshadow; do
    if [ -e "/etc/$database" ]; then cp -p "/etc/$database" "$state/aside.accounts.new/$database"; fi
  done
  mv "$state/aside.accounts.new" "$state/aside.accounts"
}

put_accounts_back() {
  for database in passwd group shadow gshadow; do
    [ -e "$state/aside.accounts/$database" ] || continue
    case $database in passwd | shadow) kind=user ;; *) kind=group ;; esac
    gone=$(awk -F: 'NR == FNR { there[$1] = 1; next } !($1 in there)' "/etc/$database" "$state/aside.accounts/$database")
    printf '%s\n' "$gone" | while read -r line; do
      if [ -n "$line" ] && ! entries "$kind" | grep -q -x -F -e "- - ${line%%:*}"; then printf '%s\n' "$line"; fi
    done >>"/etc/$database"
  done
  rm -rf "$state/aside.accounts"
}

# What the packages that go have below a path, the deepest first.
packaged() {
  for name in $leaving; do
    cat "/var/lib/dpkg/info/$name.list" "/var/lib/dpkg/info/$name:$native.list" 2>/dev/null
  done | awk -v folder="$1/" 'index($0, folder) == 1' | sort -r
}

put_back() {
  found_paths | while read -r path; do
    [ -e "$state/aside$path" ] || continue
    mkdir -p "$path" && cp -a -T "$state/aside$path" "$path" || exit 1
  done || die "what was set aside below $state/aside cannot be put back"
  rm -rf "$state/aside"
}

# --- Accounts

# Whether no package of ours that stays makes it.
account_goes() {
  set +f
  makers=$(grep -l -s -w -F -e "$1" /var/lib/dpkg/info/*.preinst /var/lib/dpkg/info/*.postinst /usr/lib/sysusers.d/*.conf)
  set -f
  for maker in $makers; do
    case $maker in
      /var/lib/dpkg/info/*) maker=${maker##*/} maker=${maker%.*} ;;
      *) maker=$(dpkg-query -S "$maker" 2>/dev/null | sed 's/: .*//') ;;
    esac
    maker=${maker%:"$native"}
    case "$added$newline" in *" $maker$newline"*) has "$leaving" "$maker" || return 1 ;; esac
  done
}

leaving_accounts() {
  for kind in user group; do
    entries "$kind" | while read -r _ _ name; do
      database=passwd
      [ "$kind" = user ] || database=group
      if grep -q "^$name:" "/etc/$database" && account_goes "$name"; then echo "$kind $name"; fi
    done
  done
}

remove_accounts() {
  printf '%s\n' "$leaving_accounts" | while read -r kind name; do
    case $kind in
      user) if grep -q "^$name:" /etc/passwd; then userdel "$name" >/dev/null 2>&1; fi ;;
      group) if grep -q "^$name:" /etc/group; then groupdel "$name" >/dev/null 2>&1; fi ;;
    esac
  done
}

# An installation that was cut off had no time to look which accounts its packages made.
complete_journal() {
  [ -e "$state/accounts.before" ] || return 0
  for database in passwd group; do
    awk -F: -v kind="$([ "$database" = passwd ] && echo user || echo group)" \
      '$3 < 1000 || $3 >= 60000 { print kind " - - " $1 }' "/etc/$database"
  done | grep -v -x -F -f "$state/accounts.before" >>"$journal"
  rm -f "$state/accounts.before"
}

# --- What is ours alone

own() {
  if [ -n "$all" ]; then
    for path in "$state/journal" "$state/before" "$state/accounts.before" "$state/kernel.state" "$run"; do
      if [ -e "$path" ]; then printf '%s\n' "$path"; fi
    done
    for path in $programs; do
      if [ -e "$home/$path" ]; then printf '%s\n' "$home/$path"; fi
    done
  fi
  for part in $parts; do
    if [ -e "$state/$part.state" ]; then printf '%s\n' "$state/$part.state"; fi
  done
}

# The journal goes last: with it an interrupted run can be run again.
remove_own() {
  for part in $parts; do rm -f "$state/$part.state"; done
  if [ -z "$all" ]; then
    forget_undone
    return
  fi
  rm -rf "$run"
  for path in $programs; do
    rm -f "$home/$path"
    rmdir "$home/${path%/*}" "$home/${path%%/*}" 2>/dev/null
  done
  rm -rf "$state/before"
  rm -f "$state/accounts.before" "$state/kernel.state" "$journal" "$journal.new"
  rmdir "$state" 2>/dev/null # a lab may have its nodes here
}

# What is undone must not be undone again: it may be the user's next time.
forget_undone() {
  [ -e "$journal" ] || return 0
  while read -r kind was more name; do
    case $kind in
      package) if has "$leaving" "$name"; then continue; fi ;;
      user | group) if has "$leaving_accounts" "$kind $name"; then continue; fi ;;
      file) if is_chosen file "$name"; then rm -f "$state/before$name" && continue; fi ;;
      block | line | service) if is_chosen "$kind" "$name"; then continue; fi ;;
      folder) if [ ! -d "$name" ]; then continue; fi ;;
      tree | asked) if trees_go; then continue; fi ;;
      path) if has "$(chosen leftover | cut -d' ' -f2)" "$name"; then continue; fi ;;
    esac
    printf '%s %s %s %s\n' "$kind" "$was" "$more" "$name"
  done <"$journal" >"$journal.new"
  sync "$journal.new" && mv -f "$journal.new" "$journal"
}

# --- The two modes

list() {
  list_jobs
  list_services
  mounted | sed 's/^/unmount /'
  list_files
  leftovers | sed 's/^/leftover /'
  list_packages
  leaving_accounts
  own | sed 's/^/own /'
}

remove() {
  undone=$(entries file | sed 's/^[a-z]* - //')
  leaving_accounts=$(leaving_accounts)
  end_jobs
  stop_services
  unmount
  undo_files
  [ -z "$mounts" ] || systemctl daemon-reload
  leftovers | while read -r path; do rm -rf "$path"; done
  set_aside
  set_accounts_aside
  remove_packages
  put_back
  put_accounts_back
  remove_accounts
  undo_folders
  restart_services
  remove_own
}

main() {
  home=$(getent passwd "${SUDO_USER:-root}" | cut -d: -f6)
  find_others
  if [ "$mode" = remove ]; then
    complete_journal
    repair_packages
  fi
  find_packages
  "$mode"
}

# Our stdin is this script: nobody else may read from it.
main </dev/null
