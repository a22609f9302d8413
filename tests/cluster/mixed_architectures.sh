#!/bin/bash
# A mixed fleet, two amd64 nodes and an arm64 one: facts tell them apart, programs are built once for each
# kind, and each node gets its own kind. The MPI job spans the manager's kind.
source "$(dirname "$0")/lib.sh"

start_lab --nodes 2
run lab up --add --nodes 1 --arch arm64 --name "$lab"
expect_status 0

run discover
expect_status 0
run facts --json
expect_status 0
expect_json '[h["facts"]["architecture"] for h in d["hosts"].values()]' '["amd64", "amd64", "arm64"]'

run install mpi --json
expect_status 0
run build --json
expect_status 0
run distribute --json
expect_status 0

# ELF's e_machine: 0x3e is x86-64, 0xb7 is AArch64.
machine() { on "$1" 'od -An -tx1 -j18 -N1 /home/pi/.clustermpi/bin/hello' | tr -d ' '; }
expect_equal "hello's machine" "3e 3e b7" "$(machine 1) $(machine 2) $(machine 3)"

run up --json
expect_status 0
expect_json '[h["changed"] for h in d["hosts"].values()]' '[false, false, false]'
expect_json 'd["verification"]["hello"]["figures"]["hosts"]' 2
