#!/bin/bash
# Shapes of a Slurm cluster: one node that is its own manager and keeps a record of its jobs; a manager that
# does not compute, with a partition more; both again on Debian 13.
source "$(dirname "$0")/lib.sh"

manager() { run exec "$(node 1)" -q -- "$1"; }
say_of_slurm() { sed -i "s/^\[slurm\]/[slurm]\n$1/" cluster.toml; }

say "a single node"
start_lab --slurm --nodes 1
say_of_slurm 'accounting = true\npartition = "class"'
run up --json
expect_status 0
manager "sinfo -h -o '%P %D %T'"
expect_in_out "class* 1 idle"
manager 'srun --job-name=remembered hostname'
expect_in_out "$(node 1)"
manager 'for i in 1 2 3 4 5 6 7 8; do sacct -X -n -P -o jobname,state | grep remembered && break; sleep 0.5; done'
expect_in_out "remembered|COMPLETED"
run up --json
expect_status 0
expect_json 'd["changed"]' false
on 1 'systemctl kill -s KILL slurmdbd'
run up --json
expect_status 0
expect_json '[c["what"] for s in d["steps"] for c in s["changes"]]' '["put the service slurmdbd right: it is failed"]'
stop_lab

say "a manager that does not compute, on Debian 13"
start_lab --slurm --bare --nodes 2 --suite trixie
sed -i 's/^\[cluster\]/[cluster]\nmanager_computes = false/' cluster.toml
say_of_slurm '\n[[slurm.partitions]]\nname = "night"\nhosts = "'"$(node 2)"'"\nmax_time = "8:00:00"'
run up --json
expect_status 0
expect_json 'd["verification"]["hello"]["figures"]["hosts"]' 1
manager "sinfo -h -o '%P %N %l %T'"
expect_in_out "main* $(node 2) infinite idle
night $(node 2) 8:00:00 idle"
expect_equal "slurmd on the manager" "inactive" "$(on 1 'systemctl is-active slurmd || true')"
manager 'srun --mpi=pmix -n 2 .clustermpi/bin/hello'
expect_in_out "RESULT hello size=2 hosts=1 ok=1"
run up --json
expect_status 0
expect_json 'd["changed"]' false

say "now it computes, too"
sed -i '/^manager_computes/d' cluster.toml
run up --json
expect_status 0
expect_json 'd["verification"]["hello"]["figures"]["hosts"]' 2
manager 'srun --mpi=pmix -N 2 .clustermpi/bin/hello; salloc -N 2 mpirun .clustermpi/bin/hello'
expect_status 0
expect_in_out "RESULT hello size=2 hosts=2 ok=1"

say "and not any more"
sed -i 's/^\[cluster\]/[cluster]\nmanager_computes = false/' cluster.toml
run up
expect_status 0
manager "sinfo -h -N -o %N | sort -u"
expect_equal "the nodes" "$(node 1): $(node 2)" "$out"
