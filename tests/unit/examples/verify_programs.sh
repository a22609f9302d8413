#!/bin/bash
# The verification programs on this machine's MPI: right results for several np, hits that do not depend
# on np, bad arguments that end at once on all ranks, and faults that are noticed.
set -uo pipefail

source_dir=${1:?usage: verify_programs.sh SOURCE_DIR}
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
failures=0

fail() {
  printf 'FAIL: %s\n' "$*"
  failures=$((failures + 1))
}

# start NP [MPIRUN-OPTION...] PROGRAM [ARG...]: leaves $out, $err and $status. The deadline turns a hang
# into a failure.
start() {
  local np=$1
  shift
  timeout 60 mpirun --allow-run-as-root --oversubscribe -n "$np" "$@" >"$dir/out" 2>"$dir/err"
  status=$?
  out=$(<"$dir/out")
  err=$(<"$dir/err")
}

expect_status() {
  [[ $status == "$1" ]] || fail "$2: exit status $status, expected $1; stdout: $out; stderr: $err"
}
expect_line() {  # expect_line REGEX TEXT WHAT
  grep -Eqx -- "$1" <<<"$2" || fail "$3: no line '$1' in: $2"
}
expect_sentence() {  # expect_sentence SENTENCE TEXT WHAT: the line is there, and once
  [[ $(grep -Fxc -- "$1" <<<"$2") == 1 ]] || fail "$3: not once '$1' in: $2"
}

for program in hello ring pi; do
  mpicxx -std=c++17 -O2 -Wall -Wextra -Werror "$source_dir/examples/verify/$program.cpp" -o "$dir/$program" ||
    exit 1
done
mpicxx -std=c++17 -shared -fPIC "$source_dir/tests/unit/examples/faulty_mpi.cpp" -o "$dir/faulty_mpi.so" || exit 1

host=$(uname -n)
host=${host%%.*}

# hello: one line a rank, in rank order, then the result.
start 3 "$dir/hello" --expect 3
expect_status 0 "hello, np 3"
expect_line "hello rank=0 size=3 host=$host cores=[0-9,-]+" "$(sed -n 1p <<<"$out")" "hello, first line"
expect_line "hello rank=2 size=3 host=$host cores=[0-9,-]+" "$(sed -n 3p <<<"$out")" "hello, third line"
expect_line "RESULT hello size=3 hosts=1 ok=1" "$(sed -n 4p <<<"$out")" "hello, result"

# Started as eight, but alone: what a program built with another MPI looks like.
mixed="was it built with another MPI than the one that started it?"
start 1 "$dir/hello" --expect 8
expect_status 1 "hello that misses ranks"
expect_sentence "hello: the world size is 1, not 8: $mixed" "$err" "hello that misses ranks"
expect_line "RESULT hello size=1 hosts=1 ok=0" "$out" "hello that misses ranks"
out=$(env -u OMPI_COMM_WORLD_SIZE PMI_SIZE=4 "$dir/hello" 2>"$dir/err")
status=$?
err=$(<"$dir/err")
expect_status 1 "hello under a foreign launcher"
expect_sentence "hello: the world size is 1, not 4: $mixed" "$err" "hello under a foreign launcher"

# ring: start + laps x ranks, for one rank too, and for messages that MPI does not buffer.
start 1 "$dir/ring" --count 5 --size 1000000
expect_status 0 "ring, np 1"
expect_line 'RESULT ring laps=5 hops=5 size=1 bytes=1000000 value=5 latency_us=[0-9.]+ ok=1' "$out" "ring, np 1"
start 3 "$dir/ring" --start -2 --count 4 --size 0
expect_status 0 "ring, np 3"
expect_line 'RESULT ring laps=4 hops=12 size=3 bytes=0 value=10 latency_us=[0-9.]+ ok=1' "$out" "ring, np 3"
start 2 "$dir/ring" --size 20000000 --count 2
expect_status 0 "ring, 20 MB"

start 2 -x LD_PRELOAD="$dir/faulty_mpi.so" "$dir/ring" --count 3
expect_status 1 "ring on a faulty MPI"
expect_line 'ring: 3 messages from rank 0 to rank 1 arrived damaged' "$err" "ring on a faulty MPI"
expect_line 'RESULT ring .* ok=0' "$out" "ring on a faulty MPI"

# pi: the same hits whatever np is. The number is that of the default seed; it changes only with the
# generator.
for np in 1 2 3 8; do
  start "$np" "$dir/pi"
  expect_status 0 "pi, np $np"
  expect_line 'RESULT pi hits=3294515 darts=4194304 size='$np' pi=3.141894341 error=[-+.e0-9]+ sigma=[-+.e0-9]+ ok=1' "$out" "pi, np $np"
  rates=$(grep -Ec "^pi rank=[0-9]+ host=$host darts=[0-9]+ seconds=[0-9.]+ samples_per_s=[0-9]+$" <<<"$out")
  [[ $rates == "$np" ]] || fail "pi, np $np: $rates lines of throughput"
done
start 3 "$dir/pi" --darts 2
expect_status 0 "pi, fewer darts than ranks"

start 2 -x LD_PRELOAD="$dir/faulty_mpi.so" "$dir/pi"
expect_status 1 "pi on a faulty MPI"
expect_line 'pi: the estimate 3\.237261772 is 119\.3 sigma off: the sum or a rank is wrong' "$err" "pi on a faulty MPI"
expect_line 'RESULT pi hits=3394515 .* ok=0' "$out" "pi on a faulty MPI"

# Bad arguments: one sentence, status 2, nothing on stdout; --help: status 0.
refuses() {  # refuses SENTENCE PROGRAM ARG...
  local sentence=$1
  shift
  start 2 "$dir/$1" "${@:2}"
  expect_status 2 "$*"
  [[ -z $out ]] || fail "$*: printed on stdout: $out"
  expect_sentence "$sentence" "$err" "$*"
}
refuses "hello: --expect takes a number of ranks, 1 or more, not 'x'" hello --expect x
refuses "hello: '--loud' is no option, or its value is missing; see --help" hello --loud
refuses "ring: --count cannot be '0'; see --help" ring --count 0
refuses "ring: --size cannot be '1073741825'; see --help" ring --size 1073741825
refuses "ring: --start cannot be ''; see --help" ring --start
refuses "pi: --darts cannot be 'nan'; see --help" pi --darts nan
refuses "pi: --darts cannot be '-1'; see --help" pi --darts -1
refuses "pi: 'more' is no option; see --help" pi more
for program in hello ring pi; do
  start 2 "$dir/$program" --help
  expect_status 0 "$program --help"
  [[ $out == "usage: $program ["* ]] || fail "$program --help: $out"
done

((failures == 0)) && echo "hello, ring and pi: all as expected"
exit $((failures > 0))
