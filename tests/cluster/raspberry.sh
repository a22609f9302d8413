#!/bin/bash
# Boards as they come: all of one name, and with a kernel that limits no memory until a word on its line asks
# for it, which takes a reboot. Nodes of a lab are containers: their kernel is never given that word, so this is
# also how a kernel looks that ignores it.
source "$(dirname "$0")/lib.sh"

start_lab --slurm --bare --nodes 3
sed -i 's/^\[slurm\]$/&\nmemory_limits = true/' cluster.toml
line=/boot/firmware/cmdline.txt
words='console=tty1 root=PARTUUID=4e639091-02 rootwait'
manager() { run exec "$(node 1)" -q -- "$1"; }
boots() { for n in 1 2 3; do on $n 'cat /proc/sys/kernel/random/boot_id'; done; }
running_jobs() { manager 'squeue -h -t running -o "%A %N %S"'; }
wait_for_job() { manager "until [ \$(squeue -h -t running -o %A | wc -l) = $1 ]; do sleep 0.2; done"; }
# A container that is told to reboot goes off, and nobody but us turns it on again.
power_on_when_off() {
  while node_init "$1" >/dev/null; do sleep 0.2; done
  until "$CLUSTERMPI" lab start "$(node "$1")" >/dev/null 2>&1; do sleep 0.2; done
}

say "three hosts that call themselves raspberrypi are refused"
for n in 1 2 3; do
  on $n 'echo raspberrypi >/etc/hostname; hostname raspberrypi; sed -i "s/^127.0.1.1.*/127.0.1.1\traspberrypi/" /etc/hosts'
done
run up
expect_status 4
expect_in_err "$(node 1): calls itself 'raspberrypi', and so do ${lab}[02-03]"
expect_in_err "clustermpi up --set-hostnames names all hosts as the inventory does; or there: sudo hostnamectl set-hostname $(node 1)"

say "a dry run of the cure changes nothing, and looks further"
run up --set-hostnames --dry-run
expect_status 0
expect_in_err "$(node 2): would set its host name to $(node 2): it calls itself 'raspberrypi'"
expect_in_err "${lab}[02-03]: would install"
expect_equal "name" raspberrypi "$(on 2 hostname)"

say "the cure"
run up --set-hostnames --json
expect_status 0
expect_json '[s["name"] for s in d["steps"]]' \
  '["discover", "hostnames", "check", "install", "reboot", "slurm", "generate", "build", "distribute", "verify"]'
expect_json 'd["verification"]["hello"]["figures"]["hosts"]' 3
for n in 1 2 3; do expect_equal "name" "$(node $n) $(node $n)" "$(on $n 'hostname; cat /etc/hostname' | xargs)"; done
run up --set-hostnames --json
expect_status 0
expect_json 'd["changed"]' false

say "one board whose kernel could be asked to limit memory"
on 3 "mkdir -p ${line%/*}; printf '%s\n' '$words' >$line"
run up --dry-run
expect_status 0
expect_in_err "$(node 3): would add cgroup_enable=memory to the kernel's line in $line"
expect_in_err "$(node 3): would reboot, for its kernel to limit memory"
expect_equal "the line" "$words" "$(on 3 "cat $line")"
manager "sbatch --parsable -w $(node 2) --wrap 'sleep 600'"
wait_for_job 1
running_jobs
job=$out
before=$(boots)
power_on_when_off 3 &
watcher=$!
run up --json
expect_status 0
wait "$watcher"
expect_json '[n for n, h in d["hosts"].items() if h["changed"]]' "[\"$(node 3)\"]"
expect_json '[c["what"] for s in d["steps"] if s["name"] == "reboot" for c in s["changes"]]' \
  "[\"add cgroup_enable=memory to the kernel's line in $line\", \"reboot, for its kernel to limit memory\"]"
expect_equal "the line" "$words cgroup_enable=memory" "$(on 3 "cat $line")"
expect_equal "the line before" "$words" "$(on 3 "cat $line.before-clustermpi")"
expect_equal "nodes that did not reboot" "$(head -n 2 <<<"$before")" "$(boots | head -n 2)"
[[ $(boots | tail -n 1) != "$(tail -n 1 <<<"$before")" ]] || die "$(node 3) was not rebooted"
running_jobs
expect_equal "the job on another node" "$job" "$out"
manager "sinfo -h -N -n $(node 3) -o %T"
expect_equal "the node after its reboot" "$(node 1): idle" "$out"

say "its kernel still cannot: that is said, and it is not rebooted again"
before=$(boots)
run up
expect_status 0
expect_in_err "$(node 3): its kernel $(uname -r) still has no memory controller, although cgroup_enable=memory is in $line and it was started since."
expect_in_err "there: sudo apt update && sudo apt full-upgrade, then sudo reboot"
expect_equal "boots" "$before" "$(boots)"
run up --json
expect_json 'd["changed"]' false

say "not under a job, and not where nobody wants it"
on 3 "cp $line.before-clustermpi $line"
manager "sbatch --parsable -w $(node 3) --wrap 'sleep 600'"
wait_for_job 2
run install slurm
expect_status 0
expect_in_err "$(node 3): is not rebooted while jobs run: job"
expect_in_err "on $(node 3). Run the same command again when they have ended"
expect_equal "the line" "$words cgroup_enable=memory" "$(on 3 "cat $line")"
wait_for_job 2
manager 'scancel --user pi; until [ -z "$(squeue -h)" ]; do sleep 0.2; done'
run install slurm --no-reboot --json
expect_status 0
expect_json 'd["changed"]' false
expect_in_err "$(node 3): needs a reboot for its kernel to limit memory: sudo reboot there, then run the same command again"
expect_equal "boots" "$before" "$(boots)"

say "not the machine that the program runs on: it has the same boot"
on 3 'cat /proc/sys/kernel/random/boot_id' >"$work/boot_id"
cat >"$work/on_the_node" <<SCRIPT
#!/bin/sh
exec unshare --mount sh -c 'mount --bind "$work/boot_id" /proc/sys/kernel/random/boot_id && exec "\$0" "\$@"' "$CLUSTERMPI" "\$@"
SCRIPT
chmod +x "$work/on_the_node"
CLUSTERMPI=$work/on_the_node run install slurm --json
expect_status 0
expect_json 'd["changed"]' false
expect_in_err "$(node 3): needs a reboot for its kernel to limit memory, but this program runs on it: sudo reboot, then run the same command again"
expect_equal "boots" "$before" "$(boots)"

say "a node that does not come back is named, and the next run goes on"
run install slurm --timeout 30
expect_status 4
expect_in_err "$(node 3): did not come back within 30 s of its reboot: "
expect_in_err "Should it not start any more: $line is as it was in $line.before-clustermpi."
run lab start "$(node 3)"
expect_status 0
run up
expect_status 0
expect_in_err "put $(node 3) back to work, which Slurm took out: clustermpi: reboot"
manager 'sinfo -h -N -o "%N %T" | sort -u'
expect_in_out "$(node 1) idle
$(node 2) idle
$(node 3) idle"
run up --json
expect_status 0
expect_json 'd["changed"]' false
