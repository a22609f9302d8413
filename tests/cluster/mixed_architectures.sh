#!/bin/bash
# A mixed fleet, two amd64 nodes and an arm64 one, as a Raspberry Pi is, which is bare: facts tell them apart,
# programs are built once for each kind, and each node gets its own kind. One Slurm has them all, features tell
# them apart, and a job says which it is for. An MPI job spans the manager's kind.
source "$(dirname "$0")/lib.sh"

start_lab --slurm --nodes 2
CLUSTERMPI_CACHE=$cache run lab up --add --nodes 1 --arch arm64 --name "$lab"
expect_status 0

run discover
expect_status 0
run facts --json
expect_status 0
expect_json '[h["facts"]["architecture"] for h in d["hosts"].values()]' '["amd64", "amd64", "arm64"]'

run install all --json
expect_status 0
run build --json
expect_status 0
run distribute --json
expect_status 0

# ELF's e_machine: 0x3e is x86-64, 0xb7 is AArch64.
machine() { on "$1" 'od -An -tx1 -j18 -N1 /home/pi/.clustermpi/bin/hello' | tr -d ' '; }
expect_equal "hello's machine" "3e 3e b7" "$(machine 1) $(machine 2) $(machine 3)"

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
expect_json '[h["changed"] for h in d["hosts"].values()]' '[false, false, false]'
expect_json 'd["verification"]["hello"]["figures"]["hosts"]' 2
expect_json 'd["verification_via"]["srun"]["hello"]["figures"]["hosts"]' 2

say "the arm64 node as a cluster of its own: the same hits as on any other processor"
sed "s/^manager = .*/manager = \"$(node 3)\"/; /^\[slurm\]/d" cluster.toml |
  awk -v node="\"$(node 3)\"" 'BEGIN { RS = ""; ORS = "\n\n" } !/\[\[hosts\]\]/ || index($0, node)' >arm.toml
run -i arm.toml up --json
expect_status 0
expect_json 'd["verification"]["hello"]["figures"]["size"]' 2
expect_json 'd["verification"]["pi"]["figures"]["hits"]' 52702803
