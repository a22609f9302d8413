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

automount=$(systemd-escape --path --suffix=automount "$directory")
mount=$(systemd-escape --path --suffix=mount "$directory")

# As systemd knows it: what is mounted, else what is written.
parameters() { systemctl show -p What -p Options "$mount"; }

comes_from_elsewhere() {
  written=$(awk -v at="$directory" '!/^#/ && $2 == at { print $1 }' /etc/fstab)
  mounted=$(awk -v at="$directory" '$2 == at && $3 == "nfs4" { print $1 }' /proc/self/mounts)
  [ -n "$mounted" ] && [ "$mounted" != "$written" ]
}

# A mount whose options have changed keeps the old ones as long as it is mounted.
start() {
  unit=$1
  before=$(parameters)
  systemctl daemon-reload
  if systemctl -q is-active "$unit" && [ "$(parameters)" = "$before" ] && ! comes_from_elsewhere; then return 0; fi
  systemctl stop "$automount" "$mount" 2>/dev/null || true
  if mountpoint -q "$directory"; then
    fail "$directory is in use, and so cannot be mounted anew: end what works in it"
  fi
  systemctl reset-failed "$automount" "$mount" 2>/dev/null || true
  mkdir -p "$directory"
  systemctl start "$unit" || fail "$directory cannot be mounted: $(systemctl show -p Result --value "$unit")"
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
  if ! systemctl -q is-active nfs-server || ! systemctl -q is-enabled nfs-server; then
    systemctl -q enable --now nfs-server || fail "the NFS server does not start: see there: sudo journalctl -u nfs-server"
    echo changed
  fi
  before=$(exportfs -s)
  said=$(exportfs -ra 2>&1) || fail "$directory cannot be exported: $said"
  [ "$(exportfs -s)" = "$before" ] || echo changed
}

if [ -n "$client" ]; then
  start "$automount"
else
  if [ -n "$device" ]; then start "$mount"; fi
  own
  if [ -n "$server" ]; then export_it; fi
fi
