# shellcheck shell=sh
# Makes munged run with the key on disk: it reads it at its start only. The key that we last started it with,
# and when that was, is kept below /run and so forgotten with it at a reboot; a run that was cut off after the
# key was written finds the old one there. Where somebody else started it, nobody knows what it read. Prints
# `kept` or `restarted`. Runs as root.
set -eu

in_effect=/run/clustermpi/munge.sha256

# The key, and which munged it is.
now() {
  sha256sum </etc/munge/munge.key
  systemctl show munge -p ExecMainStartTimestampMonotonic
}

works() { munge -n 2>/dev/null | unmunge >/dev/null 2>&1; }

if systemctl -q is-active munge && [ "$(cat "$in_effect" 2>/dev/null)" = "$(now)" ] && works; then
  echo kept
  exit 0
fi

# What the package made, and what a careless chmod may have undone: munged refuses to run otherwise.
chown munge: /etc/munge /var/lib/munge /var/log/munge
chmod 0700 /etc/munge /var/log/munge
chmod 0711 /var/lib/munge

systemctl -q enable munge
if ! systemctl restart munge || ! works; then
  echo "munge does not run: $(journalctl -q -u munge -n 20 -o cat --no-pager | grep -i error | tail -n 1)" >&2
  exit 1
fi
mkdir -p "${in_effect%/*}"
now >"$in_effect"
echo restarted
