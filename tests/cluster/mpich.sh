#!/bin/bash
# MPICH in place of Open MPI, on the Debian whose MPICH does not hang: from bare hosts to a verified cluster,
# ranks where the plan says, jobs that end with us.
# shellcheck source=ranks.sh
source "$(dirname "$0")/ranks.sh"

proves_itself() {
  run verify --json
  expect_status 0
  expect_json '{program: v["ok"] for program, v in d["verification"].items()}' '{"hello": true, "links": true, "pi": true, "ring": true}'
  expect_json 'd["verification"]["hello"]["figures"]["hosts"]' 2
}
places_ranks() {
  expect_placed mpirun -n 3 --policy by-node
  expect_placed mpirun -n 3 --policy by-core
  expect_placed mpirun --policy fill
  expect_placed mpirun -n 3 --policy weighted --weight "$(node 2)=2"
  expect_placed mpirun --threads 2
}

start_lab --bare --nodes 2 --suite trixie
printf '\n[mpi]\nimplementation = "mpich"\n' >>cluster.toml
expect_converges 2
grep -q 'Check that MPICH answers' .clustermpi/ansible.log || die "the role of MPICH was not read"
! grep -q 'Check that Open MPI answers' .clustermpi/ansible.log || die "the role of Open MPI was read, too"
run up --dry-run --json
expect_status 0
expect_json '[c for s in d["steps"] for c in s.get("changes", [])]' '[]'
proves_itself
run facts --json
expect_json '["mpich" in h["facts"]["packages"] and "openmpi-bin" not in h["facts"]["packages"]
  for h in d["hosts"].values()]' '[true, true]'
expect_equal "the machinefile" "$(printf '%s:2\n%s:2' "$(node 1)" "$(node 2)")" "$(<.clustermpi/machinefile)"

say "each policy"
places_ranks

say "what comes back from a job"
run run -n 2 -- sh -c 'exit 7'
expect_status 7
run run -n 1 -- no-such-program
((status != 0)) || die "a program that is not there was started"

say "what ranks read, where they start, and what they print"
head -c 20000000 /dev/urandom >big
"$CLUSTERMPI" run -n 2 --tag --workdir /var/tmp --env "A=it's" -- sh -c 'echo "$A $PWD $(sha256sum)"' <big >printed
expect_equal "printed" "[0] it's /var/tmp $(sha256sum <big)
[1] it's /var/tmp $(sha256sum </dev/null)" "$(sort printed)"
run run -n 4 --split out -- sh -c 'cat; seq 100000'
expect_in_err "4 ranks in out: 400000 lines on stdout, none on stderr"

say "a job ends with us"
sleeping() { on 1 'pgrep -x sleep' >/dev/null && on 2 'pgrep -x sleep' >/dev/null; }
quiet() { ! on "$1" 'pgrep -x sleep || pgrep mpiexec || pgrep hydra' >/dev/null; }
all_quiet() { quiet 1 && quiet 2; }
for signal in INT KILL; do
  run_in_background run -n 4 -- sleep 1000
  wait_until 30 "the job on both nodes" sleeping
  kill -"$signal" "$background"
  join 2>/dev/null
  wait_until 30 "the end of the job on both nodes after SIG$signal" all_quiet
done

say "[placement] of the inventory"
cat >>cluster.toml <<END
[placement]
ranks = ["$(node 2):1", "$(node 1):0-1", "$(node 2):0"]
END
expect_placed mpirun
run run -- $hello
expect_equal "ranks as listed" "$(node 2) 1
$(node 1) 0,1
$(node 2) 0" "$(reported)"

say "Open MPI beside MPICH: what is installed last does not decide, each is called by a name of its own"
both_are_there() {
  run facts --json
  expect_json '[{"mpich", "openmpi-bin"} <= set(h["facts"]["packages"]) for h in d["hosts"].values()]' '[true, true]'
  on 1 'mpirun --version' | grep -q 'Open MPI' || die "plain mpirun is not Open MPI's: there is nothing to tell apart"
}
linked_to() { on 1 "ldd /home/$user/$hello" | grep -o 'lib\(mpich\|mpi\)\.so' | sort -u; }
user=$(sed -n 's/^user = "\(.*\)"/\1/p' cluster.toml)
sed -i '/^\[placement\]/,$d; s/^implementation = .*/implementation = "openmpi"/' cluster.toml
expect_converges 2
both_are_there
proves_itself
expect_equal "the library of a program built for Open MPI" libmpi.so "$(linked_to)"
sed -i 's/^implementation = .*/implementation = "mpich"/' cluster.toml
expect_converges 2
both_are_there
proves_itself
expect_equal "the library of a program built for MPICH" libmpich.so "$(linked_to)"
