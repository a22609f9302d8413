#!/bin/bash
# Ranks run where the plan says: for every policy each rank reports its host and the cores that it is bound to,
# by mpirun and by srun, and that is what `generate --explain` said before.
# shellcheck source=ranks.sh
source "$(dirname "$0")/ranks.sh"

start_lab --slurm --nodes 4
run up --json
expect_status 0

say "each policy, by mpirun and by srun"
for way in mpirun srun; do
  for policy in fill by-core by-thread by-socket by-numa by-node; do
    expect_placed $way -n 5 --policy $policy
    expect_placed $way --policy $policy
  done
  expect_placed $way --policy weighted -n 6 --weight "$(node 2)=2"
  expect_placed $way --threads 2
  expect_placed $way --policy by-core --per-node 1 --exclude-manager
done
expect_placed mpirun --policy by-node -n 5 --limit "$(node 2),$(node 1),$(node 4)"

say "what verify measured decides where nothing is said"
expect_placed mpirun --policy weighted -n 6

say "files by hand: the rankfile and the machinefile that are generated, and mpirun as a user types it"
run generate machinefile --policy by-socket -n 8 -o machines
expect_status 0
run generate rankfile --policy by-socket -n 8 -o ranks
expect_status 0
run generate rankfile --policy by-socket -n 8 --explain --json
plan=$(planned)
run distribute machines ranks --to .
expect_status 0
run exec "$(node 1)" -- "mpirun.openmpi -np 8 --hostfile machines --rankfile ranks $hello"
expect_status 0
expect_equal "ranks by hand" "$plan" "$(reported)"

say "[placement] of the inventory"
cat >>cluster.toml <<END
[placement]
ranks = ["$(node 3):1", "$(node 1):0-1", "$(node 3):0"]
END
expect_placed mpirun
expect_placed mpirun -n 2
run run -- $hello
expect_equal "ranks as listed" "$(node 3) 1
$(node 1) 0,1
$(node 3) 0" "$(reported)"

say "refusals"
refused() { run "${@:2}"; expect_status 2; expect_in_err "$1"; }
refused "9 ranks asked for, but ${lab}[01-04] have 8 slots
  ask for at most 8, or raise 'slots' in the inventory" run -n 9 --policy fill -- $hello
refused "9 ranks asked for, but ${lab}[01-04] have room for 8 ranks by-core
  ask for at most 8, or raise 'slots' in the inventory" run -n 9 --policy by-core -- $hello
refused "a rank with 3 cores fits nowhere on ${lab}[01-04] by-core
  there is room for 2 at most: --threads 2" run --policy by-core --threads 3 -- $hello
refused "none of ${lab}[01-04] has a GPU that is known of" run --policy by-gpu -- $hello
refused "none of ${lab}[01-04] has the label fast" generate rankfile --only-label fast --policy fill
refused "where ranks run cannot be said to salloc
  it can to mpirun and srun: see --via" run --via salloc --policy by-core -- $hello
