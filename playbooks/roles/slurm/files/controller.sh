# shellcheck shell=sh
# Makes slurmctld run with the configuration on disk and waits until it answers. Which one it runs with is
# kept below /run. Jobs run on while it starts anew. Prints `kept` or `restarted`. Runs as root.
set -eu

in_effect=/run/clustermpi/slurmctld.sha256

# The configuration, which slurmctld it is (one that somebody else started may have read another), and which
# munged: with a new key all start anew, the controller before the nodes.
now() {
  cat /etc/slurm/slurm.conf /etc/slurm/gres.conf /etc/slurm/mpi.conf 2>/dev/null | sha256sum
  systemctl show munge slurmctld -p ExecMainStartTimestampMonotonic
}

answers() { scontrol ping 2>/dev/null | grep -q ' is UP'; }

complaint() { journalctl -q -u slurmctld -n 40 -o cat --no-pager | grep -E 'error|fatal' | tail -n 1; }

if systemctl -q is-active slurmctld && [ "$(cat "$in_effect" 2>/dev/null)" = "$(now)" ] && answers; then
  echo kept
  exit 0
fi

install -d -o slurm -g slurm -m 0755 /var/lib/slurm/slurmctld /var/log/slurm
# slurmctld refuses to start on what a cluster of another name left; here the cluster got another name.
name=$(sed -n 's/^ClusterName=//p' /etc/slurm/slurm.conf)
kept_name=/var/lib/slurm/slurmctld/clustername
if [ -r "$kept_name" ] && [ "$(cat "$kept_name")" != "$name" ]; then rm -f "$kept_name"; fi
systemctl -q enable slurmctld
systemctl reset-failed slurmctld 2>/dev/null || true
systemctl restart slurmctld

# Nodes that start before it answers would wait for their next try.
tries=0
until answers; do
  tries=$((tries + 1))
  if [ "$tries" -gt 150 ] || [ "$(systemctl is-active slurmctld)" = failed ]; then
    echo "slurmctld does not run: $(complaint)" >&2
    exit 1
  fi
  sleep 0.2
done
mkdir -p "${in_effect%/*}"
now >"$in_effect"
echo restarted
