# shellcheck shell=sh
# Makes munged run with the key on disk: it reads it at its start only. Which key it runs with is kept below
# /run and so forgotten with it at a reboot; a run that was cut off after the key was written finds the old
# one there. Prints `kept` or `restarted`. Runs as root.
set -eu

in_effect=/run/clustermpi/munge.sha256
sum=$(sha256sum </etc/munge/munge.key)

works() { munge -n 2>/dev/null | unmunge >/dev/null 2>&1; }

if systemctl -q is-active munge && [ -r "$in_effect" ] && [ "$(cat "$in_effect")" = "$sum" ] && works; then
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
echo "$sum" >"$in_effect"
echo restarted
