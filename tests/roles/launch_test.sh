#!/bin/bash
# provision/remote/launch.sh: what it takes through stdin, and how each way's program is called with it.
set -euo pipefail
script=$(cd "$(dirname "$0")/../.." && pwd)/provision/remote/launch.sh
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

fail() { printf 'FAIL: %s\n  expected: %s\n  came:     %s\n' "$@"; exit 1; }
expect() { [[ $2 == "$3" ]] || fail "$@"; }
# A launcher that tells how it was called, with its folder as DIR, and what it was given.
cat >"$dir/program" <<'PROGRAM'
#!/bin/sh
cd "$TMPDIR"/clustermpi.* || exit 1
echo "$@" | sed "s#$PWD#DIR#g; s#--comment=clustermpi[.][^ ]*#--comment=MARK#"
[ -z "${SLURM_HOSTFILE-}" ] || echo "SLURM_HOSTFILE=$SLURM_HOSTFILE" | sed "s#$PWD#DIR#"
[ -z "${GREETING-}" ] || echo "GREETING=$GREETING"
[ -z "${line-}" ] || echo "dir=$dir line=$line way=$way program=$program"
[ ! -e input ] || sha256sum <"$(cat input)"
for file in *; do case $file in '*' | input | feed) ;; *) sha256sum "$file" ;; esac; done
stat -c 'mode %a' .
exit 7
PROGRAM
chmod +x "$dir/program"
mkdir "$dir/tmp"
# launch WAY ARG...: with stdin as it comes, which stays open until the end as the connection does.
launch() { { cat; sleep 2 & } | TMPDIR=$dir/tmp sh -c "$(<"$script")" launch "$1" "$dir/program" "${@:2}" || echo "status $?"; }
file() { printf 'file %s %s\n' "$1" "$(stat -c %s "$2")"; cat "$2"; }
digest() { (cd "$dir" && sha256sum "$@"); }

printf 'red slots=2\nred01 slots=2\n' >"$dir/hosts"
printf 'rank 0=red slot=1\n--\nA=b' >"$dir/ranks"  # neither the mark of the end nor lines count inside a file
tail='mode 700
status 7'
expect "mpirun" "--hostfile DIR/hosts -np 4 a b
GREETING=it's \$HOME
$(digest hosts)
$tail" "$({ file hosts "$dir/hosts"; echo "GREETING=it's \$HOME"; echo --; } | launch mpirun -np 4 a b)"

both() { file ranks "$dir/ranks"; file hosts "$dir/hosts"; echo --; }
files=$(digest hosts ranks)
expect "mpirun with a rankfile" "--hostfile DIR/hosts --rankfile DIR/ranks -np 1 a
$files
$tail" "$(both | launch mpirun -np 1 a)"
expect "prrte with a rankfile" "--hostfile DIR/hosts --map-by rankfile:file=DIR/ranks -np 1 a
$files
$tail" "$(both | launch prrte -np 1 a)"
expect "hydra" "-f DIR/hosts -n 1 a
$(digest hosts)
$tail" "$({ file hosts "$dir/hosts"; echo --; } | launch hydra -n 1 a)"
expect "slurm" "--comment=MARK --ntasks=1 a
$tail" "$(echo -- | launch slurm --ntasks=1 a)"
expect "slurm with hosts" "--comment=MARK --ntasks=1 a
SLURM_HOSTFILE=DIR/hosts
$(digest hosts)
$tail" "$({ file hosts "$dir/hosts"; echo --; } | launch slurm --ntasks=1 a)"

# A variable of the job's that is called as one of the script's own is nothing to the script, which removes `dir`.
mkdir "$dir/kept"
expect "names of ours" "--comment=MARK a
dir=$dir/kept line=b way=c program=d
$tail" "$({ printf '%s\n' "dir=$dir/kept" line=b way=c program=d --; } | launch slurm a)"
[[ -d $dir/kept ]] || fail "a folder named by the job's environment" "is left alone" "removed"

