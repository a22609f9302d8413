# shellcheck shell=bash
# For tests of programs on this machine's MPI: starts them, and counts what is not as expected. To be sourced.
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
failures=0

fail() {
  printf 'FAIL: %s\n' "$*"
  failures=$((failures + 1))
}

# start NP [MPIRUN-OPTION...] PROGRAM [ARG...]: leaves $out, $err and $status. The deadline turns a hang
# into a failure.
# shellcheck disable=SC2034 # for whoever sources this
start() {
  local np=$1
  shift
  timeout 60 mpirun --allow-run-as-root --oversubscribe -n "$np" "$@" >"$dir/out" 2>"$dir/err"
  status=$?
  out=$(<"$dir/out")
  err=$(<"$dir/err")
}
