#!/bin/bash
# What breaks in a Slurm cluster, one after the other: each is named, and the next `up` puts it right.
source "$(dirname "$0")/lib.sh"

start_lab --slurm --nodes 3
manager() { run exec "$(node 1)" -q -- "$1"; }
wait_for_idle() {
  manager 'for i in $(seq 30); do sinfo -h -o %T | grep -qvx idle || break; sleep 1; done'
  states
}
states() { manager "sinfo -h -N -o '%N %T' | sort -u"; }
all_idle="$(node 1) idle
$(node 2) idle
$(node 3) idle"
run up
expect_status 0

say "a munge key is changed by hand on one node"
on 2 'head -c 128 /dev/urandom >/etc/munge/munge.key; systemctl restart munge'
run up --dry-run
expect_status 0
expect_in_err "$(node 2): would put /etc/munge/munge.key right: it was changed by hand"
run up --json
expect_status 0
expect_json '[n for n, h in d["hosts"].items() if h["changed"]]' "[\"$(node 2)\"]"
states
expect_in_out "$all_idle"

say "slurmctld is killed"
sleep 15   # it writes down what it knows every few seconds; else the jobs of the last proof would come back
on 1 'systemctl kill -s KILL slurmctld'
run up --dry-run
expect_status 0
expect_in_err "$(node 1): would put the service slurmctld right: it is failed"
run up
expect_status 0
wait_for_idle
expect_in_out "$all_idle"

say "a node has less memory than slurm.conf says"
for n in 1 2 3; do
  on $n "sed -i 's/ RealMemory=[0-9]*/ RealMemory=999999/' /etc/slurm/slurm.conf; systemctl restart munge"
done
on 1 'systemctl restart slurmctld'
for n in 1 2 3; do on $n 'systemctl restart slurmd'; done
manager "for i in 1 2 3 4 5 6 7 8 9 10; do sinfo -h -N -o '%T %E' | grep -q 'Low RealMemory' && break; sleep 1; done; sinfo -h -N -o '%N %T %E' | sort -u"
expect_in_out "Low RealMemory"
run up
expect_status 0
expect_in_err "put $(node 2) back to work, which Slurm took out: Low RealMemory"
states
expect_in_out "$all_idle"

say "a node goes down under a job, and comes back"
manager "sbatch --parsable -w $(node 3) --wrap 'sleep 600'"
manager 'until squeue -h -t running -o %A | grep -q .; do sleep 0.2; done'
run lab stop "$(node 3)"
expect_status 0
run lab start "$(node 3)"
expect_status 0
run up
expect_status 0
say "the job was put back into the queue, as Slurm does, and runs there again"
manager "squeue -h -o '%T %N'"
expect_in_out "RUNNING $(node 3)"
manager 'scancel --user pi; while squeue -h | grep -q .; do sleep 0.2; done'
states
expect_in_out "$all_idle"

say "the administrator took a node out on purpose: it stays out, and is named with the reason"
on 1 "scontrol update nodename=$(node 2) state=drain reason='fan is broken'"
run up
expect_status 5
expect_in_err "fan is broken"
states
expect_in_out "$(node 2) drained"
on 1 "scontrol update nodename=$(node 2) state=resume"

say "the key is rotated"
old=$(on 1 'sha256sum </etc/munge/munge.key')
run install slurm --new-munge-key
expect_status 0
[[ $(on 1 'sha256sum </etc/munge/munge.key') != "$old" ]] || die "the key is still the old one"
expect_equal "keys" 1 "$(for n in 1 2 3; do on $n 'sha256sum </etc/munge/munge.key'; done | sort -u | wc -l)"
manager 'srun -N3 hostname | sort | wc -l'
expect_in_out 3
