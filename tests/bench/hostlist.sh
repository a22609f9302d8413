#!/bin/bash
# Folding and expanding beside libslurm and ClusterShell: the same names, in turns. In process (libslurm) and
# whole processes (all three).
# Usage: tests/bench/hostlist.sh [ROUNDS]; $SLURM_HOSTLIST and $HOSTLIST_TIMES are the helpers beside the release build.
source "$(dirname "$0")/lib.sh"

rounds=${1:-11}
build=$(dirname "$CLUSTERMPI")
SLURM_HOSTLIST=${SLURM_HOSTLIST:-$build/tests/slurm_hostlist}
HOSTLIST_TIMES=${HOSTLIST_TIMES:-$build/tests/hostlist_times}
[[ -x $SLURM_HOSTLIST && -x $HOSTLIST_TIMES ]] || cmake --build "$build" --target slurm_hostlist hostlist_times >/dev/null
command -v nodeset >/dev/null || die "there is no nodeset: scripts/install-deps.sh --test installs it"

awk 'BEGIN { for (i = 1; i <= 100000; ++i) printf "node%06d\n", i }' | shuf --random-source=<(yes) >"$work/names"
million='n[1-1000000]'

# took FILE COMMAND...: milliseconds of the whole process, stdin from FILE.
took() {
  local file=$1 begin
  shift
  begin=$(date +%s%N)
  "$@" <"$file" >"$work/printed" 2>"$work/said" || die "$* failed: $(<"$work/said")"
  awk -v b="$begin" -v e="$(date +%s%N)" 'BEGIN { printf "%.3f\n", (e - b) / 1e6 }'
}
folded() { [[ $(<"$work/printed") == 'node[000001-100000]' ]] || die "$1 folded to $(head -c 80 "$work/printed")"; }

ours=() slurms=() shells=() ours_within=() slurms_within=() expands=() expands_within=()
for ((i = 0; i < rounds; ++i)); do
  ours+=("$(took "$work/names" "$CLUSTERMPI" hosts fold --stdin)"); folded clustermpi
  slurms+=("$(took "$work/names" "$SLURM_HOSTLIST" fold)"); folded libslurm
  slurms_within+=("$(<"$work/said")")
  ours_within+=("$("$HOSTLIST_TIMES" fold <"$work/names")")
  expands+=("$(took /dev/null "$CLUSTERMPI" hosts expand "$million")")
  [[ $(wc -l <"$work/printed") == 1000000 ]] || die "$million is not a million lines"
  expands_within+=("$("$HOSTLIST_TIMES" expand "$million")")
  ((i % 4 == 0)) || continue  # it takes more than a second
  shells+=("$(took "$work/names" nodeset -f)"); folded nodeset
done

row() { printf '%-48s %10.1f ms\n' "$1" "$2"; }
ratio_fine() { awk -v a="$1" -v b="$2" 'BEGIN { printf "%.4f", a / b }'; }
printf '\nfold 100,000 shuffled names, medians of %d (nodeset: %d)\n' "$rounds" "${#shells[@]}"
row "clustermpi hosts fold --stdin" "$(median "${ours[@]}")"
row "a program with libslurm" "$(median "${slurms[@]}")"
row "nodeset -f" "$(median "${shells[@]}")"
row "in process: fold_hostlist()" "$(median "${ours_within[@]}")"
row "in process: libslurm's push, uniq, ranged_string" "$(median "${slurms_within[@]}")"
printf '\nexpand %s, medians of %d\n' "$million" "$rounds"
row "clustermpi hosts expand" "$(median "${expands[@]}")"
row "in process: Hostlist::parse()" "$(median "${expands_within[@]}")"
printf '\n'
judge "fold, of libslurm's time in process" "$(ratio_fine "$(median "${ours_within[@]}")" "$(median "${slurms_within[@]}")")" 0.125 ""
judge "fold, of nodeset's time, whole processes" "$(ratio_fine "$(median "${ours[@]}")" "$(median "${shells[@]}")")" 0.0167 ""
judge "expand 1,000,000 names, whole process" "$(median "${expands[@]}")" 150 ms
exit "$missed"
