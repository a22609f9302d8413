# Runs `PROGRAM --hostfile FILE ARG...` on the manager and ends it when the connection ends.
# Arguments: the hostfile's text, the program, its arguments. Stdin is a leash: nothing comes over it,
# and its end means that nobody waits for the job any more.
set -u
dir=$(mktemp -d "${TMPDIR:-/tmp}/clustermpi.XXXXXX") || exit 1
printf '%s' "$1" >"$dir/hostfile" || exit 1
program=$2
shift 2
exec 3<&0
"$program" --hostfile "$dir/hostfile" "$@" </dev/null 3<&- &
job=$!
{
  cat <&3 >/dev/null
  kill -TERM "$job"
  sleep 5
  kill -KILL "$job"
} >/dev/null 2>&1 &
leash=$!
wait "$job"
status=$?
kill "$leash" 2>/dev/null
rm -rf "$dir"
exit "$status"
