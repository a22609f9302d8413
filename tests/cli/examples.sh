#!/bin/bash
# `examples list` and `examples show`, without any inventory.
source "$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)/../lib.sh"

run examples list
expect_status 0
expect_equal "stderr" "" "$err"
expect_in_out "Patterns: first steps with ranks
  broadcast_list"
expect_in_out "
  scatter                   rank 0 deals an array out, an equal share for each rank.
"
run examples list --json
expect_status 0
expect_json '[e["np"] for e in d["examples"] if e["name"] == "scatter"]' '[4]'

say "the source is on stdout, what to try next is not"
run examples show scatter
expect_status 0
[[ $out == "// scatter: rank 0 deals an array out"*"example::run(argc, argv"* ]] || mismatch "source" "of scatter" "$out"
expect_in_err "
  clustermpi examples run scatter
  clustermpi examples run scatter -n 3                 # nine numbers, for the array has three a rank"

run examples show scater
expect_status 2
expect_equal "stderr" "error: there is no example 'scater'
  did you mean 'scatter'?" "$err"
run examples run scater
expect_status 2
expect_in_err "there is no example 'scater'"
run examples run
expect_status 2
run examples
expect_status 2
