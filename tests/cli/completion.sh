#!/bin/bash
# Tab completion in a real bash: commands, options, and the hosts of the inventory.
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
source "$here/../lib.sh"
PATH=$(dirname "$CLUSTERMPI"):$PATH

# complete WORD...: what is offered for the last word, one a line. Bash says which piece of it will be replaced:
# what is behind the last colon.
complete_words() {
  COMP_LINE="clustermpi $*"
  COMP_POINT=${#COMP_LINE}
  COMPREPLY=()
  _clustermpi clustermpi "${COMP_LINE##*[[:space:]:\'\"]}" ''
  printf '%s\n' "${COMPREPLY[@]}"
}
expect_offered() {  # EXPECTED WORD...
  local expected=$1
  shift
  expect_equal "offered for '$*'" "$expected" "$(complete_words "$@" | paste -sd ' ')"
}

run init 'red,red0[1-3]'
expect_status 0
run init 'blue[1-2]' -o other.toml
expect_status 0
run completion bash
expect_status 0
source /dev/stdin <<<"$out"

expect_offered "exec" exe
expect_offered "red red01 red02 red03" exec re
expect_offered "red02" exec red01 red02
expect_offered "red01 red02 red03" trust red0
expect_offered "red01 red02 red03" hostkey forget red0
expect_offered "red red01 red02 red03 @all @manager @workers" up --limit ""
expect_offered "blue1 blue2" -i other.toml exec b
expect_offered "--sudo" exec --su
expect_offered "" exec red01 -- red
expect_offered "show" hostkey sh

expect_offered "@all" exec @a
expect_offered "@all @manager @workers" exec @
expect_offered "@workers" up --limit @wor
expect_offered "@workers" exec "'@wor"
expect_offered "red01 red02 red03" exec @workers red0
run completion hosts
expect_equal "stdout" $'red\nred01\nred02\nred03\n@all\n@manager\n@workers' "$out"
expect_offered "pi3 pi4" -i "$here/../../hosts/samples/mixed.toml" exec @label:pi
rm cluster.toml
expect_offered "" exec r
