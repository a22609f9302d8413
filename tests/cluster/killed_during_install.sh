#!/bin/bash
# clustermpi is killed, without a chance to clean up, in the middle of the install: the next run converges.
source "$(dirname "$0")/lib.sh"

start_lab --bare --nodes 2
run_in_background up
wait_until 120 "package installation on $(node 2)" installs_packages 2
say "kill -9 of clustermpi"
kill -KILL "$background"
join 2>/dev/null
expect_status 137

expect_converges 2
