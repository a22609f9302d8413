#!/bin/bash
# Installs what the tests need, builds, checks format, clang-tidy and shell scripts, and runs the tests, those on
# labs of virtual nodes included.
set -euo pipefail
cd "$(dirname "$0")/.."

usage='usage: scripts/test.sh [--all]
  --all     the long tests too: emulated machines, arm64 nodes, all shapes and faults of Slurm (an hour more).
            For every change of a part that they are about, and before a release.'
left_out='long'
case "$*" in
  '') ;;
  --all) left_out='none' ;;
  -h | --help) echo "$usage"; exit 0 ;;
  *) printf "test: '%s' is no option\n%s\n" "$*" "$usage" >&2; exit 2 ;;
esac

if ((EUID != 0)); then
  echo "test: the cluster tests boot virtual nodes and need root: run it as sudo $0" >&2
  exit 1
fi

section() { printf '\n== %s\n' "$*"; }

# Each test takes its own labs down. One that was killed leaves its name here, and we do it.
export CLUSTERMPI_TEST_LABS
CLUSTERMPI_TEST_LABS=$(mktemp -d)
sweep() {
  local lab
  for lab in "$CLUSTERMPI_TEST_LABS"/*; do
    [[ -e $lab ]] && build/dev/clustermpi lab down "$(basename "$lab")"
  done
  rm -rf "$CLUSTERMPI_TEST_LABS"
}
trap sweep EXIT

section "Packages"
scripts/install-deps.sh

section "Build (Debug, warnings are errors)"
cmake --preset dev >/dev/null
cmake --build --preset dev

section "Format"
git ls-files -z '*.cpp' '*.hpp' | xargs -0 clang-format --dry-run --Werror

section "Shell scripts"
git ls-files -z '*.sh' .ci/run ':!provision/remote' | xargs -0 shellcheck
git ls-files -z 'provision/remote/*.sh' | xargs -0 shellcheck --shell=sh

section "clang-tidy"
scripts/tidy.py

section "Tests"
status=0
ctest --preset dev --label-exclude 'cluster|emulated' --parallel 2 --output-junit "$PWD/build/dev/tests.xml" || status=$?

section "Tests on virtual nodes"
ctest --preset dev --label-regex 'cluster|emulated' --label-exclude "$left_out" --parallel 2 \
  --output-junit "$PWD/build/dev/tests_on_nodes.xml" || status=$?

section "Summary"
python3 scripts/test_summary.py build/dev || status=1
exit "$status"
