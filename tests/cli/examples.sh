#!/bin/bash
# `examples list` and `examples show`, without any inventory.
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
source "$root/tests/lib.sh"

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

say "behind the source stands how a copy of it compiles, with --whole on any machine"
mpicxx_line="mpicxx -std=c++17 -O2 -pthread -I $root/examples/patterns scatter.cpp -o scatter"
run examples show scatter
expect_equal "last line" "  $mpicxx_line" "$(tail -n 1 <<<"$err")"
printf '%s\n' "$out" >scatter.cpp
$mpicxx_line || mismatch "compile line" "a program" "none"
rm -f scatter
run examples show --whole scatter
expect_status 0
expect_equal "last line" "  mpicxx -std=c++17 -O2 -pthread scatter.cpp -o scatter" "$(tail -n 1 <<<"$err")"
printf '%s\n' "$out" >scatter.cpp
mpicxx -std=c++17 -O2 -pthread scatter.cpp -o scatter || mismatch "whole source" "a program" "none"
mkdir "our data"
cp -r "$root/playbooks" "$root/examples" "our data"
CLUSTERMPI_DATA_DIR="$PWD/our data" run examples show scatter
expect_equal "last line" "  mpicxx -std=c++17 -O2 -pthread -I '$PWD/our data/examples/patterns' scatter.cpp -o scatter" \
  "$(tail -n 1 <<<"$err")"

say "what is to be changed in the source is no command"
run examples show reduction
expect_in_err "
  clustermpi examples run reduction -n 1      # one square: sum and largest are the same
  in the source: replace MPI_MAX by MPI_MIN   # the least square is 1, and the check says so
  in the source: replace MPI_SUM by MPI_PROD  # the squares are multiplied, and the check says so
"
run examples show count
expect_in_err "
  clustermpi examples run count --env FIND=11  # refused: no number is larger than MAX
"

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
