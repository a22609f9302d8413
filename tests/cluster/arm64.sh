#!/bin/bash
# Two arm64 nodes, as Raspberry Pis are: from bare hosts to a verified cluster.
source "$(dirname "$0")/lib.sh"

start_lab --nodes 2 --arch arm64
run up --json
expect_status 0
expect_json 'd["verification"]["hello"]["figures"]["hosts"]' 2
# The same hits as on any other processor.
expect_json 'd["verification"]["pi"]["figures"]["hits"]' 3294515
run up --json
expect_status 0
expect_json 'd["changed"]' false
