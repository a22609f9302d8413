#!/bin/bash
# How fast pi throws darts on one core, beside the same darts from std::mt19937_64, beside its own generators
# alone, and beside the seed's numpy and numba programs. Usage: pi.sh [ROUNDS]; $PYTHON has numpy (python3).
source "$(dirname "$0")/mpi_lib.sh"

rounds=${1:-7}
PYTHON=${PYTHON:-/usr/bin/python3}
compile "$root/examples/verify/pi.cpp"
compile "$root/tests/bench/pi_mt19937_64.cpp"
compile "$root/tests/bench/pi_draws.cpp"

declare -A rates
take() { rates[$1]="${rates[$1]:-} $2"; }  # take NAME RATE
isas=()
for ((round = 0; round < rounds; ++round)); do
  for isa in plain avx2 avx512 neon; do
    line=$(mpirun -n 1 "$work/pi" --isa "$isa" --seconds 0.3 2>/dev/null) || continue
    ((round > 0)) || isas+=("$isa")
    take "$isa" "$(figure samples_per_s "$line")"
  done
  while read -r name kind rest; do take "$name $kind" "$(figure samples_per_s " $rest")"; done < <("$work/pi_mt19937_64")
  while read -r name rest; do take "$name" "$(figure samples_per_s " $rest")"; done < <("$PYTHON" "$root/tests/bench/pi_seed.py" 2>/dev/null)
  while read -r _ isa drawn thrown; do take "share $isa" "$(ratio "$thrown" "$((drawn * 2))")"; done < <("$work/pi_draws")
done

# shellcheck disable=SC2086  # words are what it is about
of() { median ${rates[$1]}; }
best=${isas[-1]}
printf '\nmillions of darts a second on one core, median of %d interleaved rounds\n' "$rounds"
for name in "${isas[@]}" "mt whole" "mt doubles" numpy numba; do
  [[ -n ${rates[$name]:-} ]] || continue
  awk -v name="$name" -v rate="$(of "$name")" -v best="$(of "$best")" -v of="$best" \
    'BEGIN { printf "  %-12s %9.1f   %s is %7.1f times that\n", name, rate / 1e6, of, best / rate }'
done
printf '\n'
for isa in "${isas[@]}"; do
  printf '  %-12s its draws are used up at %.3f of the rate they come at when nothing is done with them\n' "$isa" "$(of "share $isa")"
done
printf '\n'
judge "$best beside std::mt19937_64" "$(ratio "$(of "$best")" "$(of "mt whole")")" least 10
judge "$best beside its generators alone" "$(of "share $best")" least 0.85
exit "$missed"
