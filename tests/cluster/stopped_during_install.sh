#!/bin/bash
# A node loses power in the middle of the install: it is named, the others are finished and verified, and
# once it is back the same command completes it.
source "$(dirname "$0")/lib.sh"

start_lab --bare --nodes 3
run_in_background up --json
wait_until 120 "package installation on $(node 3)" installs_packages 3
say "power off: $(node 3)"
"$CLUSTERMPI" lab stop "$(node 3)" || die "lab stop failed"
join
expect_status 4
expect_json '[h["ok"] for h in d["hosts"].values()]' '[true, true, false]'
expect_json 'bool(d["hosts"]["'"$(node 3)"'"]["error"]["message"])' true
expect_json 'd["verification"]["hello"]["figures"]["hosts"]' 2
expect_in_err "$(node 3): "

run lab start "$(node 3)"
expect_status 0
run up --json
expect_status 0
expect_json 'd["verification"]["hello"]["figures"]["hosts"]' 3
run up --json
expect_status 0
expect_json 'd["changed"]' false
