#!/bin/bash
# The catalogue on this machine's MPI: refusals are one sentence and the same status on all ranks, the
# deadlocks end by their deadline, damaged data is noticed, and the task farm does what its head says.
# That every program is right when run as its head says is tested by examples/CMakeLists.txt.
set -uo pipefail

source_dir=${1:?usage: catalogue.sh SOURCE_DIR}
tests=$source_dir/tests/unit/examples
# shellcheck source=start.sh
source "$(dirname "$0")/start.sh"

# refuses NP SENTENCE PROGRAM [ARG...]: nothing on stdout, the sentence once, and status 2 on each rank.
# Each rank's status is noted by a shell around it, for mpirun ends the others at the first that fails.
cat >"$dir/note_status.sh" <<'END'
"$@"
echo $? >"$STATUS_DIR/status.$OMPI_COMM_WORLD_RANK"
END
export STATUS_DIR=$dir
refuses() {
  local np=$1 sentence=$2
  shift 2
  rm -f "$dir"/status.*
  start "$np" sh "$dir/note_status.sh" "$dir/$1" "${@:2}"
  [[ $(cat "$dir"/status.* 2>/dev/null | sort | uniq -c | xargs) == "$np 2" ]] ||
    fail "$* on $np: not status 2 on every rank: $(cat "$dir"/status.* | xargs)"
  [[ -z $out ]] || fail "$* on $np: printed on stdout: $out"
  [[ $err == "$1: $sentence" ]] || fail "$* on $np: not '$1: $sentence' but: $err"
}

# ends_well NP RESULT PROGRAM [ARG...]: status 0, and the last line matches RESULT.
ends_well() {
  local np=$1 result=$2
  shift 2
  start "$np" "$dir/$1" "${@:2}"
  [[ $status == 0 ]] || fail "$* on $np: exit status $status; stdout: $out; stderr: $err"
  tail -n 1 <<<"$out" | grep -Eqx "RESULT $1 $result ok=1" || fail "$* on $np: no '$result' in: $out"
}

compile() {
  mpicxx -std=c++17 -O0 -Wall -Wextra -Werror "$@"
}
export -f compile
sed '/^std::vector<int> largest_list/,/^}/s/, 1, whole_list, larger,/, length, MPI_INT, MPI_MAX,/' \
  "$source_dir/examples/patterns/reduction_list.cpp" >"$dir/reduction_list.cpp"
{
  for program in patterns/{scatter,loop_equal_chunks,message_passing,message_passing_deadlock,reduction,reduction_list} \
    point_to_point/deadlock collectives/{broadcast,allgather,alltoall} programs/{count,task_farm,julia,mandelbrot} files/{mpi_io,collective_io}; do
    printf '%s\n' "$source_dir/examples/$program.cpp -o $dir/$(basename "$program")"
  done
  printf '%s\n' "$dir/reduction_list.cpp -I $source_dir/examples/patterns -o $dir/reduction_list_by_number"
  printf '%s\n' "$tests/catalogue_task_farm.cpp -o $dir/farm"
  printf '%s\n' "-shared -fPIC $tests/catalogue_faulty_mpi.cpp -o $dir/faulty_mpi.so"
} | xargs -P 2 -d '\n' -I LINE bash -c 'compile LINE' || exit 1

# Wrong numbers of ranks and wrong options.
refuses 3 "an array of 10 does not divide by 3 ranks" scatter --length 10
refuses 3 "8 iterations do not divide by 3 ranks" loop_equal_chunks
refuses 3 "needs an even number of ranks, not 3" message_passing
refuses 5 "needs 6 ranks or more, not 5" deadlock
refuses 1 "needs 2 ranks or more, not 1" task_farm
refuses 2 "'--loud' is no option; see --help" scatter --loud
refuses 2 "'more' is no option; see --help" scatter more
refuses 2 "--length wants a value; see --help" scatter --length
number="only a whole number from 1 to 1000000; see --help"
refuses 2 "--length cannot be 'nan', $number" scatter --length nan
refuses 2 "--length cannot be '99999999999999999999', $number" scatter --length 99999999999999999999
refuses 2 "--root cannot be '2', only a whole number from 0 to 1; see --help" broadcast --root 2
start 2 "$dir/scatter" --help
[[ $status == 0 && $out == "usage: scatter ["* ]] || fail "scatter --help: status $status: $out"

refuses 2 "cannot write 'julia.gif': the name has to end in .png or .ppm" julia --output julia.gif
refuses 2 "--output cannot be ''; see --help" mandelbrot --output ''
export OMPI_MCA_mca_base_env_list="LD_PRELOAD=$dir/faulty_mpi.so;FAULTY_THREADS=1"
refuses 2 "this MPI does not allow a program to have threads" scatter
unset OMPI_MCA_mca_base_env_list

# A long array is told by its ends; what is still too long for MPI ends the program, and says so.
start 2 "$dir/scatter" --length 66
numbers="[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, ... (33 in all), 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33]"
[[ $out == *"$numbers"* ]] || fail "scatter of 66 numbers: no $numbers in: $out"
start 2 "$dir/scatter" --length 64
numbers=$(seq -s ', ' 1 32)
[[ $out == *"[$numbers]"* ]] || fail "scatter of 64 numbers: no [$numbers] in: $out"
start 2 -x LD_PRELOAD="$dir/faulty_mpi.so" -x FAULTY_LENGTHS=1 "$dir/scatter"
[[ $status == 1 ]] || fail "texts that are too long: exit status $status"
grep -Fqx "scatter: rank 0: the ranks have 2 GiB of text and more to tell, which MPI cannot count" <<<"$err" ||
  fail "texts that are too long: $err"

