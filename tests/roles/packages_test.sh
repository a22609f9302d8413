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
fake dpkg 'case $1 in --print-architecture) echo amd64 ;; --audit) cat "$FAKE/audit" 2>/dev/null ;; *) echo "dpkg $*" >>"$FAKE/calls" ;; esac'
fake sleep 'echo "sleep $1" >>"$FAKE/calls"'
fake apt-get '
for word in "$@"; do case $word in -*|*::*) ;; *) words="$words $word" ;; esac; done
echo "apt-get$words" >>"$FAKE/calls"
if [ -s "$FAKE/$1.errors" ]; then cat "$FAKE/$1.errors"; rm "$FAKE/$1.errors"; exit 100; fi
[ "$1" = install ] || exit 0

# apt hands the packages to those who asked for them, on stdin.
while [ "$#" -gt 0 ] && [ ! -s "$FAKE/$1.errors" ]; do
  case $1 in DPkg::Pre-Install-Pkgs::=*) { echo VERSION 3; cat "$FAKE/transaction"; } | sh -c "${1#*=}" ;; esac
  shift
done
echo "munge:x:105:" >>"$FAKE/group"
echo "munge:x:105:105::/:/bin/false" >>"$FAKE/passwd"
echo "ann:x:1001:1001::/home/ann:/bin/sh" >>"$FAKE/passwd"
[ ! -s "$FAKE/cut" ] || { rm "$FAKE/cut"; kill -KILL "$PPID"; }'

# brings PACKAGE...: leaves $status, $out, $err and $calls.
brings() {
  : >"$dir/calls"
  status=0
  printf 'root:x:0:0::/root:/bin/sh\n' >"$dir/passwd"
  printf 'root:x:0:\n' >"$dir/group"
  { echo "set -- $*"; sed -e "s#^state=.*#state=$dir/state#" -e "s#/etc/\(passwd\|group\)#$dir/\1#" "$script"; } | FAKE=$dir PATH=$dir:$PATH sh -s >"$dir/out" 2>"$dir/err" || status=$?
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

rm "$dir/audit"

# The journal: what apt is about to add, written before it does.
cat >"$dir/transaction" <<'END'
APT::Architecture=amd64

libssl3 3.0.1 amd64 same < 3.0.2 amd64 same /archives/libssl3.deb
g++ - - none < 12.2 amd64 none /archives/g++.deb
python3 - - none < 3.11 amd64 allowed /archives/python3.deb
libc6 - - none < 2.36 i386 same /archives/libc6.deb
perl-doc - - none < 5.36 all none /archives/perl-doc.deb
g++ - - none < 12.2 amd64 none **CONFIGURE**
END
journal() { cat "$dir/state/journal"; }
added='package configured asked g++
package new asked python3
package new needed libc6:i386
package new needed perl-doc'
accounts='user - - munge
group - - munge'

rm -rf "$dir/state"
brings make
expect "nothing missing: no journal" "" "$(ls -A "$dir/state" 2>/dev/null)"

mkdir -p "$dir/found"
leftovers="leftovers='$dir/found $dir/none $dir/fou*'"
brings "g++ python3
$leftovers"
expect "what was there, what is added, and its accounts" "path found - $dir/found
path absent - $dir/none
path found - $dir/fou*
$added
$accounts" "$(journal)"
expect "nothing is outstanding" journal "$(ls "$dir/state")"

mkdir "$dir/none"
echo 'slurmd - - none < 22.05 amd64 none /archives/slurmd.deb' >"$dir/transaction"
brings "slurmd
$leftovers"
expect "a second installation adds to it" "path found - $dir/found
path absent - $dir/none
path found - $dir/fou*
$added
$accounts
package new asked slurmd
$accounts" "$(journal)"

rm -rf "$dir/state"
echo yes >"$dir/cut"
brings slurmd
expect "cut off" 137 "$status"
expect "cut off: packages are in the journal" "package new asked slurmd" "$(journal)"
expect "cut off: the accounts before are known" $'user - - root\ngroup - - root' "$(cat "$dir/state/accounts.before")"
# The accounts that it made are found by the next run, though that one has nothing to install.
printf 'munge:x:105:105::/:/bin/false\nann:x:1001:1001::/:/bin/sh\n' >>"$dir/made"
{ echo "set -- make"; sed -e "s#^state=.*#state=$dir/state#" -e "s#/etc/\(passwd\|group\)#$dir/made#" "$script"; } |
  FAKE=$dir PATH=$dir:$PATH sh -s >/dev/null
expect "cut off: then the accounts, too" "package new asked slurmd
$accounts" "$(journal)"
