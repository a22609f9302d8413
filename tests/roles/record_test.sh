#!/bin/bash
# provision/remote/record.sh: what it records, and that it names every kind of drift.
set -euo pipefail
script=$(cd "$(dirname "$0")/../.." && pwd)/provision/remote/record.sh
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

fail() { printf 'FAIL: %s\n  expected: %s\n  came:     %s\n' "$@"; exit 1; }
expect() { [[ $2 == "$3" ]] || fail "$@"; }
# record.sh as a node runs it, with its state below $dir.
node() { { printf '%s\n' "$1"; sed "s#^states=.*#states=$dir/var#" "$script"; } | env SUDO_USER="$(id -un)" sh -s; }
drift() { node mode=check | awk '$1 == "item" && $4 != $5 { print $2, ($5 == "-" ? "gone" : "changed") }'; }

expect "nothing recorded yet" "" "$(node mode=check)"

printf 'whole\n' >"$dir/file"
printf 'mine\n# BEGIN clustermpi\nours\n# END clustermpi\nmine\n' >"$dir/block"
printf 'mine\nours clustermpi\n' >"$dir/line"
items="file $dir/file
block $dir/block
line $dir/line
package no-such-package|dpkg
package dpkg
package no-such-package
file $dir/none
service no-such.service"
recorded=$(node "mode=record playbook=mpi inputs=abc items='$items'")
version=$(dpkg-query -W -f='${Version}' dpkg)
expect "first lines" "playbook mpi inputs abc" "$(head -n 2 <<<"$recorded" | xargs)"
expect "items, in their order" "$(cut -d' ' -f1,2 <<<"$items")" \
       "$(sed -n 's/^item \([^ ]* [^ ]*\) .*/\1/p' <<<"$recorded")"
file_state="$(stat -c '%a,%U' "$dir/file"),$(printf 'whole\n' | sha256sum | cut -d' ' -f1)"
expect "a file" "item file $dir/file $file_state $file_state" "$(grep "$dir/file " <<<"$recorded")"
block_sum=$(printf '# BEGIN clustermpi\nours\n# END clustermpi\n' | sha256sum | cut -d' ' -f1)
expect "a block" "item block $dir/block $block_sum $block_sum" "$(grep "$dir/block " <<<"$recorded")"
line_sum=$(printf 'ours clustermpi\n' | sha256sum | cut -d' ' -f1)
expect "a line" "item line $dir/line $line_sum $line_sum" "$(grep "$dir/line " <<<"$recorded")"
expect "a package" "item package dpkg $version $version" "$(grep 'package dpkg ' <<<"$recorded")"
expect "alternatives" "item package no-such-package|dpkg dpkg=$version dpkg=$version" \
       "$(grep -F 'no-such-package|dpkg' <<<"$recorded")"
expect "what is not there" "item file $dir/none - -" "$(grep "$dir/none " <<<"$recorded")"
expect "the same when asked" "$recorded" "$(node mode=check)"
expect "modes" "755 644" "$(stat -c %a "$dir/var" "$dir/var/mpi.state" | xargs)"

printf 'mine too\n' >>"$dir/block"
printf 'mine too\n' >>"$dir/line"
expect "text of the user's is no drift" "" "$(drift)"
chmod 600 "$dir/file"
expect "a mode" "file changed" "$(drift)"
chmod 644 "$dir/file"
printf 'x\n' >>"$dir/file"
expect "a content" "file changed" "$(drift)"
rm "$dir/file"
expect "a file removed" "file gone" "$(drift)"
sed -i 's/^ours$/theirs/' "$dir/block"
sed -i '/clustermpi$/d' "$dir/line"
expect "several" $'file gone\nblock changed\nline gone' "$(drift)"
node "mode=record playbook=mpi inputs=def items='block $dir/block'" >/dev/null
expect "recorded anew" "inputs def" "$(node mode=check | sed -n 2p)"
expect "no drift then" "" "$(drift)"
node "mode=record playbook=slurm inputs=ghi items='package dpkg'" >/dev/null
expect "playbooks have states of their own" "playbook mpi inputs def playbook slurm inputs ghi" \
       "$(node mode=check | grep -v ^item | xargs)"
expect "each with its items" "block package" "$(node mode=check | awk '$1 == "item" { print $2 }' | xargs)"

home=$(eval "echo ~$(id -un)")
printf 'x clustermpi\n' >"$dir/line"
ln -s "$dir/line" "$home/.clustermpi-record-test"
trap 'rm -rf "$dir" "$home/.clustermpi-record-test"' EXIT
expect "the home of who logged in" "item" \
       "$(node "mode=record playbook=mpi inputs=a items='line ~/.clustermpi-record-test'" | awk '$5 != "-" { print $1 }' | tail -n 1)"

rm -rf "${dir:?}/var"
: >"$dir/var"
status=0
node "mode=record playbook=mpi inputs=a items='file /x'" >/dev/null 2>&1 || status=$?
expect "a state that cannot be written" 1 "$status"
