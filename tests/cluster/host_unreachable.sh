#!/bin/bash
# A host that cannot be reached is named, with cause and next action; the others become a cluster.
source "$(dirname "$0")/lib.sh"

start_lab --nodes 3
run lab stop "$(node 3)"
expect_status 0

run up --json
expect_status 4
expect_json 'd["ok"]' false
expect_json 'd["exit_code"]' 4
expect_json 'd["hosts"]["'"$(node 3)"'"]["error"]["code"]' unreachable
expect_json 'bool(d["hosts"]["'"$(node 3)"'"]["error"]["hint"])' true
expect_json '[h["ok"] for h in d["hosts"].values()]' '[true, true, false]'
expect_json 'd["verification"]["hello"]["figures"]["hosts"]' 2
expect_in_err "$(node 3): "

say "back again, it joins"
run lab start "$(node 3)"
expect_status 0
run up --json
expect_status 0
# The others are told its host key, and nothing else.
expect_json '[h["changes"] for n, h in d["hosts"].items() if n != "'"$(node 3)"'"]' \
  '[["apply the changed settings"], ["apply the changed settings"]]'
expect_json 'd["hosts"]["'"$(node 3)"'"]["changed"]' true
expect_json 'd["verification"]["hello"]["figures"]["hosts"]' 3

say "the manager unreachable: nothing is done at all"
run lab stop "$(node 1)"
run up
expect_status 4
expect_in_err "the manager $(node 1) failed, so nothing else is done"
expect_not_in_err "==> install"