# Pictures: a PNG file has the pixels of the PPM file, by a decoder that looks at every check.
for program in julia mandelbrot; do
  for kind in png ppm; do
    ends_well 2 '.*' $program --output "$dir/$program.$kind"
  done
  python3 "$tests/same_picture.py" "$dir/$program.png" "$dir/$program.ppm" || fail "$program: its PNG is not its PPM"
done

# The deadlocks are there, end by their deadline, and say what to change; the cures cure.
begin=$SECONDS
ends_well 4 'first=receive bytes=4 deadlock=1' message_passing_deadlock --deadline 1
((SECONDS - begin < 15)) || fail "message_passing_deadlock took $((SECONDS - begin)) s"
[[ $(grep -c "was in a deadlock: .*; let one of the two begin with its send, or use MPI_Sendrecv$" <<<"$out") == 4 ]] ||
  fail "message_passing_deadlock does not explain itself on every rank: $out"
ends_well 2 'first=send bytes=10000000 deadlock=1' message_passing_deadlock --deadline 1 --first send --bytes 10000000
ends_well 2 'first=send bytes=4 deadlock=0' message_passing_deadlock --deadline 1 --first send
ends_well 6 'cure=none deadlock=1' deadlock --deadline 1
ends_well 6 'cure=swap deadlock=0' deadlock --cure swap
ends_well 6 'cure=sendrecv deadlock=0' deadlock --cure sendrecv

# Parameters that only rank 0 has in its environment reach all ranks; so does its refusal.
timeout 30 mpirun --allow-run-as-root --oversubscribe -n 1 env N=4 MAX=3 FIND=2 "$dir/count" : \
  -n 2 env -u N -u MAX -u FIND "$dir/count" >"$dir/out" 2>"$dir/err" || fail "count: $(<"$dir/err")"
grep -Eqx 'RESULT count n=4 max=3 find=2 total=[0-9]+ ok=1' "$dir/out" || fail "count: $(<"$dir/out")"
export FIND=11
refuses 2 "FIND cannot be '11', only a whole number from 1 to 10; see --help" count
unset FIND

# A scratch file is a new one: those of others stay as they are.
echo precious >"$dir/taken"
for program in mpi_io collective_io; do
  refuses 2 "'$dir/taken' exists already, or cannot be created" $program --file "$dir/taken"
  refuses 2 "'/nowhere/file' exists already, or cannot be created" $program --file /nowhere/file
  ends_well 2 '.*' $program --file "$dir/scratch"
  [[ $(<"$dir/taken") == precious ]] || fail "$program has changed the file of others"
  left=$(cd "$dir" && echo taken* scratch*)
  [[ $left == "taken scratch*" ]] || fail "$program has left: $left"
done

# Every kind of damage is noticed.
for program in message_passing broadcast scatter allgather alltoall reduction; do
  start 2 -x LD_PRELOAD="$dir/faulty_mpi.so" "$dir/$program"
  [[ $status == 1 ]] || fail "$program on a faulty MPI: exit status $status"
  grep -Eqx "RESULT $program .* ok=0" <<<"$out" || fail "$program on a faulty MPI: $out"
  grep -Eq "^$program: the result is wrong on rank [01]$" <<<"$err" || fail "$program on a faulty MPI: $err"
done

# A maximum by number is not taken for that of whole lists.
ends_well 3 'length=5 joined=15' reduction_list
start 3 "$dir/reduction_list_by_number"
[[ $status == 1 ]] || fail "reduction_list without whole lists: exit status $status"
grep -qx 'RESULT reduction_list length=5 joined=15 ok=0' <<<"$out" || fail "reduction_list without whole lists: $out"

# The task farm, case by case, and its demonstration with a worker that hangs.
start 4 "$dir/farm" values arrays failures messages clients early_stop
[[ $status == 0 ]] || fail "farm: exit status $status; stderr: $err"
[[ $out == "$(printf 'farm %s: done\n' values arrays failures messages clients early_stop)" ]] || fail "farm: $out"
start 4 "$dir/farm" hanging
[[ $status == 3 && $out == "farm: done without the lost" ]] || fail "farm hanging: status $status: $out; $err"
start 4 --mca btl tcp,self --mca btl_tcp_if_include lo "$dir/farm" stopping
[[ $status == 0 && $out == "farm stopping: done" ]] || fail "farm stopping: status $status: $out; $err"
if mpirun --version | grep -q '^mpirun (Open MPI) 4\.'; then  # another launcher ends all ranks when one dies
  start 4 --enable-recovery "$dir/farm" dying
  [[ $out == "farm: done without the lost" ]] || fail "farm dying: status $status: $out; $err"
fi
start 4 "$dir/task_farm" --stall 2 --deadline 1
[[ $status == 1 ]] || fail "task_farm --stall: exit status $status"
host=$(uname -n)
grep -Eqx "task_farm: worker 2 on $host has not answered for 1 s" <<<"$err" || fail "task_farm --stall: $err"
grep -Eqx 'RESULT task_farm tasks=10 done=8 failed=2 lost=1 ok=0' <<<"$out" || fail "task_farm --stall: $out"

((failures == 0)) && echo "the catalogue: all as expected"
exit $((failures > 0))
