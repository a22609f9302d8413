#!/bin/bash
# A shared directory on two machines with kernels of their own: mounted by `install storage`, back by itself
# after both lost power and came up in the wrong order, and in nobody's way when one of them restarts.
# shellcheck source=lib.sh
source "$(dirname "$0")/lib.sh"

boot_id() { at "$1" 'cat /proc/sys/kernel/random/boot_id'; }
is_back() { local now; now=$(boot_id "$1" 2>/dev/null) && [[ -n $now && $now != "$2" ]]; }
is_mounted() { at 2 'ls /shared >/dev/null && grep -q " /shared nfs4 " /proc/mounts' 2>/dev/null; }
settled() { [[ $(at "$1" 'systemctl is-active multi-user.target' 2>/dev/null) == active ]]; }

start_machines 2
printf '\n[storage]\ndirectory = "/shared"\ndevice = "/dev/vdb"\nformat = true\n' >>cluster.toml

run install storage
expect_status 4
expect_in_err "$(machine 1): /dev/vdb carries no file system"
expect_in_err "to have one made, write format = true below [storage] and add --yes-format /dev/vdb"
run install storage --yes-format /dev/vda
expect_status 2
run install storage --yes-format /dev/vdb --dry-run
expect_status 0
expect_in_err "$(machine 1): would format /dev/vdb (ext4)"
expect_in_err "$(machine 2): would write a block in /etc/fstab"
expect_equal "file systems on a device that a dry run named" "" "$(at 1 'blkid -p -o value -s TYPE /dev/vdb')"
run install storage --yes-format /dev/vdb --json
expect_status 0
expect_json '[s["summary"] for s in d["steps"] if s["name"] == "storage"]' '["/shared is the same on 2 hosts"]'
is_mounted || die "/shared is not mounted from $(machine 1)"
expect_equal "what holds it" "/dev/vdb ext4" "$(at 1 'findmnt -n -o SOURCE,FSTYPE /shared' | xargs)"
expect_equal "where it comes from" "$(machine_address 1):/shared" "$(at 2 'findmnt -n -t nfs4 -o SOURCE /shared')"
at 2 'sudo -u pi sh -c "echo kept >/shared/file"' || die "the user cannot write to /shared"
expect_equal "what the manager reads" "kept pi" "$(at 1 'cat /shared/file; stat -c %U /shared/file' | paste -sd' ')"
at 2 'touch /shared/by-root 2>/dev/null' && die "root of a client is root on the manager"
run install storage --json
expect_status 0
expect_json 'd["changed"]' false

say "an export that somebody took away comes back"
at 1 'rm -f /etc/exports.d/clustermpi.exports && exportfs -ra'
run install storage --dry-run
expect_in_err "$(machine 1): would put /etc/exports.d/clustermpi.exports right: it was removed by hand"
run install storage
expect_status 0
expect_in_err "$(machine 1): put /etc/exports.d/clustermpi.exports right: it was removed by hand"
is_mounted || die "/shared is not mounted any more"

say "the client restarts while it uses the directory"
at 2 'cd /shared && (setsid sleep 1000 >/dev/null 2>&1 </dev/null &)'
before=$(boot_id 2)
at 2 'systemctl reboot' || true
wait_until 300 "the restart of $(machine 2)" is_back 2 "$before"
wait_until 60 "the mount after a restart" is_mounted

say "both lose power; the client is switched on first"
power_off 2
power_off 1
power_on 2
wait_for_machine 2
wait_until 60 "multi-user.target without the manager" settled 2
say "$(machine 2) is up, and $(machine 1) is off"
expect_equal "units of the client that failed" "" "$(at 2 'systemctl --failed --plain --no-legend')"
sleep 20
power_on 1
wait_for_machine 1
wait_until 120 "the mount, by itself" is_mounted
expect_equal "what was written before" kept "$(at 2 'cat /shared/file')"

say "the manager is gone for good while the client uses the directory: the client restarts all the same"
at 2 'cd /shared && (setsid sleep 1000 >/dev/null 2>&1 </dev/null &)'
power_off 1
before=$(boot_id 2)
at 2 'systemctl reboot' || true
wait_until 420 "the restart of $(machine 2) without the manager" is_back 2 "$before"
