#!/bin/bash
# Slurm on four bookworm nodes, from bare hosts: the dry run says what comes, `up` brings and proves it, `up`
# again changes nothing. Then the fleet grows under a running job, and shrinks: nobody else is disturbed.
source "$(dirname "$0")/lib.sh"

start_lab --slurm --bare --nodes 5
all=cluster.toml.all
cp cluster.toml "$all"
# The inventory with the first N nodes only.
first_nodes() { awk -v n="$1" '/^\[\[hosts\]\]/ { ++block } block <= n' "$all" >cluster.toml; }
manager() { run exec "$(node 1)" -q -- "$1"; }
# When slurmd of each node was started, by systemd, and which process it is.
slurmd_starts() {
  local n
  for n in 1 2 3 4; do on "$n" 'systemctl show slurmd -p ExecMainStartTimestampMonotonic -p MainPID | paste -sd" "'; done
}

first_nodes 4
run up --dry-run --json
expect_status 0
expect_json 'all(any("slurmd" in c for c in h["changes"]) for h in d["hosts"].values())' true
expect_json 'all(any("/etc/slurm/slurm.conf" in c for c in h["changes"]) for h in d["hosts"].values())' true

run run --via srun -- hostname
expect_status 4
expect_in_err "there is no Slurm on the manager $(node 1) yet"
run up --json
expect_status 0
expect_json '[s["name"] for s in d["steps"]]' \
  '["discover", "check", "install", "slurm", "generate", "build", "distribute", "verify"]'
expect_json 'd["verification"]["hello"]["figures"]["hosts"]' 4

say "right after up, all nodes are idle and take a job"
manager 'srun -N4 hostname | sort'
expect_status 0
expect_in_out "$(node 1)
$(node 2)
$(node 3)
$(node 4)"
manager "sinfo -h -N -o '%N %T' | sort -u"
expect_in_out "$(node 1) idle
$(node 2) idle
$(node 3) idle
$(node 4) idle"
say "the seed's example: mpirun inside of an allocation"
manager 'salloc -N 3 mpirun .clustermpi/bin/hello'
expect_status 0
expect_in_out "RESULT hello size=3 hosts=3"

say "the same munge key on all nodes, which nobody else can read"
expect_equal "keys" 1 "$(for n in 1 2 3 4; do on $n 'sha256sum </etc/munge/munge.key'; done | sort -u | wc -l)"
expect_equal "mode of the key" "400 munge" "$(on 1 'stat -c "%a %U" /etc/munge/munge.key')"

run up --dry-run --json
expect_status 0
expect_json '[c for s in d["steps"] for c in s["changes"]]' '[]'
run up --json
expect_status 0
expect_json 'd["changed"]' false

say "a fifth node joins under a running job"
manager 'sbatch --parsable -N2 -n2 --exclusive --wrap "srun sleep 600"'
expect_status 0
manager 'until squeue -h -t running -o %A | grep -q .; do sleep 0.2; done; squeue -h -o "%A %T %S"'
job=$out
before=$(slurmd_starts)
cp "$all" cluster.toml
run install slurm --json
expect_status 0
expect_equal "slurmd of the other nodes" "$before" "$(slurmd_starts)"
manager 'squeue -h -o "%A %T %S"'
expect_equal "the job" "$job" "$out"
manager 'srun -w '"$(node 5)"' hostname; srun -N3 --exclusive hostname | sort'
expect_in_out "$(node 5)"
run up --json
expect_status 0
run up --json
expect_status 0
expect_json 'd["changed"]' false

say "the fifth node leaves the inventory: not while a job runs there, and drained first"
manager 'sbatch --parsable -w '"$(node 5)"' --wrap "sleep 600"'
manager 'until [ $(squeue -h -t running -o %A | wc -l) = 2 ]; do sleep 0.2; done'
first_nodes 4
run install slurm
expect_status 4
expect_in_err "$(node 5) left the inventory, but job"
expect_in_err "it gets no new job. Run the same command again when that one has ended, or end it there: scancel"
manager "sinfo -h -n $(node 5) -o %T"
expect_in_out "draining"
manager "scancel -w $(node 5)"
run install slurm
expect_status 0
manager "sinfo -h -N -o %N | sort -u | wc -l"
expect_in_out "4"
expect_equal "slurmd of the other nodes" "$before" "$(slurmd_starts)"
manager 'squeue -h -o "%A %T %S"; scancel --user pi'
expect_in_out "$job"
