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
for file in *; do [ ! -e "$file" ] || sha256sum "$file"; done
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

# More than a pipe holds, and than an argument may have; and one of nothing.
seq 400000 >"$dir/hosts"
: >"$dir/ranks"
expect "large and empty files" "$(digest hosts ranks)" "$(both | launch mpirun a | grep -v -e mode -e status -e hostfile)"
expect "nothing is left there" "" "$(ls "$dir/tmp")"
