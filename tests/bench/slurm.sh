#!/bin/bash
# Time to a Slurm cluster: `up` with MPI and Slurm on four bare nodes until verified, against the floor (apt-get
# alone, the very same packages, all nodes at once) and against the usual way, node after node by ssh and scp.
# Then `up` again, `srun` right after, and a fifth node that joins while a job runs. Fresh labs each, in turn.
source "$(dirname "$0")/lib.sh"

rounds=${1:-3}
packages_of() { on "$1" "dpkg-query -W -f '\${Package}\n'" | sort; }
apt_get() { on "$1" "export DEBIAN_FRONTEND=noninteractive
  apt-get update -qq && apt-get install -qq -y --no-install-recommends $(tr '\n' ' ' <"new$1")"; }
# stopwatch VARIABLE COMMAND...: how long it took, in seconds, into that array.
stopwatch() {
  local -n into=$1
  local begin=$EPOCHREALTIME
  "${@:2}" >"$work/timed" 2>&1 || die "${*:2} failed: $(tail -n 5 "$work/timed")"
  into+=("$(awk -v a="$begin" -v b="$EPOCHREALTIME" 'BEGIN { print b - a }')")
}
floor() {  # NODE...
  local n
  local -a jobs=()
  for n in "$@"; do apt_get "$n" & jobs+=($!); done
  for n in "${jobs[@]}"; do wait "$n" || return 1; done
}
# As tutorials have it: one node after the other; the key and the configuration copied from here.
by_hand() {
  local n remote
  "$CLUSTERMPI" generate slurm-conf >"$work/slurm.conf"
  head -c 128 /dev/urandom >"$work/munge.key"
  for n in 1 2 3 4; do
    remote=(ssh -F .clustermpi/ssh_config "$(node "$n")")
    "${remote[@]}" 'sudo DEBIAN_FRONTEND=noninteractive sh -c "apt-get update -qq && apt-get install -qq -y --no-install-recommends openmpi-bin munge slurm-client slurmd"' || return 1
    ((n > 1)) || "${remote[@]}" 'sudo DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends slurmctld g++ libopenmpi-dev make' || return 1
    scp -q -F .clustermpi/ssh_config "$work/slurm.conf" "$work/munge.key" "$(node "$n"):" || return 1
    "${remote[@]}" 'sudo sh -c "install -m 0400 -o munge -g munge munge.key /etc/munge/munge.key && rm munge.key &&
      install -m 0644 slurm.conf /etc/slurm/slurm.conf && systemctl restart munge"' || return 1
  done
  ssh -F .clustermpi/ssh_config "$(node 1)" 'sudo systemctl restart slurmctld' || return 1
  for n in 1 2 3 4; do ssh -F .clustermpi/ssh_config "$(node "$n")" 'sudo systemctl restart slurmd' || return 1; done
}
slurmd_starts() { for n in 1 2 3 4; do on "$n" 'systemctl show slurmd -p ExecMainStartTimestampMonotonic'; done; }

ups=() again=() grown=() floors=() one_floors=() hands=() sruns=()
for ((i = 0; i < rounds; ++i)); do
  start_lab --slurm --nodes 5
  cp cluster.toml all.toml
  awk '/^\[\[hosts\]\]/ { ++block } block <= 4' all.toml >cluster.toml
  for n in 1 2 3 4 5; do packages_of "$n" >"bare$n"; done
  stopwatch ups "$CLUSTERMPI" up -q
  stopwatch sruns ssh -F .clustermpi/ssh_config "$(node 1)" 'srun -N4 hostname'
  [[ $(ssh -F .clustermpi/ssh_config "$(node 1)" 'sinfo -h -o %T' | sort -u) == idle ]] || die "not all nodes are idle"
  for _ in 1 2 3; do stopwatch again "$CLUSTERMPI" up -q; done
  ssh -F .clustermpi/ssh_config "$(node 1)" 'sbatch -N1 -w '"$(node 2)"' --exclusive --wrap "sleep 3600"; sleep 1' >/dev/null
  before=$(slurmd_starts)
  cp all.toml cluster.toml
  stopwatch grown "$CLUSTERMPI" install slurm -q
  [[ $(slurmd_starts) == "$before" ]] || die "a slurmd was started anew"
  [[ $(ssh -F .clustermpi/ssh_config "$(node 1)" 'squeue -h -t running' | wc -l) == 1 ]] || die "the job is gone"
  for n in 1 2 3 4 5; do packages_of "$n" | comm -13 "bare$n" - >"new$n"; done
  stop_lab

  start_lab --slurm --nodes 5
  stopwatch floors floor 1 2 3 4
  stopwatch one_floors floor 5
  stop_lab

  start_lab --slurm --nodes 4
  run discover
  run generate ssh-config -o .clustermpi/ssh_config
  stopwatch hands by_hand
  stop_lab
  say "round $((i + 1)): up ${ups[i]} s, apt-get alone ${floors[i]} s, by hand ${hands[i]} s; one node more ${grown[i]} s, its apt-get ${one_floors[i]} s"
done

printf '\nMPI and Slurm on 4 bare nodes, median of %d\n' "$rounds"
printf '%-48s %10.3f s\n' "apt-get alone, all nodes at once" "$(median "${floors[@]}")" \
  "by hand, node after node, nothing verified" "$(median "${hands[@]}")" \
  "clustermpi up, until verified" "$(median "${ups[@]}")" \
  "one node's apt-get alone" "$(median "${one_floors[@]}")" \
  "clustermpi install slurm with one node more" "$(median "${grown[@]}")"
judge "up / apt-get alone" "$(ratio "$(median "${ups[@]}")" "$(median "${floors[@]}")")" 2.0 x
judge "one node more / its apt-get" "$(ratio "$(median "${grown[@]}")" "$(median "${one_floors[@]}")")" 1.3 x
judge "up again, no change" "$(median "${again[@]}")" 4 s
judge "srun -N4 hostname right after up" "$(median "${sruns[@]}")" 5 s
exit "$missed"
