#!/bin/bash
# Two wrong keys: a node that does not take ours, and a node whose own key is not the one we know.
source "$(dirname "$0")/lib.sh"

start_lab --nodes 3
run discover
expect_status 0

say "$(node 2) does not know our key; $(node 3) was set up anew"
on 2 'mv /home/pi/.ssh/authorized_keys /home/pi/.ssh/kept'
on 3 'rm /etc/ssh/ssh_host_*; ssh-keygen -A >/dev/null; systemctl restart ssh'

run discover --json
expect_status 4
expect_json 'd["hosts"]["'"$(node 1)"'"]["ok"]' true
expect_json 'd["hosts"]["'"$(node 2)"'"]["error"]["code"]' auth_failed
expect_json 'd["hosts"]["'"$(node 3)"'"]["error"]["code"]' host_key_changed
expect_json 'all(h["error"]["hint"] for h in d["hosts"].values() if not h["ok"])' true

say "both put right as the messages say"
on 2 'mv /home/pi/.ssh/kept /home/pi/.ssh/authorized_keys'
run hostkey forget "$(node 3)"
expect_status 0
run discover --json
expect_status 0
