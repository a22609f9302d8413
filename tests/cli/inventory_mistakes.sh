#!/bin/bash
# Every kind of mistake in an inventory: exit status 3, the message to the letter (mistakes/NAME.expected
# beside mistakes/NAME.toml), and nothing done.
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
source "$here/../lib.sh"

cases=0
for file in "$here"/mistakes/*.toml; do
  cp "$file" cluster.toml
  say "$(basename "$file")"
  run up
  expect_status 3
  expect_equal "stdout" "" "$out"
  expect_equal "stderr" "$(<"${file%.toml}.expected")" "$err"
  [[ ! -e .clustermpi ]] || die "something was written although the inventory is wrong"

  run up --json
  expect_status 3
  expect_json 'd["ok"]' false
  expect_json 'd["error"]["code"]' inventory_invalid
  cases=$((cases + 1))
done
((cases >= 12)) || die "only $cases cases were found"

rm cluster.toml
run up
expect_status 3
expect_in_err "there is no inventory cluster.toml"
expect_in_err "write one with \`clustermpi init 'red,red0[1-3]'\`, or name yours with -i FILE"
