# shellcheck shell=bash
# For tests that run the real program: run it, look at what came, and stop at the first thing that is not
# as expected, saying both. To be sourced; $CLUSTERMPI is the program.
set -uo pipefail
: "${CLUSTERMPI:?is to be the path of the program}"

work=$(mktemp -d)
status=0   # of the last run
out=''     # its stdout
err=''     # its stderr

at_exit() {
  local last=$?
  trap - EXIT
  clean_up
  cd / && rm -rf "$work"
  exit "$last"
}
clean_up() { :; }   # replaced by what has more to clean
trap at_exit EXIT
trap 'exit 143' TERM
trap 'exit 130' INT
cd "$work" || exit 1

say() { printf '[%4d s] %s\n' "$SECONDS" "$*"; }

die() {
  printf 'FAIL: %s\n' "$*"
  exit 1
}

# What the last run printed, for whoever reads the log of a failure.
show_run() {
  printf -- '--- exit status %s, stdout:\n%s\n--- stderr:\n%s\n---\n' "$status" "$(tail -n 60 <<<"$out")" "$(tail -n 60 <<<"$err")"
}

mismatch() {  # mismatch WHAT EXPECTED CAME
  printf 'FAIL: %s\n  expected: %s\n  came:     %s\n' "$1" "$2" "$3"
  show_run
  exit 1
}

# run ARG...: the program to its end; leaves $status, $out and $err.
run() {
  say "clustermpi $*"
  "$CLUSTERMPI" "$@" >"$work/stdout" 2>"$work/stderr" </dev/null
  status=$?
  out=$(<"$work/stdout")
  err=$(<"$work/stderr")
}

# run_in_background ARG...: leaves $background, the process; join ends the wait for it as run does.
run_in_background() {
  say "clustermpi $* &"
  "$CLUSTERMPI" "$@" >"$work/background.out" 2>"$work/background.err" </dev/null &
  background=$!
}
join() {
  wait "$background"
  status=$?
  out=$(<"$work/background.out")
  err=$(<"$work/background.err")
}

expect_status() { [[ $status == "$1" ]] || mismatch "exit status${2:+ ($2)}" "$1" "$status"; }
expect_equal() { [[ $2 == "$3" ]] || mismatch "$1" "$2" "$3"; }   # WHAT EXPECTED CAME
expect_in_err() { [[ $err == *"$1"* ]] || mismatch "text on stderr" "$1" "${err:-nothing}"; }
expect_in_out() { [[ $out == *"$1"* ]] || mismatch "text on stdout" "$1" "${out:-nothing}"; }
expect_not_in_err() { [[ $err != *"$1"* ]] || mismatch "text on stderr" "not: $1" "$err"; }

# json EXPRESSION: of Python, on d, the one document on stdout.
json() {
  python3 -c 'import json, sys
d = json.loads(sys.argv[1])
value = eval(sys.argv[2])
print(value if isinstance(value, str) else json.dumps(value))' "$out" "$1" ||
    mismatch "JSON on stdout" "a document that has $1" "$out"
}
expect_json() {  # EXPRESSION WANTED, as JSON prints it
  local came
  came=$(json "$1") || { echo "$came"; exit 1; }
  [[ $came == "$2" ]] || mismatch "$1" "$2" "$came"
}

# wait_until SECONDS WHAT COMMAND...: polls until the command succeeds.
wait_until() {
  local deadline=$((SECONDS + $1)) what=$2
  shift 2
  until "$@"; do
    ((SECONDS < deadline)) || die "$what did not happen in time"
    sleep 0.1
  done
}
