# shellcheck shell=sh
# Before anything is written: ends the mount that our block in /etc/fstab speaks of where it is not the one
# that is wanted, and finds the device's file system. Runs as root on a node, after a line of variables:
# directory, device, client. Prints `left` where it ended a mount, and `uuid UUID` of the device.
# shellcheck disable=SC2154  # the variables are the role's
set -eu
export LC_ALL=C

fail() {
  printf '%s\n' "$*" >&2
  exit 1
}

mounted_before() {
  sed -n '/^# BEGIN clustermpi$/,/^# END clustermpi$/p' /etc/fstab 2>/dev/null | awk '!/^#/ && NF > 1 { print $2 }'
}

wanted=
if [ -n "$client$device" ]; then wanted=$directory; fi

for old in $(mounted_before); do
  [ "$old" != "$wanted" ] || continue
  for kind in automount mount; do
    systemctl stop "$(systemd-escape --path --suffix="$kind" "$old")" 2>/dev/null || true
  done
  if mountpoint -q "$old"; then
    fail "$old is in use, and so cannot be unmounted: end what works in it"
  fi
  echo left
done

if [ -n "$device" ]; then
  [ -b "$device" ] || fail "there is no device $device"
  uuid=$(blkid -p -o value -s UUID -u filesystem "$device") || fail "there is no file system on $device"
  printf 'uuid %s\n' "$uuid"
fi
