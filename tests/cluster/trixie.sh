#!/bin/bash
# Debian 13 with Open MPI 5: from bare hosts to a verified cluster.
source "$(dirname "$0")/lib.sh"

start_lab --nodes 2 --suite trixie
run up --json
expect_status 0
expect_json 'd["verification"]["hello"]["figures"]["hosts"]' 2
run facts --json
expect_status 0
expect_json '[h["facts"]["packages"]["openmpi-bin"].split(".")[0] for h in d["hosts"].values()]' '["5", "5"]'
run up --json
expect_status 0
expect_json 'd["changed"]' false
