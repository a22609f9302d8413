#!/bin/bash
# playbooks/roles/python/files/packages.sh, with an apt and a dpkg that note what they were asked for.
set -euo pipefail
script=$(cd "$(dirname "$0")/../.." && pwd)/playbooks/roles/python/files/packages.sh
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

fail() { printf 'FAIL: %s\n  expected: %s\n  came:     %s\n' "$@"; exit 1; }
expect() { [[ $2 == "$3" ]] || fail "$@"; }

fake() { printf '#!/bin/sh\n%s\n' "$2" >"$dir/$1"; chmod +x "$dir/$1"; }
fake dpkg-query 'printf "ii  make\nii  chrony\nrc  g++\niU  openmpi-bin\n"'
fake dpkg 'case $1 in --audit) cat "$FAKE/audit" 2>/dev/null ;; *) echo "dpkg $*" >>"$FAKE/calls" ;; esac'
fake sleep 'echo "sleep $1" >>"$FAKE/calls"'
fake apt-get '
for word in "$@"; do case $word in -*|*::*) ;; *) words="$words $word" ;; esac; done
echo "apt-get$words" >>"$FAKE/calls"
if [ -s "$FAKE/$1.errors" ]; then cat "$FAKE/$1.errors"; rm "$FAKE/$1.errors"; exit 100; fi'

# brings PACKAGE...: leaves $status, $out, $err and $calls.
brings() {
  : >"$dir/calls"
  status=0
  { echo "set -- $*"; cat "$script"; } | FAKE=$dir PATH=$dir:$PATH sh -s >"$dir/out" 2>"$dir/err" || status=$?
  out=$(<"$dir/out") err=$(<"$dir/err") calls=$(<"$dir/calls")
}

brings make "'systemd-timesyncd|chrony'"
expect "all there" "0 present" "$status $out"
expect "apt is left alone" "" "$calls"

brings make g++ openmpi-bin "'systemd-timesyncd|ntpsec'"
expect "what is missing" "installed g++ openmpi-bin systemd-timesyncd" "$out"
expect "one transaction" $'apt-get update\napt-get install g++ openmpi-bin systemd-timesyncd' "$calls"

printf 'W: x\nE: Failed to fetch http://a: Could not resolve a\nE: Some index files failed\n' >"$dir/update.errors"
brings python3
expect "lists that cannot be renewed: exit status" 1 "$status"
expect "lists that cannot be renewed: nothing is installed" "apt-get update" "$calls"
expect "lists that cannot be renewed: reason" \
       "apt-get update failed: Failed to fetch http://a: Could not resolve a" "$(tail -n 1 "$dir/err")"

printf 'E: Could not get lock /var/lib/apt/lists/lock. It is held by process 7 (apt-get)\n' >"$dir/update.errors"
brings python3
expect "held lists are waited for" $'apt-get update\nsleep 5\napt-get update\napt-get install python3' "$calls"

printf 'E: Unable to locate package python3\n' >"$dir/install.errors"
brings python3
expect "a failed install" "1 apt-get could not install python3: Unable to locate package python3" "$status $(tail -n 1 <<<"$err")"

echo 'half done' >"$dir/audit"
brings python3
expect "an interrupted installation is completed first" \
       $'apt-get update\ndpkg --configure -a\napt-get install\napt-get install python3' "$calls"
