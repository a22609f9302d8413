#!/bin/sh
# expect_right_result.sh PROGRAM COMMAND...: runs the command, and fails unless it exits with 0 and its
# last line of output is PROGRAM's result, and right.
program=$1
shift
output=$("$@")
status=$?
printf '%s\n' "$output"
[ "$status" -eq 0 ] || exit "$status"
case $(printf '%s\n' "$output" | tail -n 1) in
  "RESULT $program "*" ok=1") exit 0 ;;
esac
echo "The last line is no 'RESULT $program ... ok=1'" >&2
exit 1
