#!/bin/bash
# `reset` takes away what was installed and nothing else: packages, accounts and /etc are those of the bare
# node, cut off in between or not; what was there before, or came by hand, stays; `up` works again after it.
source "$(dirname "$0")/lib.sh"

# What differs in /etc after packages came and went, whoever brought them:
#   passwd-, group-, shadow-, gshadow-, subuid-, subgid-   the files as they were before the last account changed
#   ld.so.cache       made anew by ldconfig, with an order of its own
#   .pwd.lock         held while accounts change
etc_digest() {
  on "$1" 'cd /etc && find . ! -name ld.so.cache ! -name .pwd.lock ! -name "passwd-" ! -name "group-" ! -name "shadow-" \
    ! -name "gshadow-" ! -name "subuid-" ! -name "subgid-" -printf "%p %y %m %u:%g %l\n" | sort
    find . -type f ! -name ld.so.cache ! -name .pwd.lock ! -name "*-" -exec sha256sum {} + | sort -k 2'
}
packages() { on "$1" 'dpkg -l'; }
# Ours, and what our programs make outside of /etc.
left_of_ours() {
  on "$1" 'ls -d /var/lib/clustermpi /run/clustermpi /home/*/.clustermpi /root/.clustermpi /var/lib/slurm /var/log/slurm \
    /var/lib/munge /var/log/munge /usr/lib/*/pmix2 2>/dev/null; getent passwd munge slurm; getent group munge slurm; true'
}

remember() {
  local n
  for n in 1 2; do
    packages "$n" >"$work/dpkg.$n.$1"
    etc_digest "$n" >"$work/etc.$n.$1"
    left_of_ours "$n" >"$work/left.$n.$1"
  done
}
expect_as() {  # NAME-OF-WHAT-WAS-REMEMBERED WHAT
  local n
  remember now
  for n in 1 2; do
    expect_equal "$2: packages of node $n that differ" "" "$(diff "$work/dpkg.$n.$1" "$work/dpkg.$n.now")"
    expect_equal "$2: /etc of node $n that differs" "" "$(diff "$work/etc.$n.$1" "$work/etc.$n.now")"
    expect_equal "$2: what is on node $n besides" "$(<"$work/left.$n.$1")" "$(left_of_ours "$n")"
  done
}

start_lab --bare --nodes 2
grep -q '^\[slurm\]' cluster.toml || printf '\n[slurm]\n' >>cluster.toml

# What a transaction upgrades on its way stays upgraded, and would be a difference here.
for n in 1 2; do
  on "$n" 'apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -y -qq upgrade' >/dev/null 2>&1 </dev/null
done
say "a node with a history: a configuration of its own, an unended /etc/hosts, a package, remains of another"
on 1 'mkdir -p /etc/slurm && echo "ClusterName=mine" >/etc/slurm/slurm.conf && chmod 0640 /etc/slurm/slurm.conf &&
  echo "their notes" >/etc/slurm/notes && printf "# 127.0.1.1 %s\n10.9.9.9 unended" "$(hostname)" >>/etc/hosts'
on 2 'echo "Host theirs" >/etc/ssh/ssh_config.d/clustermpi.conf && 
  apt-get -y -qq install make munge && chmod 0400 /etc/munge/munge.key && apt-get -y -qq remove munge' >/dev/null 2>&1 </dev/null
remember bare

run reset all --dry-run
expect_status 0 "nothing was installed"
expect_in_out "nothing to change"

for what in "install all" build distribute; do
  # shellcheck disable=SC2086 # words
  run $what
  expect_status 0
done
say "without a terminal nothing is removed unasked"
CLUSTERMPI_WITHOUT_TERMINAL=$(setsid "$CLUSTERMPI" reset all 2>&1 </dev/null)
[[ $CLUSTERMPI_WITHOUT_TERMINAL == *"reset asks before it removes anything, and nobody is at a terminal"* ]] ||
  mismatch "refusal" "nobody is at a terminal" "$CLUSTERMPI_WITHOUT_TERMINAL"

run reset all --dry-run
expect_status 0
expect_in_err "would take our block out of /etc/hosts"
expect_in_err "$(node 1): would bring /etc/slurm/slurm.conf back as it was before"
run install all --json
expect_status 0
expect_json 'd["changed"]' false

say "jobs are in the way"
on 1 'sbatch -o /dev/null --wrap "sleep 600"' >"$work/job"
job=$(grep -o '[0-9]*$' "$work/job")
run reset slurm --yes
expect_status 1
expect_in_err "nothing was removed: Slurm has jobs, $job"

say "Slurm alone, and the jobs with it; Open MPI works on"
run reset slurm --yes --force
expect_status 0
expect_equal "Slurm's packages" "" "$(on 1 'dpkg -l | grep -w -e slurm -e munge')"
expect_equal "their configuration" "640 ClusterName=mine their notes" \
  "$(on 1 'stat -c %a /etc/slurm/slurm.conf; cat /etc/slurm/slurm.conf /etc/slurm/notes' | xargs)"
expect_equal "steps that are left" "" "$(on 1 'pgrep -x slurmstepd; pgrep -x sleep')"
run run -n 2 -- hostname
expect_status 0 "mpirun after reset slurm"
run reset slurm --yes
expect_status 0
expect_in_out "no change"

run reset all --yes --json
expect_status 0
expect_json 'd["ok"]' true
expect_as bare "after reset all"
run reset all --yes
expect_status 0
expect_in_out "no change"

say "cut off while packages come, and again while they go"
run_in_background up
wait_until 120 "an installation" installs_packages 1
kill -KILL "$background"
join
on 1 'pkill -KILL -x apt-get; pkill -KILL -x dpkg; true'
wait_until 60 "the end of apt" on 2 '! pgrep -x apt-get && ! pgrep -x dpkg'
run up --json
expect_status 0
run_in_background reset all --yes
wait_until 120 "the removal" installs_packages 1
kill -KILL "$background"
join
on 1 'pkill -KILL -x apt-get; pkill -KILL -x dpkg; true'
wait_until 120 "the end of apt" on 2 '! pgrep -x apt-get && ! pgrep -x dpkg'
run reset all --yes
expect_status 0
expect_as bare "after both were cut off"

say "what came by hand in between stays; a node that is down does not hold up the other"
run install mpi --json
expect_status 0
on 2 'echo "10.9.9.8 later" >>/etc/hosts && apt-mark manual libhwloc15' >/dev/null 2>&1
run lab stop "$(node 1)"
run reset all --yes --json
expect_status 4
expect_json '[h["ok"] for h in d["hosts"].values()]' '[false, true]'
expect_json 'd["hosts"]["'"$(node 1)"'"]["error"]["code"]' unreachable
expect_in_err "$(node 2): libhwloc15 stay: they were asked for by hand, or something that is not ours needs them"
expect_equal "what came by hand" "10.9.9.8 later installed" \
  "$(on 2 'tail -n 1 /etc/hosts; dpkg-query -W -f="\${db:Status-Status}" libhwloc15' | xargs)"
run lab start "$(node 1)"
expect_status 0
run reset all --yes --json
expect_status 0
expect_json '[h["changed"] for h in d["hosts"].values()]' '[true, false]'
on 2 'sed -i "/10.9.9.8 later/d" /etc/hosts && apt-mark manual libmunge2 && apt-get -y -qq --purge autoremove libhwloc15 && apt-mark auto libmunge2' >/dev/null 2>&1
expect_as bare "part by part"
