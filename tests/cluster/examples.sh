#!/bin/bash
# The catalogue on four nodes: each example is compiled there, runs as its source says, and finds its result right.
source "$(dirname "$0")/lib.sh"

start_lab --nodes 4
run up
expect_status 0

run examples list --json
mapfile -t names < <(json '"\n".join(e["name"] for e in d["examples"])')
((${#names[@]} > 40)) || die "only ${#names[@]} examples"
for name in "${names[@]}"; do
  run --timeout 120 examples run "$name"
  expect_status 0 "$name"
  result=$(grep "^RESULT $name .*ok=1$" <<<"$out") || mismatch "last line of $name" "RESULT $name ... ok=1" "$(tail -n 3 <<<"$out")"
  say "$result"
done

say "on all hosts, by their own np and arguments; the exit status is the program's"
run examples run spmd -n 8
expect_status 0
for n in 1 2 3 4; do expect_in_out " on $(node $n) "; done
run examples run scatter -n 4 -- --length 10
expect_status 2
expect_in_err "scatter: an array of 10 does not divide by 4 ranks"
run examples run mpi_io -n 8   # nodes share no folder here
expect_status 2
expect_in_err "mpi_io: rank 2 does not see what rank 0 wrote to 'mpi_io.scratch': start all ranks on one host, or name a file on a file system that all hosts share, with --file"
run examples run ring -n 8 --json -- --count 5
expect_status 0
expect_json '[d["command"], d["figures"]["hops"], d["figures"]["ok"]]' '["examples run", "40", "1"]'
run examples run ring -n 9
expect_status 2
