#!/bin/bash
# Time to cluster: `up` on four bare nodes until verified, against the floor: apt-get alone, installing the
# very same packages on all four at once. Fresh labs each, in turn.
source "$(dirname "$0")/lib.sh"

rounds=${1:-3}
nodes=4
packages_of() { on "$1" "dpkg-query -W -f '\${Package}\n'" | sort; }

# Everything that `up` brought to a node becomes what apt-get is asked for there.
install_by_apt() {
  local n
  local -a jobs=()
  for ((n = 1; n <= nodes; ++n)); do
    on "$n" "export DEBIAN_FRONTEND=noninteractive
             apt-get update -qq && apt-get install -qq -y --no-install-recommends $(tr '\n' ' ' <"new$n")" &
    jobs+=($!)
  done
  for n in "${jobs[@]}"; do wait "$n" || return 1; done
}

ups=() floors=()
for ((i = 0; i < rounds; ++i)); do
  start_lab --nodes "$nodes"
  for ((n = 1; n <= nodes; ++n)); do packages_of "$n" >"bare$n"; done
  measure "$CLUSTERMPI" up -q
  ups+=("$seconds")
  for ((n = 1; n <= nodes; ++n)); do packages_of "$n" | comm -13 "bare$n" - >"new$n"; done
  stop_lab

  start_lab --nodes "$nodes"
  begin=$EPOCHREALTIME
  install_by_apt >apt.log 2>&1 || die "apt-get failed: $(tail -n 5 apt.log)"
  floors+=("$(awk -v a="$begin" -v b="$EPOCHREALTIME" 'BEGIN { print b - a }')")
  stop_lab
  say "round $((i + 1)): up ${ups[i]} s, apt-get alone ${floors[i]} s"
done

printf '\ntime to cluster, %d bare nodes, median of %d (packages: %s on the manager, %s on the others)\n' \
  "$nodes" "$rounds" "$(wc -l <new1)" "$(wc -l <new2)"
printf '%-48s %10.3f s\n' "apt-get alone, all nodes at once" "$(median "${floors[@]}")" \
  "clustermpi up, until verified" "$(median "${ups[@]}")"
judge "ratio" "$(ratio "$(median "${ups[@]}")" "$(median "${floors[@]}")")" 2.0 x
exit "$missed"
