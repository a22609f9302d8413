#!/bin/bash
# Two architectures under one Slurm: features tell the nodes apart, and a job says which it is for.
source "$(dirname "$0")/lib.sh"

start_lab --slurm --nodes 2
run lab up --add --nodes 1 --arch arm64 --name "$lab"
expect_status 0
run install all --json
expect_status 0
manager() { run exec "$(node 1)" -q -- "$1"; }
manager "sinfo -h -N -o '%N %f %T' | sort -u"
expect_in_out "$(node 1) amd64 idle
$(node 2) amd64 idle
$(node 3) arm64 idle"
manager 'srun -C arm64 sh -c "hostname; uname -m"; srun -N2 -C amd64 hostname | sort'
expect_status 0
expect_in_out "$(node 3)
aarch64
$(node 1)
$(node 2)"
run up --json
expect_status 0
expect_json 'd["verification"]["hello"]["figures"]["hosts"]' 2
expect_json 'd["verification_via"]["srun"]["hello"]["figures"]["hosts"]' 2
run up --json
expect_status 0
expect_json 'd["changed"]' false
manager 'sinfo -N -l'
say "$out"
