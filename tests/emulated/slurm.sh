#!/bin/bash
# Slurm on a kernel with control groups (a lab's nodes have none): `up` chooses Slurm's plugins for them, jobs
# are held to the memory and the CPUs that they asked for, and a job outlives a restart of slurmd and is run again
# after a power cut, with nobody's help.
# shellcheck source=lib.sh
source "$(dirname "$0")/lib.sh"
machine_cpus=2
at_most=120   # seconds for a command; under emulation srun alone takes some

as_user() { at 1 "cd ~pi && sudo -u pi env HOME=/home/pi $1"; }
setting() { at 1 "sed -n 's/^$2=//p' /etc/slurm/$1"; }                # setting FILE KEY
node_state() { as_user 'sinfo --noheader --format=%T' 2>/dev/null; }
is_up() { [[ $(node_state) =~ ^(idle|mixed|allocated)$ ]]; }
is_idle() { [[ $(node_state) == idle ]]; }
job_state() { as_user "scontrol show job $1" | grep -o 'JobState=[A-Z_]*'; }
submit() { as_user "sbatch --parsable --output=none $1"; }            # prints the job's number
sleepers() { at 1 'pgrep -u pi -x sleep'; }
sleeps() { [[ $(sleepers | wc -l) == "$1" ]]; }                       # sleeps HOW_MANY
# When slurmd was started, as far as the controller has heard.
slurmd_start() { as_user 'scontrol show node' | grep -o 'SlurmdStartTime=[^ ]*'; }
is_another_start() { local now; now=$(slurmd_start) && [[ $now != "$1" ]]; }
is_quiet() { local jobs; jobs=$(as_user 'squeue --noheader') && [[ -z $jobs ]] && sleeps 0; }
has_started() { [[ $(as_user 'cat starts' 2>/dev/null | wc -l) == "$1" ]]; }

start_machines 1
printf '\n[slurm]\nmemory_limits = true\n' >>cluster.toml

run --timeout 1800 up --json
expect_status 0
expect_json '[k for k, v in d["verification_via"]["slurm"].items() if not v["ok"]]' '[]'
expect_json 'd["verification_via"]["srun"]["hello"]["figures"]["size"]' 2
expect_equal "how processes are followed" proctrack/cgroup "$(setting slurm.conf ProctrackType)"
expect_equal "how they are bound" task/cgroup,task/affinity "$(setting slurm.conf TaskPlugin)"
expect_equal "what jobs are held to" "yes yes yes" \
  "$(for what in Cores RAMSpace SwapSpace; do setting cgroup.conf "Constrain$what"; done | xargs)"
expect_equal "errors of slurmd" "" "$(at 1 'grep -E "^[^]]*] (error|fatal):" /var/log/slurm/node.log')"

say "memory: 300 MiB in a job that asked for 64, and for 400, on a machine that could swap"
at 1 'fallocate -l 400M /swap && chmod 600 /swap && mkswap -q /swap && swapon /swap'
greedy='python3 -c "x = b\"x\" * (300 << 20); print(\"had it\")"'
if came=$(as_user "srun --mem=64M $greedy" 2>&1); then die "300 MiB in a job that asked for 64: $came"; fi
[[ $came == *"Out Of Memory"* ]] || die "what ended the job: $came"
expect_equal "a job within its limit" "had it" "$(as_user "srun --mem=400M $greedy" 2>&1)"

say "CPUs"
expect_equal "CPUs of a job that asked for one" 1 "$(as_user 'srun -n1 -c1 nproc')"
expect_equal "CPUs of a job that asked for two" 2 "$(as_user 'srun -n1 -c2 nproc')"
expect_equal "CPUs of a job that binds itself to all" 1 "$(as_user 'srun -n1 -c1 sh -c "taskset -p 3 \$\$ >/dev/null 2>&1; nproc"')"

say "MPI"
[[ $(as_user 'srun --mpi=pmix -n2 .clustermpi/bin/hello') == *"RESULT hello size=2 hosts=1"* ]] || die "no hello by srun"

say "a job outlives slurmd, and its end is the end of whatever it started"
job=$(submit "--wrap='setsid nohup sleep 1000 & sleep 1000'")
wait_until 60 "the job" sleeps 2
processes=$(sleepers)
start=$(slurmd_start)
at 1 'systemctl restart slurmd'
wait_until 60 "slurmd, in touch with the controller" is_another_start "$start"
expect_equal "the job's processes" "$processes" "$(sleepers)"
expect_equal "what the controller thinks of it" JobState=RUNNING "$(job_state "$job")"
as_user "scancel $job"
wait_until 90 "the end of the cancelled job" is_quiet

# What the controller believes to run it compares with what does at every twentieth ping of a node. That is
# 13 minutes at our SlurmdTimeout of 120.
say "power is lost in the middle of a job: it is run again, and the node is as it was"
at 1 'sed -i "s/^SlurmdTimeout=.*/SlurmdTimeout=30/" /etc/slurm/slurm.conf && scontrol reconfigure'
submit "--wrap='echo start >>starts; sync starts; [ \$(wc -l <starts) -gt 1 ] || sleep 1000'" >/dev/null
wait_until 60 "the job" sleeps 1
sleep 15   # the controller writes down what it knows every few seconds
power_off 1
power_on 1
wait_for_machine 1
wait_until 120 "the node, back by itself" is_up
# A job that is started again waits for two minutes more.
wait_until 600 "the second start of the job" has_started 2
wait_until 60 "the node, idle by itself" is_idle
run --timeout 300 verify --via srun --json
expect_status 0
expect_json 'd["verification_via"]["srun"]["hello"]["figures"]["size"]' 2
