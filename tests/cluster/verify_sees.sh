#!/bin/bash
# `verify` sees what is wrong: a program that does not start on a node, one that never ends, a wrong sum.
# Exit status 5 each time, and the program and, where there is one, the node are named.
source "$(dirname "$0")/lib.sh"

bin=/home/pi/.clustermpi/bin

start_lab --nodes 2
run up
expect_status 0

say "hello cannot start on $(node 2)"
on 2 "mv $bin/hello $bin/kept"
run verify hello --json
expect_status 5
expect_json 'd["verification"]["hello"]["ok"]' false
expect_json 'list(d["verification"]["hello"]["hosts"])' "[\"$(node 2)\"]"
expect_json 'd["hosts"]["'"$(node 2)"'"]["ok"]' false
expect_in_err "$(node 2)"

say "hello never ends on $(node 2)"
on 2 "printf '#!/bin/sh\nexec sleep 1000\n' >$bin/hello && chmod 755 $bin/hello"
run --timeout 10 verify hello --json
expect_status 5
expect_json 'd["verification"]["hello"]["summary"]' "did not end within 10 s"
on 2 "mv $bin/kept $bin/hello"

say "pi adds up to something else"
for n in 1 2; do
  on "$n" "mv $bin/pi $bin/kept && printf '#!/bin/sh\n%s | sed s/hits=5/hits=4/\n' '$bin/kept' >$bin/pi && chmod 755 $bin/pi"
done
run verify --json
expect_status 5
expect_json '{p: v["ok"] for p, v in d["verification"].items()}' '{"hello": true, "pi": false, "ring": true}'
expect_in_err "is not pi"

say "up puts the programs right"
run up --json
expect_status 0
expect_json 'd["verification"]["pi"]["ok"]' true
