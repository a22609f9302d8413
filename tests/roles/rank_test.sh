#!/bin/bash
# provision/remote/rank.sh and gather.py: what a rank is started with, and that what ranks print comes with their number.
set -euo pipefail
remote=$(cd "$(dirname "$0")/../.." && pwd)/provision/remote
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

fail() { printf 'FAIL: %s\n  expected: %s\n  came:     %s\n' "$@"; exit 1; }
expect() { [[ $2 == "$3" ]] || fail "$@"; }
rank() { sh -c "$(<"$remote/rank.sh")" rank "$@"; }

expect "a place to start" "/usr/share a" "$(rank '' /usr/share '' plain sh -c 'echo "$PWD $1"' sh a)"
expect "no such place" "status 1" "$(rank '' "$dir/none" '' plain echo started 2>/dev/null || echo "status $?")"
expect "nothing of ours in the environment" "" "$(rank '' / '' plain env | grep clustermpi_ || :)"
printf '#!/bin/sh\necho "here $1"\n' >"$dir/here_alone"
chmod +x "$dir/here_alone"
expect "a program that is here and nowhere else" "here x" "$(rank '' "$dir" '' plain here_alone x)"

# Which of several numbers is the rank's: Slurm counts daemons, or what it started itself.
mkfifo "$dir/stdin"
reads() { env "$@" bash -c "cat >'$dir/stdin' <<<input & sh -c \"\$1\" rank 'red:$dir/stdin' '' '' plain cat; kill \$! 2>/dev/null || :" bash "$(<"$remote/rank.sh")" </dev/null; }
expect "Open MPI's rank 0" input "$(reads OMPI_COMM_WORLD_RANK=0 PMIX_RANK=1 SLURM_PROCID=2)"
expect "Hydra's rank 0" input "$(reads PMI_RANK=0 SLURM_PROCID=1)"
expect "Slurm's rank 0" input "$(reads SLURM_PROCID=0)"
expect "another rank of Open MPI's" "" "$(reads OMPI_COMM_WORLD_RANK=1 SLURM_PROCID=0)"

mkdir "$dir/bin"
with_ssh() { printf '#!/bin/sh\n%s\n' "$1" >"$dir/bin/ssh"; chmod +x "$dir/bin/ssh"; PATH=$dir/bin:$PATH rank "red:$dir/none" '' '' plain cat 2>&1 || echo "status $?"; }
expect "from another host" input "$(with_ssh 'printf "Hello from red\nclustermpi\ninput"')"
expect "from one that does not answer" "rank 0 on $(hostname): ssh does not bring its stdin from red
status 1" "$(with_ssh 'exit 255')"
expect "a stdin without an end" "" "$({ sleep 5 & } | rank '' '' '' plain cat)"

printf '#!/bin/sh\n' >"$dir/bin/sleep"
chmod +x "$dir/bin/sleep"
expect "nobody who gathers" "rank 3 on $(hostname): nobody takes here what it prints
status 1" "$(PMI_RANK=3 PATH=$dir/bin:$PATH rank '' '' "$dir/none" gather echo started 2>&1 || echo "status $?")"

# Ranks that print at once, of which one was there before who gathers.
line=$(printf 'x%.0s' {1..300})
mkfifo "$dir/leash"
exec 3<>"$dir/leash"
start_rank() { OMPI_COMM_WORLD_RANK=$1 rank '' '' "$dir/folder" gather sh -c "for i in \$(seq 1000); do echo $1 $line; done; echo trouble >&2; printf end" 3>&- & ranks+=($!); }
ranks=()
start_rank 0
python3 -c "$(<"$remote/gather.py")" "$dir/folder" <"$dir/leash" >"$dir/came" 3>&- &
gatherer=$!
start_rank 1
wait "${ranks[@]}"
exec 3>&-
wait $gatherer || fail "who gathers" "status 0" "status $?"
[[ ! -e $dir/folder ]] || fail "the folder" "is gone" "is there"
# What came, rank by rank and stream by stream.
python3 - "$dir/came" <<'PYTHON' || fail "what ranks printed" "each for itself" "see above"
import collections, sys
came = collections.defaultdict(bytes)
with open(sys.argv[1], "rb") as file:
    while header := file.readline():
        rank, kind, size = header.split()
        came[rank, kind] += file.read(int(size))
for rank in (b"0", b"1"):
    assert (rank, b"start") in came, came.keys()
    assert came[rank, b"out"] == (rank + b" " + b"x" * 300 + b"\n") * 1000 + b"end", came[rank, b"out"][:1000]
    assert came[rank, b"err"] == b"trouble\n", came[rank, b"err"]
PYTHON

# A profile that nobody waits for any more, with a perf that costs nothing, leaves nothing.
cat >"$dir/bin/perf" <<'END'
#!/bin/sh
case $1 in
  record)
    : >"$4"
    shift 4
    exec "$@"
    ;;
  report) echo ' 42  [.] main' ;;
esac
END
chmod +x "$dir/bin/perf"
rm "$dir/bin/sleep"
mkdir "$dir/tmp"
exec 3<>"$dir/leash"
start_profile() { TMPDIR=$dir/tmp PATH=$dir/bin:$PATH OMPI_COMM_WORLD_RANK=0 setsid sh -c "$(<"$remote/rank.sh")" rank '' '' "$dir/folder" profile "$@" 3>&- & ranks=($!); }
gather() { python3 -c "$(<"$remote/gather.py")" "$dir/folder" <"$dir/leash" >"$dir/came" 3>&- & gatherer=$!; }
gather
start_profile true
wait "${ranks[@]}" || fail "a profiled rank" "status 0" "status $?"
exec 3>&-
wait $gatherer 2>/dev/null
expect "a profile" "0 start 0
0 profile 8
42 main
0 profile 0" "$(cat "$dir/came")"
exec 3<>"$dir/leash"
gather
# shellcheck disable=SC2016 # for the rank's shell
start_profile sh -c ': >"$1"; exec sleep 1000' sh "$dir/started"
until [[ -e $dir/started ]]; do sleep 0.01; done
kill -KILL -- "-${ranks[0]}"
# One that takes longer to end writes on while it can.
(late=0; while : >"$dir/folder/late.$late"; do late=$((late + 1)); done) 2>/dev/null 3>&- &
until [[ -e $dir/folder/late.9 ]]; do sleep 0.01; done
exec 3>&-
wait $gatherer 2>/dev/null
expect "nothing is left" "" "$(ls -d "$dir/folder" "$dir/tmp"/* 2>/dev/null)"
