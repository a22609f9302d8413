# shellcheck shell=bash
# For tests on where ranks run: the plan of `generate --explain` beside what each rank says of itself, "HOST
# CORE,CORE" a rank, in rank order. To be sourced in place of lib.sh.
# shellcheck source=lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

hello=.clustermpi/bin/hello
# What hello says, without MPI: Open MPI crashes in MPI_Init under srun now and then, which is not what is asked here.
# shellcheck disable=SC2016 # for the node's shell
slurm_hello='echo "hello rank=$SLURM_PROCID size=$SLURM_NTASKS host=$(hostname) cores=$(taskset -pc $$ | sed "s/.*: //")"'

# Of --explain's JSON.
planned() {
  python3 -c 'import json, sys
for rank in json.loads(sys.argv[1])["ranks"]:
    print(rank["host"], ",".join(map(str, rank.get("cores", rank.get("threads")))))' "$out"
}
# Of what hello's ranks printed.
reported() {
  python3 -c 'import re, sys
ranks = {}
for line in sys.argv[1].splitlines():
    found = re.match(r"hello rank=(\d+) size=\d+ host=(\S+) cores=(\S+)", line)
    if found:
        cores = []
        for part in found[3].split(","):
            first, _, last = part.partition("-")
            cores += range(int(first), int(last or first) + 1)
        ranks[int(found[1])] = found[2] + " " + ",".join(map(str, cores))
for rank in sorted(ranks):
    print(ranks[rank])' "$out"
}

# expect_placed VIA ARG...: of `run` and of `generate`.
expect_placed() {
  local way=$1 plan
  shift
  run generate machinefile --explain --json "$@"
  expect_status 0
  plan=$(planned)
  [[ -n $plan ]] || die "no rank is planned with $*"
  if [[ $way == srun ]]; then
    run run --via srun "$@" -- sh -c "$slurm_hello"
  else
    run run --via "$way" "$@" -- $hello
  fi
  expect_status 0
  expect_equal "ranks by $way with $*" "$plan" "$(reported)"
}
