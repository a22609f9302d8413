#!/bin/bash
# How long the program takes to start, and what it needs for that: `--version`.
source "$(dirname "$0")/lib.sh"

rounds=${1:-51}
times=() sizes=()
for ((i = 0; i < rounds; ++i)); do
  measure "$CLUSTERMPI" --version
  times+=("$(awk -v s="$seconds" 'BEGIN { print s * 1000 }')")
  sizes+=("$rss_kib")
done
printf '\nstart, median of %d\n' "$rounds"
judge "clustermpi --version" "$(median "${times[@]}")" 15 ms
printf '%-48s %10.1f MB\n' "  resident" "$(median "${sizes[@]}" | awk '{ print $1 / 1024 }')"
exit "$missed"
