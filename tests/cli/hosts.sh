#!/bin/bash
# Hostlists on the command line: `hosts expand|fold|count`, and @groups, ^files and operators wherever hosts are
# named. Errors are asserted to the letter.
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
source "$here/../lib.sh"

# prints EXPECTED ARG...: stdout of `hosts ARG...`, lines joined by blanks.
prints() {
  local expected=$1
  shift
  run hosts "$@"
  expect_status 0
  expect_equal "stdout" "$expected" "$(paste -sd ' ' <<<"$out")"
  expect_equal "stderr" "" "$err"
}
# with_stdin TEXT ARG...: leaves $out.
with_stdin() {
  out=$(printf '%b' "$1" | "$CLUSTERMPI" hosts "${@:2}" 2>&1)
}
# refuses STDERR ARG...
refuses() {
  local expected=$1
  shift
  run "$@"
  expect_status 2
  expect_equal "stdout" "" "$out"
  expect_equal "stderr" "$expected" "$err"
}

# ---- without any inventory
prints "red red01 red02 red03" expand 'red,red0[1-3]'
prints "n0 n5 n10 a" expand 'n[0-10/5]' a
prints "n1 n2 n4" expand 'n[1-4]!n3'
prints "n1 n2 n4" expand 'n[1-4]' '!n3'
prints "n1 n4" expand 'n[1-4]' -x n2 -x n3
prints "n1 n3" expand --slice 0-3/2 'n[1-9]'
prints "n1,n2,n3" expand -S, 'n[1-3]'
prints "11 12 a" expand '[11-12],a'
prints "11 12" expand '[11-12]'
prints "11 12 1" expand '[11-12]' '[1,1]'
prints "n1 n3 n4" expand -x n2 'n[1-4]'
prints "[1-2]" fold -x '[3]' '[1-3]'
prints "" expand 'n1!n1'
prints "n1" expand "" n1
prints "n3" expand 'n[1-4]' '&n3'
prints "n1 n4" expand 'n[1-4]' -x n2 -x 'n[1-9]&n3'
prints "red[01-03]" fold red03 red01 red02
prints "n[1-2]-ib" fold 'n2-ib,n1-ib'
prints "n1-ib,n2-ib" fold --for slurm 'n[1-2]-ib'
prints "r1n[1-2]c[1-2],r2n[1-2]c[1-2]" fold --for pdsh 'r[1-2]n[1-2]c[1-2]'
prints "r[1-2]n[1-2]c[1-2]" fold --for clustershell 'r[1-2]n[1-2]c[1-2]'
prints "64" count 'r[1-4]n[1-16]'
run hosts expand -S '\t' 'n[1-2]'
expect_equal "stdout" $'n1\tn2' "$out"
with_stdin '# mine\nn[1-2]  # two\n\nn2,n3\n' fold --stdin
expect_equal "stdout" "n[1-3]" "$out"
with_stdin 'n2\n' expand n1 - n3
expect_equal "stdout" $'n1\nn2\nn3' "$out"
with_stdin 'red[1-4]\n' expand - '!red3'
expect_equal "stdout" $'red1\nred2\nred4' "$out"
with_stdin 'red[1-4]\n' fold --stdin '!red3'
expect_equal "stdout" "red[1-2,4]" "$out"
expect_equal "names that end with NUL" "<n1><n2>" \
  "$("$CLUSTERMPI" hosts expand -S '\0' 'n[1-2]' | xargs -0 printf '<%s>')"
printf 'red[1-3]\n@x\n' >faulty.txt
printf 'red[1-3]!red2\n' >hosts.txt
prints "red1 red3" expand '^hosts.txt'
run hosts expand --json 'n[1-2]'
expect_json 'd["names"]' '["n1", "n2"]'
expect_json 'd["count"]' 2
run hosts fold --json n2 n1
expect_json 'd["folded"]' 'n[1-2]'

refuses "error: the range 3-1 runs backwards
  red[3-1]
      ^" hosts expand 'red[3-1]'
refuses "error: no host's name begins with a '-'
  n[1-3],-n2
         ^
  \`!n2\` takes n2 away" hosts expand 'n[1-3],-n2'
refuses "error: which hosts?
  as in \`clustermpi hosts expand 'red[1-3]'\`; --stdin reads them from stdin" hosts count
with_stdin 'n1\nn[3-1]\n' expand --stdin
expect_equal "stderr" "error: stdin, line 2: the range 3-1 runs backwards
  n[3-1]
    ^" "$out"
run hosts expand --json 'a,b]'
expect_status 2
expect_json 'd["error"]["expression"]' 'a,b]'
expect_json 'd["error"]["position"]' 3
run hosts expand @workers
expect_status 3
expect_in_err "there is no inventory cluster.toml"

# ---- with one
run init 'red,red0[1-3]'
expect_status 0
prints "red01 red02 red03" expand @workers
prints "red,red[01,03]" fold '@all!red02'
refuses "error: there is no group 'wokers'
  red,@wokers
      ^
  did you mean '@workers'?" hosts expand 'red,@wokers'
refuses "error: there is no group 'arch:arm64'
  @arch:arm64
  ^
  what hosts are is known after \`clustermpi discover\`" hosts expand '@arch:arm64'
refuses "error: faulty.txt, line 2: there is no group 'x'
  @x
  ^
  the groups are all, manager, workers" hosts expand '^faulty.txt'

# ---- wherever hosts are named
run exec --dry-run '@workers!red02' -- true
expect_status 0
expect_equal "stdout" "red[01,03]: would run: true" "$out"
run exec --dry-run --limit '@workers' 'red,red02' -- true
expect_equal "stdout" "red02: would run: true" "$out"
echo 'red0[1-2]' >some.txt
run exec --dry-run '^some.txt' '!red01' -- true
expect_equal "stdout" "red02: would run: true" "$out"
refuses "error: the range 3-1 runs backwards
  red0[3-1]
       ^" exec --limit 'red0[3-1]' -- true
refuses "error: --limit '@workers!@all' names no host" exec --limit '@workers!@all' -- true
refuses "error: 'red!red' names no host" exec 'red!red' -- true

say "stdout that cannot be written is told of, if not to a reader that has had enough"
for words in "hosts expand a[1-3]" "hosts expand a[1-100000]" "examples list --json" "--help"; do
  # shellcheck disable=SC2086 # several words
  err=$("$CLUSTERMPI" $words 2>&1 >/dev/full)
  status=$?
  expect_status 1 "$words"
  expect_equal "stderr" "error: cannot write stdout: No space left on device" "$err"
done
"$CLUSTERMPI" hosts expand 'a[1-1000000]' 2>stderr | head -n 1 >first
expect_equal "status" "0 0" "${PIPESTATUS[*]}"
expect_equal "stdout and stderr" "a1" "$(cat first stderr)"
