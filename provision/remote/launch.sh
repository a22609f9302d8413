# Runs `PROGRAM --hostfile FILE ARG...` on the manager and ends it when the connection ends.
# Arguments: the hostfile's text, the program, its arguments. Stdin has NAME=VALUE lines for the job's
# environment up to a line `--`, and is a leash from then on: nothing more comes over it, and its end means
# that nobody waits for the job any more.
set -u
dir=$(mktemp -d "${TMPDIR:-/tmp}/clustermpi.XXXXXX") || exit 1
printf '%s' "$1" >"$dir/hostfile" || exit 1
program=$2
shift 2
while IFS= read -r line && [ "$line" != -- ]; do
  export "${line?}"
done
# A signal comes to the whole group, the job among it. We stay and clean up; the leash goes, since a second
# signal would make mpirun end at once and leave its ranks behind.
trap : HUP INT TERM
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
# A signal ends `wait`, but not yet the job.
while kill -0 "$job" 2>/dev/null; do
  wait "$job"
  status=$?
done
kill -KILL "$leash" 2>/dev/null
rm -rf "$dir"
exit "$status"
