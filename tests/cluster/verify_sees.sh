#!/bin/bash
# `verify` sees what is wrong: a program that does not start on a node, one that never ends, a wrong sum, a blocked
# port.
# Exit status 5 each time, and the program and, where there is one, the node are named.
source "$(dirname "$0")/lib.sh"

bin=/home/pi/.clustermpi/bin

start_lab --nodes 3
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

say "$(node 2) loses power in the middle"
hello_runs() { on 2 "pgrep -fx 'sleep 1000' >/dev/null"; }
hello_is_gone() { ! hello_runs; }
wait_until 20 "the end of the job that took too long" hello_is_gone
run_in_background --timeout 20 verify hello --json
wait_until 20 "hello's start on $(node 2)" hello_runs
run lab stop "$(node 2)"
join
expect_status 5
expect_json 'list(d["verification"]["hello"]["hosts"])' "[\"$(node 2)\"]"
expect_in_err "$(node 2): does not answer: "
run lab start "$(node 2)"
expect_status 0
on 2 "mv $bin/kept $bin/hello"

say "pi adds up to something else"
for n in 1 2 3; do
  on "$n" "mv $bin/pi $bin/kept && printf '#!/bin/sh\n%s | sed s/hits=5/hits=4/\n' '$bin/kept' >$bin/pi && chmod 755 $bin/pi"
done
run verify --json
expect_status 5
expect_json '{p: v["ok"] for p, v in d["verification"].items()}' '{"hello": true, "links": true, "pi": false, "ring": true}'
expect_in_err "is not pi"

say "up puts the programs right"
run up --json
expect_status 0
expect_json 'd["verification"]["pi"]["ok"]' true

say "$(node 3) lets nothing through to $(node 2)"
address=$(on 2 "hostname -I" | awk '{print $1}')
ip netns exec "$(node 3)" nft -f - <<EOF
table inet wall {
  chain out { type filter hook output priority 0; ip daddr $address tcp dport 1024-65535 drop; }
}
EOF
run verify --json
expect_status 5
expect_json '{p: v["ok"] for p, v in d["verification"].items()}' '{"hello": true, "links": false, "pi": true, "ring": true}'
expect_json '{p: v["ran"] for p, v in d["verification"].items()}' '{"hello": true, "links": true, "pi": false, "ring": false}'
expect_json 'd["verification"]["ring"]["summary"]' "it would wait for a link that does not work"
# The wall swallows answers, too: neither reaches the other.
expect_json 'sorted(d["verification"]["links"]["hosts"])' "[\"$(node 2)\", \"$(node 3)\"]"
expect_in_err "$(node 3): no way to $(node 2): "
grep -q "✗</span> $lab does not work as it should" .clustermpi/report.html || die "the page does not say what is wrong"
grep -q "<strong>$(node 3)</strong>: no way to $(node 2)" .clustermpi/report.html || die "the page does not name the link"
