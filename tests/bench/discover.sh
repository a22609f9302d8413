#!/bin/bash
# `discover` of four nodes: connect, log in, probe, store; each time a new process with new connections.
source "$(dirname "$0")/lib.sh"

rounds=${1:-11}
start_lab --nodes 4
measure "$CLUSTERMPI" discover -q   # the first pins host keys
times=() sizes=()
for ((i = 0; i < rounds; ++i)); do
  measure "$CLUSTERMPI" discover -q
  times+=("$seconds")
  sizes+=("$rss_kib")
done
printf '\ndiscover of 4 nodes, median of %d\n' "$rounds"
judge "clustermpi discover" "$(median "${times[@]}")" 0.7 s
judge "  resident" "$(awk -v k="$(median "${sizes[@]}")" 'BEGIN { print k / 1024 }')" 64 MB
exit "$missed"
