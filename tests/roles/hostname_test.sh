#!/bin/bash
# provision/remote/hostname.sh: a name that is in force at once, after the next start, and for sudo.
set -euo pipefail
script=$(cd "$(dirname "$0")/../.." && pwd)/provision/remote/hostname.sh
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

fail() { printf 'FAIL: %s\n  expected: %s\n  came:     %s\n' "$@"; exit 1; }
expect() { [[ $2 == "$3" ]] || fail "$@"; }
mkdir -p "$dir/bin" "$dir/etc"
printf '#!/bin/sh\necho "$1" >>"%s/called"\n' "$dir" >"$dir/bin/hostname"
chmod +x "$dir/bin/hostname"
# The script as a node runs it, with its files below $dir, and without the power to rename this machine.
node() {
  { printf 'name=red01\nPATH=%s/bin:$PATH\n' "$dir"; sed "s#/etc/#$dir/etc/#g; s#^state=.*#state=$dir/state#" "$script"; } |
    sh -s 2>&1 || echo "status $?"
}
renames() {  # renames WHAT HOSTS RESULT, both as printf's format
  printf '%b' "$2" >"$dir/etc/hosts"
  expect "$1: what it says" "" "$(node)"
  expect "$1" "$(printf '%b' "$3")" "$(<"$dir/etc/hosts")"
}

renames "the installer's line" '127.0.0.1 localhost\n127.0.1.1\traspberrypi raspberrypi.lan\n' \
        '127.0.0.1 localhost\n127.0.1.1\tred01\n'
renames "no such line" '127.0.0.1 localhost\n' '127.0.0.1 localhost\n127.0.1.1\tred01\n'
renames "the name is there" '127.0.1.1 raspberrypi\n10.0.0.1 red01 red\n' '127.0.1.1 raspberrypi\n10.0.0.1 red01 red\n'
renames "longer names only" '10.0.0.1 red010 xred01\n' '10.0.0.1 red010 xred01\n127.0.1.1\tred01\n'
renames "in a comment only" '# 127.0.1.1 red01\n' '# 127.0.1.1 red01\n127.0.1.1\tred01\n'
expect "at once" red01 "$(sort -u "$dir/called")"
expect "after the next start" red01 "$(<"$dir/etc/hostname")"
expect "no cloud-init, no file of ours" "hostname hosts" "$(cd "$dir/etc" && echo ./* | sed 's#\./##g')"

ours=$dir/etc/cloud/cloud.cfg.d/99-clustermpi-hostname.cfg
mkdir -p "${ours%/*}"
renames "with cloud-init" '127.0.1.1 raspberrypi\n' '127.0.1.1\tred01\n'
expect "it keeps the name" "preserve_hostname: true" "$(grep -v '^#' "$ours")"
node
expect "the journal has it once" "file absent - $ours" "$(<"$dir/state/journal")"

rm -rf "$dir/etc/hostname" && mkdir "$dir/etc/hostname"
expect "a name that cannot be kept" "status 1" "$(node | tail -n 1)"
