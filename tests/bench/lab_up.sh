#!/bin/bash
# How long `lab up --nodes 4` takes with the base root cached: the median of five. As root; the program is
# $1, else $CLUSTERMPI. Limit: 15 s.
set -euo pipefail
program=${1:-${CLUSTERMPI:?is to be the path of the program}}
runs=${RUNS:-5}
folder=$(mktemp -d)
lab=bench
trap '"$program" lab down "$lab" >/dev/null 2>&1 || true; rm -rf "$folder"' EXIT
cd "$folder"

milliseconds() {
  local begin
  begin=$(date +%s%N)
  "$@" >/dev/null 2>&1
  echo $((($(date +%s%N) - begin) / 1000000))
}
median() { sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }

"$program" lab up --nodes 1 --name "$lab" >/dev/null   # so that the base root is in the cache
"$program" lab down "$lab" >/dev/null 2>&1
for ((i = 0; i < runs; ++i)); do
  milliseconds "$program" lab up --nodes 4 --name "$lab" >>up.ms
  milliseconds "$program" lab down "$lab" >>down.ms
done
up=$(median <up.ms)
printf '%-28s %8s %8s\n' 'lab of 4 nodes' 'median' 'limit'
printf '%-28s %5d ms %5d ms\n' 'up, base root cached' "$up" 15000
printf '%-28s %5d ms %8s\n' 'down' "$(median <down.ms)" -
((up <= 15000))
