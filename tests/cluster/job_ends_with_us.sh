#!/bin/bash
# A job on the cluster ends on all nodes when we do, whether we are asked to stop or killed.
source "$(dirname "$0")/lib.sh"

sleeping() { on 1 'pgrep -x sleep' >/dev/null && on 2 'pgrep -x sleep' >/dev/null; }
running() { on "$1" 'pgrep -x sleep || pgrep mpirun || pgrep orted' >/dev/null; }
all_quiet() { ! running 1 && ! running 2; }

start_lab --nodes 2
run up
expect_status 0
for signal in INT KILL; do
  run_in_background run -n 4 -- sleep 1000
  wait_until 30 "the job on both nodes" sleeping
  kill -"$signal" "$background"
  join 2>/dev/null
  wait_until 30 "the end of the job on both nodes after SIG$signal" all_quiet
  [[ $signal == KILL ]] || expect_status 130 "after SIG$signal"
done
run run -n 4 -- true
expect_status 0
