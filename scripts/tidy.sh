#!/bin/bash
# clang-tidy over the program's sources; .clang-tidy has the checks. Any finding fails.
set -euo pipefail
cd "$(dirname "$0")/.."

# Without precompiled headers, which are g++'s own, and so that a file that lacks an include is found.
build=build/tidy
cmake --preset dev -B "$build" -DCMAKE_DISABLE_PRECOMPILE_HEADERS=ON >/dev/null

status=0
run-clang-tidy -quiet -p "$build" -j "$(nproc)" "^$PWD/(hosts|provision|cli)/" >"$build/tidy.log" 2>&1 || status=$?
if ((status != 0)); then
  # Without the command lines and the counts of what was suppressed in the system's headers.
  grep -Ev '^clang-tidy|warnings? generated|^Suppressed|^Use -header-filter' "$build/tidy.log" >&2
fi
exit "$status"
