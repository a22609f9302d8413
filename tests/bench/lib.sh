# shellcheck shell=bash
# For measurements: on top of what the cluster tests have, times, medians and verdicts. To be sourced.
# Usage of every script: tests/bench/NAME.sh [ROUNDS]; $CLUSTERMPI is the program (build/release by default).
# shellcheck disable=SC2034  # seconds, rss_kib and missed are for the script that sources this
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
export CLUSTERMPI=${CLUSTERMPI:-$root/build/release/clustermpi}
[[ -x $CLUSTERMPI ]] || { echo "there is no $CLUSTERMPI: cmake --preset release && cmake --build --preset release" >&2; exit 1; }
# shellcheck source=../cluster/lib.sh
source "$root/tests/cluster/lib.sh"

# measure COMMAND...: leaves $seconds and $rss_kib; a command that fails ends the measurement.
measure() {
  local figures
  figures=$("$root/tests/bench/measure.py" "$@" 2>"$work/measured") ||
    die "$* failed: $(tail -n 5 "$work/measured")"
  read -r seconds rss_kib <<<"$figures"
}

median() { printf '%s\n' "$@" | sort -g | awk '{ v[NR] = $1 } END { print (v[int((NR + 1) / 2)] + v[int(NR / 2) + 1]) / 2 }'; }
ratio() { awk -v a="$1" -v b="$2" 'BEGIN { printf "%.2f", a / b }'; }

missed=0
# judge WHAT VALUE MOST UNIT: a line of the verdict.
judge() {
  local verdict=met
  awk -v v="$2" -v most="$3" 'BEGIN { exit !(v > most) }' && verdict=MISSED && missed=1
  printf '%-48s %10.3f %-4s  at most %6s  %s\n' "$1" "$2" "$4" "$3" "$verdict"
}
