#!/bin/bash
# A hop of ring beside a hop of the plain ring that every MPI ships with: 8 bytes, by TCP between two hosts, which is
# judged, and by shared memory, where the clock that ring reads at every hop costs as much as a third of one.
# Usage: ring.sh [ROUNDS]
source "$(dirname "$0")/mpi_lib.sh"

rounds=${1:-15}
compile "$root/examples/verify/ring.cpp"
compile "$root/tests/bench/ring_peer.cpp"

compare() {  # compare WHAT LAPS COMMAND...: the command starts a program on two ranks; the median goes to $ratio
  local what=$1 laps=$2 ours=() peers=() ratios=()
  shift 2
  for ((round = 0; round < rounds; ++round)); do
    ours+=("$(figure latency_us "$("$@" "$work/ring" --size 0 --count "$laps")")")
    peers+=("$(figure latency_us "$("$@" "$work/ring_peer" "$laps")")")
    ratios+=("$(ratio "${ours[-1]}" "${peers[-1]}")")
  done
  printf '%s: %.3f us a hop, the plain ring %.3f us\n' "$what" "$(median "${ours[@]}")" "$(median "${peers[@]}")"
  ratio=$(median "${ratios[@]}")
}
on_one_host() { mpirun --oversubscribe -n 2 "$@"; }
on_two_hosts() { on_hosts n1,n2 2 "$@"; }

printf '\nmedians of %d interleaved rounds\n' "$rounds"
compare "one host" 20000 on_one_host
printf '  %s of the plain ring\n' "$ratio"
if ((EUID == 0)); then
  compare "two hosts, TCP" 3000 on_two_hosts
  judge "  ring beside the plain ring, two hosts" "$ratio" most 1.05
else
  echo "two hosts: left out, since their network wants root"
  missed=1
fi
exit "$missed"
