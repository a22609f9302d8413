#!/bin/bash
# `up` on a finished cluster of four: nothing changes, and it takes no time.
source "$(dirname "$0")/lib.sh"

rounds=${1:-5}
start_lab --nodes 4
measure "$CLUSTERMPI" up -q
first=$seconds
times=() sizes=()
for ((i = 0; i < rounds; ++i)); do
  measure "$CLUSTERMPI" up -q
  times+=("$seconds")
  sizes+=("$rss_kib")
  python3 -c 'import json; assert not json.load(open(".clustermpi/report.json"))["changed"]' || die "up changed something"
done
printf '\nup on a finished cluster of 4 nodes, median of %d\n' "$rounds"
printf '%-48s %10.3f s\n' "the first up" "$first"
judge "up again, no change" "$(median "${times[@]}")" 3 s
judge "  resident" "$(awk -v k="$(median "${sizes[@]}")" 'BEGIN { print k / 1024 }')" 64 MB
exit "$missed"
