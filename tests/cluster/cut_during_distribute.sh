#!/bin/bash
# The link to a node is cut while a large file is on its way: the others get theirs, the node is named, no
# half file has the file's name, and the next run completes it.
source "$(dirname "$0")/lib.sh"

start_lab --nodes 3
run discover
expect_status 0
head -c 100000000 /dev/urandom >data.bin
digest=$(sha256sum <data.bin)

# At this rate the file takes forty seconds: there is time to cut the link.
run lab limit "$(node 3)" 20mbit
expect_status 0
receiving() { on 3 'ls /home/pi/data/data.bin.* 2>/dev/null | grep -q .'; }

run_in_background --timeout 60 distribute data.bin --to /home/pi/data --json
wait_until 60 "the file on its way to $(node 3)" receiving
run lab cut "$(node 3)"
expect_status 0
cut_at=$SECONDS
join
expect_status 4
((SECONDS - cut_at <= 90)) || die "the cut was noticed only after $((SECONDS - cut_at)) s"
expect_json '[h["ok"] for h in d["hosts"].values()]' '[true, true, false]'
expect_json 'd["hosts"]["'"$(node 3)"'"]["error"]["code"] in ("connection_lost", "timeout", "unreachable")' true
expect_equal "the file on $(node 2)" "$digest" "$(on 2 'sha256sum </home/pi/data/data.bin')"
on 3 'test ! -e /home/pi/data/data.bin' || die "$(node 3) has a half file under the file's name"

run lab mend "$(node 3)"
expect_status 0
run lab limit "$(node 3)" off
expect_status 0
run distribute data.bin --to /home/pi/data --json
expect_status 0
expect_json '[n for n, h in d["hosts"].items() if h["changed"]]' "[\"$(node 3)\"]"
expect_equal "the file on $(node 3)" "$digest" "$(on 3 'sha256sum </home/pi/data/data.bin')"
