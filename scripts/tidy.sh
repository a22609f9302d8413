#!/bin/bash
# clang-tidy over the program's sources; .clang-tidy has the checks. Any finding fails.
#   scripts/tidy.sh [BUILD_DIR]    BUILD_DIR has compile_commands.json (default: build/dev)
set -euo pipefail
cd "$(dirname "$0")/.."

build=${1:-build/dev}
if [[ ! -f $build/compile_commands.json ]]; then
  echo "tidy: $build has no compile_commands.json: run cmake --preset dev first" >&2
  exit 1
fi

status=0
run-clang-tidy -quiet -p "$build" -j "$(nproc)" "^$PWD/(hosts|provision|cli)/" >"$build/tidy.log" 2>&1 || status=$?
if ((status != 0)); then
  # Without the command lines and the counts of what was suppressed in the system's headers.
  grep -Ev '^clang-tidy|warnings? generated|^Suppressed|^Use -header-filter' "$build/tidy.log" >&2
fi
exit "$status"
