#!/bin/bash
# What the programs make of the slurm.conf that we write: two trixie nodes with a second partition, memory
# limits, a label, and a host that calls itself otherwise than the inventory does.
source "$(dirname "$0")/lib.sh"

start_lab --slurm --bare --nodes 2 --suite trixie
on 2 'echo elsewhere >/etc/hostname; hostname elsewhere; sed -i "s/^127.0.1.1.*/127.0.1.1 elsewhere/" /etc/hosts'
sed -i '/^\[slurm\]/d; s/^names = "'"$(node 2)"'"/&\nlabels = ["window"]/' cluster.toml
cat >>cluster.toml <<EOF
[slurm]
memory_limits = true
[[slurm.partitions]]
name     = "short"
hosts    = "$(node 2)"
max_time = "2"
EOF
manager() { run exec "$(node 1)" -q -- "$1"; }

run up --json
expect_status 0

run generate slurm-conf
expect_status 0
expect_equal "slurm.conf of the second node" "$out" "$(on 2 'cat /etc/slurm/slurm.conf')"
expect_in_out "NodeHostname=elsewhere"
run generate slurm-conf --json
expect_json 'd["gres_conf"] + d["cgroup_conf"]' ""

say "no daemon complains of what it read"
complaints=$(for n in 1 2; do
  on $n 'cat /var/log/slurm/*.log' |
    grep -iE 'unrecogni[sz]ed|obsolete|deprecated|pars(e|ing)|bad value|invalid|ignor' |
    grep -v 'MailProg is invalid'
done)
expect_equal "complaints" "" "$complaints"

say "both nodes are there, in the partitions that they are to be in"
manager "sinfo -h -o '%P %l %N' -S P"
expect_in_out "main* infinite ${lab}[01-02]"
expect_in_out "short 2:00 $(node 2)"
manager 'srun -C window hostname'
expect_in_out elsewhere

say "what asks for too much is refused at once"
manager 'srun -p short -t 10 true'
expect_status 1
expect_in_err "Requested time limit is invalid"
manager 'srun -n 99 true'
expect_status 1
expect_in_err "More processors requested than permitted"
manager 'srun --mem=9000G true'
expect_status 1
expect_in_err "Memory specification can not be satisfied"

say "jobs that say nothing of memory share a node"
manager 'sbatch --parsable -w '"$(node 1)"' --wrap "sleep 60"; sbatch --parsable -w '"$(node 1)"' --wrap "sleep 60"
  sleep 3; squeue -h -t running -o %N'
expect_equal "nodes of the two jobs" "$(node 1)
$(node 1)" "$(grep "$(node 1)\$" <<<"$out")"
manager 'scancel --me'

say "a job that takes more memory than it asked for is ended"
manager "srun --mem=100 sh -c '(head -c 600000000 /dev/zero; sleep 60) | tail -c 600000000 >/dev/null'"
expect_status 137  # SIGKILL
expect_in_err "Exceeded job memory limit"
