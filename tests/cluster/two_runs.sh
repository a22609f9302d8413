#!/bin/bash
# Two runs on one inventory: the second says so and ends at once; the first is not disturbed.
source "$(dirname "$0")/lib.sh"

start_lab --nodes 1
run_in_background up --json
holds_lock() { ! flock --nonblock --shared .clustermpi/lock true 2>/dev/null; }
wait_until 30 "the first run's lock" test -s .clustermpi/lock
wait_until 30 "the first run's lock" holds_lock

begin=$SECONDS
run up
expect_status 1
((SECONDS - begin <= 2)) || die "the second run waited"
expect_in_err "another clustermpi run (process $background) is at work on cluster.toml"
expect_in_err "wait for it to end, or end it with Ctrl-C; two runs on one inventory would undo each other"
join
expect_status 0
expect_json 'd["ok"]' true
