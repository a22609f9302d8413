# shellcheck shell=sh
# Makes what is written in /etc/fstab and /etc/exports.d true now: mounts the device, gives the directory to
# its user, exports it, or waits for its first use. Runs as root on a node, after a line of variables:
# directory, user, device, server, client. What runs already stays untouched; prints `changed` where something
# was to be done.
# shellcheck disable=SC2154  # the variables are the role's
set -eu
export LC_ALL=C

fail() {
  printf '%s\n' "$*" >&2
  exit 1
}

running=/run/clustermpi
mkdir -p "$running"

# What a service started with is kept; whether it started with the same as what is given.
started_with() { [ -e "$running/$1" ] && [ "$(cat "$running/$1")" = "$2" ]; }

lines=$(sed -n '/^# BEGIN clustermpi$/,/^# END clustermpi$/p' /etc/fstab)
automount=$(systemd-escape --path --suffix=automount "$directory")
mount=$(systemd-escape --path --suffix=mount "$directory")

# A mount whose line has changed goes on with the old options until nobody uses it.
start() {
  unit=$1
  if started_with storage.fstab "$lines" && systemctl -q is-active "$unit"; then return 0; fi
  systemctl daemon-reload
  systemctl stop "$automount" "$mount" 2>/dev/null || true
  if mountpoint -q "$directory"; then
    fail "$directory is in use, and so cannot be mounted anew: end what works there (sudo fuser -vm $directory)"
  fi
  systemctl reset-failed "$automount" "$mount" 2>/dev/null || true
  mkdir -p "$directory"
  systemctl start "$unit" || fail "$directory cannot be mounted: $(systemctl show -p Result --value "$unit")"
  printf '%s\n' "$lines" >"$running/storage.fstab"
  echo changed
}

own() {
  if [ "$(stat -c '%U %a' "$directory" 2>/dev/null)" != "$user 755" ]; then
    mkdir -p "$directory"
    chown "$user" "$directory"
    chmod 0755 "$directory"
    echo changed
  fi
}

export_it() {
  exports=$(cat /etc/exports.d/clustermpi.exports)
  if started_with storage.exports "$exports" && systemctl -q is-active nfs-server; then return 0; fi
  systemctl -q enable nfs-server
  systemctl start nfs-server || fail "the NFS server does not start: see there: sudo journalctl -u nfs-server"
  said=$(exportfs -ra 2>&1) || fail "$directory cannot be exported: $said"
  printf '%s\n' "$exports" >"$running/storage.exports"
  echo changed
}

if [ -n "$client" ]; then
  start "$automount"
else
  if [ -n "$device" ]; then start "$mount"; fi
  own
  if [ -n "$server" ]; then export_it; fi
fi
