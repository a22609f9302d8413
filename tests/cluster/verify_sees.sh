#!/bin/bash
# `verify` sees what is wrong: a program that does not start on a node, one that never ends, a wrong sum, a node
# whose processors are throttled, a blocked port.
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

say "the report has what the page has: each way that links measured, and pi's throughput a host"
expect_json 'len(d["verification"]["links"]["links"])' 6
expect_json 'all(way["mbps"] > 0 and "problem" not in way for way in d["verification"]["links"]["links"])' true
expect_json '{host: sum["ranks"] for host, sum in d["verification"]["pi"]["throughput"].items()}' \
  "{\"$(node 1)\": 2, \"$(node 2)\": 2, \"$(node 3)\": 2}"
expect_equal "links in report.json" 6 \
  "$(python3 -c 'import json; print(len(json.load(open(".clustermpi/report.json"))["verification"]["links"]["links"]))')"

# throttle N: what node N runs gets a twentieth of one processor, dealt out every 20 ms; unthrottle N lifts that. By
# the control group that version 2 has the node in, or with version 1 by one of our own.
quotas=/sys/fs/cgroup/cpu
move_to() {  # move_to GROUP N
  local process netns
  netns=$(node_netns "$2")
  for process in /proc/[0-9]*; do
    [[ $(readlink "$process/ns/net") != "$netns" ]] || echo "${process#/proc/}" >"$1/cgroup.procs"
  done
}
group_of() {  # of version 2, with quotas for it
  local part group=/sys/fs/cgroup path
  path=$(sed -n 's|^0::/\(.*\)/init.scope$|\1|p' "/proc/$(node_init "$1")/cgroup")
  for part in ${path//\// }; do
    echo +cpu >"$group/cgroup.subtree_control"
    group+=/$part
  done
  echo "$group"
}
throttle() {
  if [[ -d $quotas ]]; then
    mkdir "$quotas/$(node "$1")"
    echo 20000 >"$quotas/$(node "$1")/cpu.cfs_period_us"
    echo 1000 >"$quotas/$(node "$1")/cpu.cfs_quota_us"
    move_to "$quotas/$(node "$1")" "$1"
  else
    echo 1000 20000 >"$(group_of "$1")/cpu.max"
  fi
}
unthrottle() {
  if [[ -d $quotas ]]; then
    echo -1 >"$quotas/$(node "$1")/cpu.cfs_quota_us"
    move_to "$quotas" "$1"
    rmdir "$quotas/$(node "$1")"
  else
    echo max >"$(group_of "$1")/cpu.max"
  fi
}

say "$(node 2) computes with a twentieth of a processor"
# One rank a host: then the median is the slower of the other two, and neither is slow beside it, whatever else
# this machine does.
cp cluster.toml kept.toml
sed -i '/^\[\[hosts\]\]/a slots = 1' cluster.toml
throttle 2
run verify pi --json
expect_status 0
remarks=$(json '", ".join(d["verification"]["pi"]["remarks"])')
[[ $remarks =~ ^"$(node 2) is slow: "0\.[0-9]+" of its like"$ ]] ||
  mismatch "what is slow" "$(node 2) is slow: 0... of its like" "$remarks"
[[ $(json 'd["verification"]["pi"]["summary"]') == 3.14*" darts; $remarks" ]] ||
  mismatch "the summary" "3.14... darts; $remarks" "$(json 'd["verification"]["pi"]["summary"]')"
grep -q "<strong>pi</strong>: $remarks" .clustermpi/report.html || die "the page does not name the slow node"
unthrottle 2
is_as_fast() { run verify pi --json && [[ $status == 0 && $out != *"$(node 2) is slow"* ]]; }
wait_until 120 "$(node 2) as fast as its like" is_as_fast
mv kept.toml cluster.toml

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