# The stdin of rank 0: pieces, of any bytes, and their end, which is not the end of ours.
feed=${script%/*}/feed.py
head -c 3000000 /dev/urandom >"$dir/bytes"
piece() { printf '%s\n' "$(stat -c %s "$1")"; cat "$1"; }
with_input() { printf '%s' "$dir/tmp/fifo" >"$dir/path"; file input "$dir/path"; file feed "$feed"; echo --; }
expect "stdin" "--comment=MARK a
$(sha256sum <"$dir/bytes")
$tail" "$({ with_input; piece "$dir/bytes"; echo 0; } | launch slurm a)"
expect "an empty stdin" "$(sha256sum </dev/null)" "$({ with_input; echo 0; } | launch slurm a | sed -n 2p)"

# run_line LINE: a job that does this; $fifo is its stdin.
run_line() {
  printf '#!/bin/sh\nfifo=%s\n%s\n' "$dir/tmp/fifo" "$1" >"$dir/job"
  chmod +x "$dir/job"
  TMPDIR=$dir/tmp sh -c "$(<"$script")" launch slurm "$dir/job" 2>/dev/null || echo "status $?"
}
expect "a rank that comes late" "$(sha256sum <"$dir/hosts")" \
  "$({ with_input; piece "$dir/hosts"; echo 0; sleep 2; } | run_line 'sleep 1; exec sha256sum <$fifo')"
expect "a rank that has enough early" "enough" \
  "$({ with_input; piece "$dir/bytes"; echo 0; sleep 2; } | run_line 'head -c 3 <$fifo >/dev/null; sleep 1; echo enough')"

# Cut off, it ends the job, although that takes nothing of what came, and without an end of its input before.
cut_off() { with_input; echo 1000000; head -c 100000 "$dir/bytes"; }
expect "a leash while the job takes nothing" "status 143" "$(cut_off | run_line 'exec 3<$fifo; exec sleep 1000')"
expect "a leash before the job takes anything" "status 143" "$(cut_off | run_line 'exec sleep 1000')"
expect "a leash while the job waits for more" "status 143" "$(cut_off | run_line 'exec cat <$fifo >/dev/null')"

# More than a pipe holds, and than an argument may have; and one of nothing.
seq 400000 >"$dir/hosts"
: >"$dir/ranks"
expect "large and empty files" "$(digest hosts ranks)" "$(both | launch mpirun a | grep -v -e mode -e status -e hostfile)"
expect "nothing is left there" "" "$(ls "$dir/tmp")"

# A connection that is lost while the header comes starts nothing, wherever it is cut, and leaves nothing.
printf '#!/bin/sh\ntouch %s/started\n' "$dir" >"$dir/program"
printf 'red slots=2\nred01 slots=2\n' >"$dir/hosts"
printf 'rank 0=red slot=1\n' >"$dir/ranks"
{ echo GREETING=whole; both; } >"$dir/header"
whole=$(stat -c %s "$dir/header")
status_of() { TMPDIR=$dir/tmp sh -c "$(<"$script")" launch mpirun "$dir/program" a 2>/dev/null || echo "status $?"; }
for bytes in 0 8 $((whole / 2)) $((whole - 20)) $((whole - 4)); do
  expect "$bytes of $whole bytes" "status 1" "$(head -c "$bytes" "$dir/header" | status_of)"
done
[[ ! -e $dir/started ]] || fail "half a header" "starts nothing" "started the job"
# Nor does what cannot be kept, or a signal before the job is there.
expect "a file that cannot be made" "status 1" "$({ file no/hosts "$dir/hosts"; echo --; } | status_of)"
printf '%s' "$dir/none/fifo" >"$dir/path"
expect "a stdin that cannot be made" "status 1" "$({ file input "$dir/path"; echo --; } | status_of)"
mkfifo "$dir/silence"
TMPDIR=$dir/tmp sh -c "$(<"$script")" launch mpirun "$dir/program" a <>"$dir/silence" &
until [[ -n $(ls "$dir/tmp") ]]; do sleep 0.01; done
while kill -HUP $! 2>/dev/null; do sleep 0.1; done   # one that comes right before a read is seen behind it
expect "nothing is left there" "" "$(ls "$dir/tmp")"
