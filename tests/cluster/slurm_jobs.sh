#!/bin/bash
# Jobs through Slurm, and the proof of Slurm: each way passes on exit status, environment and output and ends
# with us; each fault is named with its cure, and `up` puts it right.
source "$(dirname "$0")/lib.sh"

slurm_jobs() { on 1 'squeue --noheader | wc -l'; }
expect_fault() {  # CHECK NODE TEXT: that check speaks against that node, in these words
  expect_status 5
  expect_json "d['verification_via']['slurm']['$1']['ok']" false
  expect_json "d['hosts']['$(node "$2")']['ok']" false
  expect_json "d['verification_via']['slurm']['$1']['hosts']['$(node "$2")']" "$3"
}

start_lab --slurm --nodes 3
run up --json
expect_status 0
expect_json 'sorted(d["verification_via"])' '["slurm", "srun"]'
expect_json '[k for k, v in d["verification_via"]["slurm"].items() if not v["ok"]]' '[]'
expect_json 'd["verification_via"]["srun"]["hello"]["figures"]["size"]' 6
expect_json 'd["verification"]["hello"]["ok"]' true

say "all ways, each check a line"
run verify --via all
expect_status 0
for line in 'slurm  daemons    passed' 'slurm  munge      passed' 'slurm  controller passed' \
  'slurm  nodes      passed  3 nodes idle' 'slurm  srun       passed  hostname on 3 nodes' \
  'slurm  batch      passed' 'slurm  refusal    passed' \
  'slurm  cancel     passed  a cancelled job left no process on 3 nodes' \
  'mpirun hello      passed  6 ranks on 3 hosts' 'srun   hello      passed  6 ranks on 3 hosts' \
  'salloc hello      passed  6 ranks on 3 hosts' 'salloc pi         passed'; do
  expect_in_err "$line"
done

for way in srun salloc sbatch; do
  say "$way: exit status, environment, output, placement"
  run run --via $way -n 2 -- sh -c 'exit 7'
  expect_status 7
  run run --via $way -n 2 --env "ODD=a 'b' \"c\" \$d,e=f;" -- printenv ODD
  expect_status 0
  expect_equal "the environment by $way" "a 'b' \"c\" \$d,e=f; a 'b' \"c\" \$d,e=f;" "$(paste -sd' ' <<<"$out")"
  run run --via $way -- hostname
  expect_status 0
  expect_equal "ranks by host by $way" "2 $(node 1),2 $(node 2),2 $(node 3)" \
    "$(sort <<<"$out" | uniq -c | sed 's/^ *//' | paste -sd,)"
  run run --via $way -n 7 -- hostname
  expect_status 2
  expect_in_err "7 ranks asked for, but Slurm has 6 CPUs on ${lab}[01-03]"
  run run --via $way -- pwd
  expect_equal "where it starts by $way" /home/pi "$(sort -u <<<"$out")"
done

say "HPL by srun runs on the hosts that it was sized for"
# With one slot of two CPUs each three ranks are one a host, where Slurm by itself would have two on one.
cp cluster.toml kept.toml
sed -i '/^\[\[hosts\]\]/a slots = 1' cluster.toml
computes() { local n; for n in 1 2 3; do on "$n" 'pgrep -x hpcc' >/dev/null || return 1; done; }
run_in_background bench hpl --quick -n 3 --via srun --env OMPI_MCA_mpi_yield_when_idle=1
wait_until 120 "HPL on all three nodes" computes
join
mv kept.toml cluster.toml
expect_status 0
[[ $out =~ hpl\ PASSED:\ [0-9.]+\ GFLOPS\ in\ all,\ [0-9.]+\ a\ node\ \(N\ 256,\ NB\ 16,\ 1\ x\ 3\ ranks\ on\ 3\ nodes\)$ ]] ||
  mismatch "HPL's line by srun" "hpl PASSED: ..." "$out"
say "a sweep by sbatch"
run bench -n 1,2 --via sbatch -- pi_integration --intervals 1000000
expect_status 0
expect_in_out "cores     time  speed-up  efficiency  runs"
expect_in_out "time: as the program says"

