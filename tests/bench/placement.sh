#!/bin/bash
# Machinefiles and rankfiles for very large fleets, whole process: read the inventory, place, write.
source "$(dirname "$0")/lib.sh"

rounds=${1:-7}

inventory() {  # inventory HOSTS SLOTS
  printf '[cluster]\nuser = "pi"\n[[hosts]]\nnames = "n[1-%s]"\nslots = %s\n' "$1" "$2" >cluster.toml
}

# bench WHAT MOST-SECONDS LINES ARG...: of `generate`, whose text is counted.
bench() {
  local what=$1 most=$2 lines=$3 times=() sizes=()
  shift 3
  for ((i = 0; i < rounds; ++i)); do
    measure "$CLUSTERMPI" generate "$@" -q -o text
    times+=("$seconds")
    sizes+=("$rss_kib")
  done
  [[ $(wc -l <text) == "$lines" ]] || die "$what: $(wc -l <text) lines, not $lines"
  judge "$what" "$(median "${times[@]}")" "$most" s
  peak=$(median "${sizes[@]}" | awk '{ print $1 / 1024 }')
}

printf '\nmedian of %d, whole process\n' "$rounds"
inventory 100000 4
bench "machinefile, 100,000 hosts" 0.150 100000 machinefile --format openmpi4
printf '%-48s %10.1f MB\n' "  resident" "$peak"
inventory 10000 100
bench "rankfile, 1,000,000 ranks on 10,000 hosts" 1 1000000 rankfile --format openmpi4
judge "  resident" "$peak" 400 MB
for policy in by-node by-core; do
  bench "  the same $policy" 1 1000000 rankfile --format openmpi4 --policy $policy
done
exit "$missed"
