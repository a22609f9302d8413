# Has tasks sleep on nodes, cancels their job when all have begun, and waits for its end.
# Arguments: how long they sleep, which also tells them from all other processes; how many there are; options
# of srun. Prints begun=COUNT, then ended=1 or said=COMPLAINT.
set -u
nap=$1
tasks=$2
shift 2
dir=$(mktemp -d "${TMPDIR:-/tmp}/clustermpi.XXXXXX") || exit 1
mark=${dir##*/}

cancel() {
  ids=$(timeout 10 squeue --noheader --user="$(id -un)" --format='%A %k' 2>/dev/null | sed -n "s/ $mark\$//p")
  # shellcheck disable=SC2086 # one word each
  [ -z "$ids" ] || timeout 10 scancel $ids
}
trap 'cancel; rm -rf "$dir"' EXIT
trap 'exit 1' HUP INT TERM

: >"$dir/out" # it is read before srun has begun
srun --comment="$mark" "$@" sh -c 'echo begun; exec sleep "$0"' "$nap" >"$dir/out" 2>"$dir/err" </dev/null &
job=$!
begun() { grep -c begun "$dir/out"; }
# still TENTHS CONDITION...: waits while it holds, that long at most.
still() {
  tenths=$1
  shift
  while [ "$tenths" -gt 0 ] && "$@"; do
    sleep 0.1
    tenths=$((tenths - 1))
  done
}
starting() { [ "$(begun)" -lt "$tasks" ] && kill -0 "$job" 2>/dev/null; }
running() { kill -0 "$job" 2>/dev/null; }

still 400 starting
echo "begun=$(begun)"
cancel
still 100 running
if [ "$(begun)" -lt "$tasks" ] || running; then
  kill -KILL "$job" 2>/dev/null
  echo "said=$(grep -v -e 'queued and waiting' -e 'has been allocated' "$dir/err" | head -n 3 | tr '\n' ' ')"
else
  echo ended=1
fi
