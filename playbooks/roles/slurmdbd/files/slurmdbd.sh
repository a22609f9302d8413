# shellcheck shell=sh
# Makes slurmdbd run with the configuration on disk, waits until it answers, and lets it know of the cluster
# named by the argument. Prints `kept` or `restarted`. Runs as root on the manager, before slurmctld starts.
set -eu
cluster=$1
in_effect=/run/clustermpi/slurmdbd.sha256

# The configuration, and which slurmdbd it is: one that somebody else started may have read another.
now() {
  sha256sum </etc/slurm/slurmdbd.conf
  systemctl show slurmdbd -p ExecMainStartTimestampMonotonic
}

answers() { sacctmgr -n -P show cluster format=cluster >/dev/null 2>&1; }

complaint() { journalctl -q -u slurmdbd -n 40 -o cat --no-pager | grep -E 'error|fatal' | tail -n 1; }

if systemctl -q is-active slurmdbd && [ "$(cat "$in_effect" 2>/dev/null)" = "$(now)" ] && answers; then
  echo kept
  exit 0
fi

systemctl -q enable mariadb slurmdbd
systemctl start mariadb
mariadb <<SQL
CREATE DATABASE IF NOT EXISTS slurm_acct_db;
CREATE USER IF NOT EXISTS slurm@localhost IDENTIFIED VIA unix_socket;
GRANT ALL ON slurm_acct_db.* TO slurm@localhost;
SQL

install -d -o slurm -g slurm -m 0755 /var/log/slurm
systemctl reset-failed slurmdbd 2>/dev/null || true
systemctl restart slurmdbd

# The first start makes its tables.
tries=0
until answers; do
  tries=$((tries + 1))
  if [ "$tries" -gt 300 ] || [ "$(systemctl is-active slurmdbd)" = failed ]; then
    echo "slurmdbd does not run: $(complaint)" >&2
    exit 1
  fi
  sleep 0.2
done
if [ -z "$(sacctmgr -n -P show cluster "$cluster" format=cluster)" ]; then
  sacctmgr -i -Q add cluster "$cluster"
fi
mkdir -p "${in_effect%/*}"
now >"$in_effect"
echo restarted
