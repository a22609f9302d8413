#!/bin/bash
# A hop of ring beside a hop of the plain ring that every MPI ships with: 8 bytes between two hosts, by shared
# memory and by TCP. Usage: ring.sh [ROUNDS]
source "$(dirname "$0")/mpi_lib.sh"

rounds=${1:-15}
compile "$root/examples/verify/ring.cpp"
compile "$root/tests/bench/ring_peer.cpp"

compare() {  # compare WHAT LAPS COMMAND...: the command starts a program on two ranks
  local what=$1 laps=$2 ours=() peers=() ratios=()
  shift 2
  for ((round = 0; round < rounds; ++round)); do
    ours+=("$(figure latency_us "$("$@" "$work/ring" --size 0 --count "$laps")")")
    peers+=("$(figure latency_us "$("$@" "$work/ring_peer" "$laps")")")
    ratios+=("$(ratio "${ours[-1]}" "${peers[-1]}")")
  done
  printf '%s: %.3f us a hop, the plain ring %.3f us\n' "$what" "$(median "${ours[@]}")" "$(median "${peers[@]}")"
  judge "  ring beside the plain ring, $what" "$(median "${ratios[@]}")" most 1.05
}
on_one_host() { mpirun --oversubscribe -n 2 "$@"; }
on_two_hosts() { on_hosts n1,n2 2 "$@"; }

printf '\nmedians of %d interleaved rounds\n' "$rounds"
compare "one host" 20000 on_one_host
((EUID != 0)) || compare "two hosts, TCP" 3000 on_two_hosts
exit "$missed"
