# shellcheck shell=bash
# For measurements of the MPI programs: they are compiled as on the nodes, with this machine's MPI, and several
# hosts are several names for this one. To be sourced.
# shellcheck disable=SC2034  # missed is for the script that sources this
set -uo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1

die() { printf 'FAIL: %s\n' "$*" >&2; exit 1; }

compile() {  # compile SOURCE: as $work/NAME
  mpicxx -std=c++17 -O2 "$1" -o "$work/$(basename "$1" .cpp)" || die "$1 does not compile"
}

# on_hosts HOSTS NP PROGRAM [ARG...]: a rank a host, which takes root for their names. Idle ranks give their
# core away, as in `clustermpi verify`: there are more of them than cores.
on_hosts() {
  mkdir -p "$work/fleet"
  FAKE_FLEET=$work/fleet timeout 300 mpirun --mca plm_rsh_agent "$root/tests/launchers/fake_node.sh" \
    --mca plm_rsh_no_tree_spawn 1 --mca btl_tcp_if_include lo --mca mpi_yield_when_idle 1 \
    --map-by node --oversubscribe --host "$1" -n "$2" "${@:3}"
}

# figure KEY LINE: KEY's value in "... KEY=VALUE ...".
figure() { sed -n "s/.* $1=\([^ ]*\).*/\1/p" <<<"$2"; }

median() { printf '%s\n' "$@" | sort -g | awk '{ v[NR] = $1 } END { print (v[int((NR + 1) / 2)] + v[int(NR / 2) + 1]) / 2 }'; }
ratio() { awk -v a="$1" -v b="$2" 'BEGIN { printf "%.3f", a / b }'; }

missed=0
# judge WHAT VALUE least|most LIMIT: a line of the verdict.
judge() {
  local verdict=met
  awk -v v="$2" -v limit="$4" -v side="$3" 'BEGIN { exit !(side == "least" ? v < limit : v > limit) }' &&
    verdict=MISSED && missed=1
  printf '%-56s %9.3f  at %-5s %5s  %s\n' "$1" "$2" "$3" "$4" "$verdict"
}
