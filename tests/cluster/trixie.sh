#!/bin/bash
# Debian 13 with Open MPI 5: from bare hosts to a verified cluster, with ranks where the plan says.
# shellcheck source=ranks.sh
source "$(dirname "$0")/ranks.sh"

start_lab --bare --nodes 2 --suite trixie
run up --json
expect_status 0
expect_json 'd["verification"]["hello"]["figures"]["hosts"]' 2
run facts --json
expect_status 0
expect_json '[h["facts"]["packages"]["openmpi-bin"].split(".")[0] for h in d["hosts"].values()]' '["5", "5"]'
run up --json
expect_status 0
expect_json 'd["changed"]' false

for policy in fill by-core by-socket by-thread by-node; do expect_placed mpirun -n 3 --policy $policy; done
expect_placed mpirun --policy weighted -n 3 --weight "$(node 2)=2"
expect_placed mpirun --threads 2

say "a host that calls itself otherwise than the inventory does, which Open MPI 5 goes by in a rankfile"
on 2 'echo elsewhere.example.org >/etc/hostname; hostname elsewhere.example.org'
run discover
expect_status 0
run run -n 2 --policy by-node -- hostname -s
expect_status 0
expect_equal "hosts" "$(printf '%s\n' elsewhere "$(node 1)" | sort)" "$(sort <<<"$out")"
