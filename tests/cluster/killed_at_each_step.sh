#!/bin/bash
# clustermpi is killed as each of its steps begins: whatever that leaves behind, the next run goes on, and
# the last one finishes.
source "$(dirname "$0")/lib.sh"

start_lab --nodes 2
at_step() { grep -q "^==> $1:" background.err; }
for step in discover check install generate build distribute verify; do
  run_in_background up
  wait_until 300 "the step $step" at_step "$step"
  kill -KILL "$background"
  join 2>/dev/null
  expect_status 137 "killed in $step"
done
expect_converges 2

say "Ctrl-C instead: it says what to do"
run_in_background up
wait_until 60 "the step verify" at_step verify
kill -INT "$background"
join
expect_status 130
expect_in_err "interrupted"
expect_in_err "run the same command again to go on"
