#!/bin/bash
# provision/remote/authorize.sh: what it does to ~/.ssh, on homes of all kinds.
set -euo pipefail
script=$(cd "$(dirname "$0")/../.." && pwd)/provision/remote/authorize.sh
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

fail() { printf 'FAIL: %s\n  expected: %s\n  came:     %s\n' "$@"; exit 1; }
expect() { [[ $2 == "$3" ]] || fail "$@"; }

key='ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIA+b/c me@here'
other='ssh-rsa AAAAB3NzaC1yc2EAAAADAQAB them@there'
# A new home, with ~/.ssh/authorized_keys as given, else without.
new_home() {
  home=$(mktemp -d "$dir/XXXXXX")
  file=$home/.ssh/authorized_keys
  if (($# > 0)); then
    mkdir -m 700 "$home/.ssh"
    printf '%s' "$1" >"$file"
    chmod 600 "$file"
  fi
}
# authorize.sh as a node runs it: leaves $said and $status.
authorize() {
  status=0
  said=$({ printf 'key=%q\n' "$key"; cat "$script"; } | env HOME="${1:-$home}" "${shell[@]}" -s 2>&1) || status=$?
}
leftovers() { find "$home" -name '*clustermpi*'; }

for shell in sh 'busybox sh' bash; do
  read -ra shell <<<"$shell"

  new_home
  authorize
  expect "a bare home: status" 0 "$status"
  expect "a bare home: answer" "key added" "$said"
  expect "a bare home: the file" "$key" "$(<"$file")"
  expect "a bare home: modes" "700 600" "$(stat -c %a "$home/.ssh" "$file" | xargs)"
  before=$(stat -c '%i %Y' "$file")
  authorize
  expect "twice: answer" "key present" "$said"
  expect "twice: the file is not written again" "$before" "$(stat -c '%i %Y' "$file")"

  new_home "# keys
$other
"
  authorize
  expect "lines that are there stay" "# keys
$other
$key" "$(<"$file")"

  new_home "$other"
  authorize
  expect "a last line without its end" "$other
$key" "$(<"$file")"

  new_home ''
  authorize
  expect "an empty file" "$key" "$(<"$file")"

  new_home "from=\"10.0.0.*\",no-pty ${key% *} another comment
"
  authorize
  expect "the key with options and another comment" "key present" "$said"

  new_home "$(printf '%s\r\n' "${key% *}")
"
  authorize
  expect "the key on a line from Windows" "key present" "$said"

  new_home "#$key
"
  authorize
  expect "a commented key is no key" "key added" "$said"

  new_home "${key% *}d me@here
"
  authorize
  expect "a key that only begins like ours" "key added" "$said"

  new_home "$other
"
  mv "$file" "$home/kept"
  ln -s ../kept "$file"
  authorize
  expect "a link: answer" "key added" "$said"
  [[ -L $file ]] || fail "a link stays one" "a link" "$(ls -l "$file")"
  expect "a link: what it leads to" "$other
$key" "$(<"$home/kept")"

  new_home
  mkdir -m 700 "$home/.ssh"
  ln -s ../not_yet "$file"
  authorize
  expect "a link to nothing yet" "$key" "$(<"$home/not_yet")"

  new_home "$other
"
  chmod 0444 "$file"
  chmod 0775 "$home" "$home/.ssh"
  authorize
  expect "modes that sshd would refuse: answer" "key added" "$said"
  expect "modes that sshd would refuse" "755 755" "$(stat -c %a "$home" "$home/.ssh" | xargs)"
  expect "a file that only wants reading keeps its lines" "$other
$key" "$(<"$file")"

  authorize "$home/none"
  expect "no home: status" 1 "$status"
  expect "no home: words" "the home directory $home/none does not exist" "$said"

  new_home
  echo >"$home/.ssh"
  authorize
  expect "a file in the place of ~/.ssh: status" 1 "$status"
  [[ $said == *"$home/.ssh cannot be made" ]] || fail "a file in the place of ~/.ssh" "... cannot be made" "$said"

  expect "nothing is left behind" "" "$(leftovers)"
done

# A disk that is full, and one that cannot be written: file systems of their own.
if ((EUID != 0)); then
  echo "SKIP: full and read-only disks need root"
  exit 0
fi
export dir key other script
unshare --mount bash -euo pipefail <<'EOF'
fail() { printf 'FAIL: %s\n  expected: %s\n  came:     %s\n' "$@"; exit 1; }
run() { { printf 'key=%q\n' "$key"; cat "$script"; } | HOME=$home sh -s 2>&1; }
home=$dir/disk
mkdir "$home"
mount -t tmpfs -o size=64k,mode=700 none "$home"
mkdir -m 700 "$home/.ssh"
printf '%s\n' "$other" >"$home/.ssh/authorized_keys"
dd if=/dev/zero of="$home/filler" bs=4k 2>/dev/null || :
if said=$(run); then fail "a full disk" "failure" "$said"; fi
[[ $said == *"authorized_keys cannot be written" ]] || fail "a full disk: words" "... cannot be written" "$said"
[[ $(<"$home/.ssh/authorized_keys") == "$other" ]] || fail "a full disk: the old file" "$other" "$(<"$home/.ssh/authorized_keys")"
[[ $(ls -A "$home/.ssh") == authorized_keys ]] || fail "a full disk: nothing is left behind" authorized_keys "$(ls -A "$home/.ssh")"
rm "$home/filler"
mount -o remount,ro "$home"
if said=$(run); then fail "a read-only home" "failure" "$said"; fi
[[ $said == *"Read-only file system"*"authorized_keys cannot be written" ]] || fail "a read-only home: words" "Read-only file system" "$said"
EOF