sleeping() { on 1 'pgrep -x sleep' >/dev/null && on 2 'pgrep -x sleep' >/dev/null && on 3 'pgrep -x sleep' >/dev/null; }
all_quiet() {
  local n
  for n in 1 2 3; do ! on "$n" 'pgrep -x sleep || pgrep slurmstepd' >/dev/null || return 1; done
  [[ $(slurm_jobs) == 0 ]]
}
for way in srun salloc sbatch; do
  for signal in INT KILL; do
    say "$way ends with us, SIG$signal"
    run_in_background run --via $way -- sleep 1000
    wait_until 30 "the job on all nodes" sleeping
    kill -"$signal" "$background"
    join 2>/dev/null
    wait_until 40 "the end of the job on all nodes by $way after SIG$signal" all_quiet
    [[ $signal == KILL ]] || expect_status 130 "by $way"
  done
done
run --timeout 3 run --via srun -- sleep 1000
expect_status 4
wait_until 40 "the end of the job that took too long" all_quiet
expect_equal "files that batch jobs left" "" "$(for n in 1 2 3; do on "$n" 'ls -A /home/pi | grep "^\.clustermpi\." || :'; done)"

say "a cluster at work is no fault, and no job is started behind it"
on 1 "su pi -c 'cd && sbatch --nodes=1 --nodelist=$(node 2) --wrap \"exec sleep 300\"'" >/dev/null
wait_until 20 "the job of somebody else" on 2 'pgrep -x sleep >/dev/null'
run verify --via srun --json
expect_status 0
expect_json 'd["verification_via"]["srun"]["hello"]["ran"]' false
expect_json 'd["verification_via"]["srun"]["hello"]["summary"]' "jobs hold Slurm's nodes"
expect_json '"of pi (wrap) on '"$(node 2)"'" in d["verification_via"]["slurm"]["nodes"]["summary"]' true
expect_json '"srun" in d["verification_via"]["slurm"]' false
on 1 'scancel --user=pi'
wait_until 40 "the end of that job" all_quiet

say "slurmctld is killed"
on 1 'systemctl kill --signal=KILL slurmctld'
run verify --via srun --json
expect_status 5
expect_json 'd["hosts"]["'"$(node 1)"'"]["ok"]' false
expect_json '"slurmctld failed (signal): `sudo journalctl -u slurmctld` there says why; `clustermpi install slurm` starts it" in d["verification_via"]["slurm"]["daemons"]["hosts"]["'"$(node 1)"'"]' true
run run --via srun -- hostname
expect_status 4
expect_in_err "Slurm's controller on $(node 1) does not answer: Slurmctld(primary) at $(node 1) is DOWN"
run up --json
expect_status 0

say "another munge key on one node"
on 2 'head -c 128 /dev/urandom >/etc/munge/munge.key && systemctl restart munge'
run verify --via srun --json
expect_fault munge 2 "its munge key is not that of $(node 1) (Invalid credential): \`clustermpi install slurm\` puts the key right and restarts munge"
run up --json
expect_status 0

say "a node is drained by the admin: up does not undo that"
is_idle() { [[ $(on 1 "sinfo -h -n $(node 3) -o %t") == idle ]]; }
# Until then it would be draining. Where the end of a job got lost, slurmctld asks for it again only now and then.
wait_until 150 "the end of what up ran on $(node 3)" is_idle
on 1 "scontrol update nodename=$(node 3) state=drain reason='bad disk'"
run verify --via srun --json
expect_fault nodes 3 "is drained by root (bad disk): once that is put right, \`sudo scontrol update nodename=$(node 3) state=resume\` on $(node 1) puts it back"
on 1 "scontrol update nodename=$(node 3) state=resume"

say "slurmd is stopped on one node"
on 3 'systemctl stop slurmd'
run verify --via srun --json
expect_fault daemons 3 "slurmd does not run (inactive): \`clustermpi install slurm\` starts it"
run up --json
expect_status 0
expect_json 'd["verification_via"]["srun"]["ring"]["ok"]' true
