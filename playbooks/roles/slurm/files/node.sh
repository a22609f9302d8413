# shellcheck shell=sh
# Makes slurmd run with the configuration on disk. Arguments: `node` or `none`; `controller` or `none`; what
# slurm.conf says of this node alone. Where only lines about other nodes and partitions changed, slurmd reads
# them without a start, so that a node that joins disturbs nobody. Prints `kept`, `reloaded`, `restarted` or
# `stopped`. Runs as root.
set -eu
role=$1 controller=$2 hardware=$3
in_effect=/run/clustermpi/slurmd.sha256

# A daemon that has no work here any more.
retire() {
  systemctl -q is-enabled "$1" 2>/dev/null || systemctl -q is-active "$1" || return 0
  systemctl -q disable --now "$1"
  did=stopped
}

# bookworm's Slurm looks for libpmix.so without a version, which is in a package that brings forty others.
link_pmix() {
  for library in /usr/lib/*/pmix2/lib/libpmix.so.2; do
    if [ -e "$library" ] && [ ! -e "${library%.2}" ]; then ln -s libpmix.so.2 "${library%.2}"; fi
  done
}

# With the starts of slurmd and munged among them: one that somebody else started may have read another
# configuration; and while munged had another key the controller lost sight of the node, and a slurmd that
# starts shows itself at once.
settings() {
  {
    systemctl show munge slurmd -p ExecMainStartTimestampMonotonic
    grep -v -E '^(NodeName|PartitionName)=' /etc/slurm/slurm.conf
    cat /etc/slurm/cgroup.conf /etc/slurm/gres.conf /etc/slurm/mpi.conf 2>/dev/null
    echo "$hardware"
  } | sha256sum
}

all() { sha256sum </etc/slurm/slurm.conf; }

complaint() { journalctl -q -u slurmd -n 40 -o cat --no-pager | grep -E 'error|fatal' | tail -n 1; }

start() {
  install -d -o slurm -g slurm -m 0755 /var/log/slurm
  install -d -m 0755 /var/lib/slurm/slurmd
  systemctl -q enable slurmd
  systemctl reset-failed slurmd 2>/dev/null || true
  systemctl restart slurmd
  # Its own checks of configuration and plugins take a moment.
  sleep 0.5
  if [ "$(systemctl is-active slurmd)" != active ]; then
    echo "slurmd does not run: $(complaint)" >&2
    exit 1
  fi
  did=restarted
}

did=kept
[ "$controller" = controller ] || retire slurmctld
if [ "$role" = node ]; then
  link_pmix
  in_effect_settings='' in_effect_all=''
  if [ -r "$in_effect" ]; then { read -r in_effect_settings && read -r in_effect_all; } <"$in_effect" || true; fi
  if ! systemctl -q is-active slurmd || [ "$in_effect_settings" != "$(settings)" ]; then
    start
  elif [ "$in_effect_all" != "$(all)" ]; then
    systemctl reload slurmd
    did=reloaded
  fi
  mkdir -p "${in_effect%/*}"
  { settings; all; } >"$in_effect"
else
  link_pmix
  retire slurmd
fi
echo "$did"
