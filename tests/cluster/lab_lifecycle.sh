#!/bin/bash
# The life of a lab: up, its nodes, its drills, down; and down after failures and SIGKILL at many moments.
# As root; the program is $1, else $CLUSTERMPI. Other labs may be up at the same time.
export CLUSTERMPI=${1:-${CLUSTERMPI:-}}
# shellcheck source=../lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"
((EUID == 0)) || die "a lab needs root"

first=lt${BASHPID: -4}a
second=lt${BASHPID: -4}b
clean_up() {
  local lab
  for lab in "$first" "$second"; do
    [[ ! -d /var/lib/clustermpi/labs/$lab ]] || "$CLUSTERMPI" lab down "$lab" >/dev/null 2>&1
  done
}

# Whatever of this machine bears the name of one of our labs. A dead process that init has not reaped yet
# has no arguments.
traces() {
  local all
  all=$({
    ip netns list
    ip -oneline link
    nft list tables
    cat /proc/self/mountinfo
    find /var/lib/clustermpi /run/systemd/nspawn "${CLUSTERMPI_CACHE:-/var/cache/clustermpi}/roots" -maxdepth 2
    cat /proc/[0-9]*/cmdline | tr '\0' '\n'
  } 2>/dev/null)
  grep -E "$first|$second|$work/.*[.]partial" <<<"$all"
}
expect_no_traces() { expect_equal "what is left after $1" "" "$(traces)"; }

# What only the last lab puts back.
settings() {
  sysctl net.ipv4.ip_forward fs.inotify.max_user_instances
  ls -d /var/lib/clustermpi /proc/sys/fs/binfmt_misc/clustermpi-* 2>/dev/null
}
labs_of_others() { [[ $("$CLUSTERMPI" lab list) == *lab* ]]; }

# on ADDRESS COMMAND: through the front door, trusting nothing but what `lab up` wrote down.
on() {
  ssh -n -F none -o BatchMode=yes -o StrictHostKeyChecking=yes -o UserKnownHostsFile=.clustermpi/known_hosts \
    -o ConnectTimeout=5 -i ".clustermpi/${first}_ed25519" "pi@$1" "$2" 2>&1
}
answers() { timeout 1 bash -c "read -r banner <>/dev/tcp/$1/22 && [[ \$banner == SSH-* ]]" 2>/dev/null; }

alone=yes; ! labs_of_others || alone=''
before=$(settings)

say "# a lab of two nodes"
begin=$(date +%s%N)
run lab up --nodes 2 --name "$first" --json
expect_status 0
say "up in $((($(date +%s%N) - begin) / 1000000)) ms"
expect_json 'd["ok"] and len(d["hosts"])' 2
one=$(json "d['hosts']['${first}01']['address']")
two=$(json "d['hosts']['${first}02']['address']")
expect_equal "name of node 1" "${first}01" "$(on "$one" hostname)"
expect_equal "sudo" 0 "$(on "$one" 'sudo id -u')"
expect_equal "systemd" running "$(on "$one" 'systemctl is-system-running --wait')"
expect_equal "Debian's line" "127.0.1.1 ${first}01" "$(on "$one" 'grep 127.0.1.1 /etc/hosts | tr "\t" " "')"
expect_equal "one node reaches the other" SSH- "$(on "$one" "head -c 4 < /dev/tcp/$two/22")"
[[ $(on "$one" 'cat /etc/machine-id') != "$(on "$two" 'cat /etc/machine-id')" ]] || die "both nodes have one machine-id"
expect_equal "Python on a bare node" "" "$(on "$one" 'command -v python3')"
expect_equal "mode of the key" 600 "$(stat -c %a ".clustermpi/${first}_ed25519")"
say "apt-get update inside"
packages=$(on "$one" 'sudo apt-get -qq update && apt-cache policy openmpi-bin')
[[ $packages == *"Candidate: "[0-9]* ]] || die "apt does not work inside: $packages"

say "# what is refused"
run lab up --name "$first"
expect_status 1
expect_in_err "the lab \"$first\" is up already"
expect_in_err "add nodes to it with --add, end it with \`clustermpi lab down $first\`, or make another beside it with --name"
run lab up --nodes 1 --name "$second"
expect_status 1
expect_in_err "cluster.toml exists and is not that of the lab \"$second\""
run lab up --name Wrong
expect_status 2
run lab down nosuchlab
expect_status 1
expect_in_err 'there is no lab "nosuchlab" on this machine'
run lab cut nosuchnode
expect_in_err 'no lab on this machine has a node "nosuchnode"'

say "# a second lab beside it"
mkdir side
run lab up --nodes 1 --name "$second" -i side/cluster.toml --json
expect_status 0
other=$(json "d['hosts']['${second}01']['address']")
[[ ${other%.*} != "${one%.*}" ]] || die "two labs share the network ${other%.*}.0/24"
{ answers "$one" && answers "$other"; } || die "one lab took the other's network away"
run lab down "$second"
expect_status 0
[[ ! -e side/cluster.toml && ! -e side/.clustermpi ]] || die "files of the second lab are left: $(ls -A side)"
answers "$one" || die "the end of one lab was felt by the other"

say "# drills"
run lab cut "${first}02"
expect_status 0
! answers "$two" || die "a node whose link is cut answers"
run lab list --json
expect_json "d['hosts']['${first}02']['cut'] and d['hosts']['${first}02']['running']" true
run lab mend "${first}02"
answers "$two" || die "a node whose link was mended does not answer"
on "$two" 'echo kept > kept' && run lab stop "${first}02"
expect_status 0
! answers "$two" || die "a node without power answers"
run lab list --json
expect_json "d['hosts']['${first}02']['running']" false
run lab start "${first}02"
expect_status 0
expect_equal "the disk of a node that was powered off" kept "$(on "$two" 'cat kept')"
run lab limit "${first}02" 8mbit
expect_status 0
for direction in "cat /dev/zero | head -c 1M | wc -c" "head -c 1M /dev/zero"; do
  begin=$(date +%s%N)
  if [[ $direction == cat* ]]; then head -c 1M /dev/zero | ssh -F none -o StrictHostKeyChecking=yes -o UserKnownHostsFile=.clustermpi/known_hosts -i ".clustermpi/${first}_ed25519" "pi@$two" 'cat >/dev/null'
  else on "$two" "$direction" >/dev/null; fi
  took=$((($(date +%s%N) - begin) / 1000000))
  ((took > 850)) || die "1 MiB passed a NIC of 8 Mbit/s in $took ms"
done
run lab limit "${first}02" off
expect_status 0

say "# a node more"
run lab up --add --nodes 1 --name "$first" --json
expect_status 0
expect_equal "hosts in the inventory" 3 "$(grep -c '^names' cluster.toml)"
expect_equal "name of the added node" "${first}03" "$(on "${one%.*}.13" hostname)"
echo '# mine' >> cluster.toml
run lab up --add --nodes 1 --name "$first"
expect_status 1
expect_in_err "cluster.toml was edited since \`lab up\` wrote it"
run lab down "$first"
expect_status 0
[[ -e cluster.toml ]] || die "an edited cluster.toml was removed"
rm cluster.toml
expect_no_traces "lab down"

say "# a lab up that fails, and one that is killed, while it builds a base root"
mkdir bin empty
printf '#!/bin/sh\necho "E: the mirror is on fire"\nexit 1\n' > bin/debootstrap
chmod +x bin/debootstrap
export CLUSTERMPI_CACHE=$work/empty
PATH=$work/bin:$PATH run lab up --name "$first"
expect_status 1
expect_in_err "debootstrap could not build bookworm for amd64 from"
expect_in_err ": the mirror is on fire"
expect_in_err "\`clustermpi lab down $first\` clears the unfinished lab away"
run lab up --name "$first"
expect_in_err "the lab \"$first\" was left unfinished by an earlier \`lab up\`"
run lab down "$first"
expect_status 0
expect_no_traces "a failed lab up"
# As the real one, it has children that work below the folder it was given, and outlive it.
cat > bin/debootstrap <<'FAKE'
#!/bin/sh
for root; do case $root in */.*.partial) mkdir -p "$root"; touch "$root/log"; tail -f "$root/log" & ;; esac; done
wait
FAKE
PATH=$work/bin:$PATH run_in_background lab up --name "$first"
sleep 1
kill -KILL "$background"
join 2>/dev/null
run lab down "$first"
expect_status 0
expect_no_traces "SIGKILL during debootstrap"
unset CLUSTERMPI_CACHE

say "# SIGKILL at many moments"
for moment in 0.01 0.03 0.06 0.1 0.15 0.2 0.3 0.5 0.8 1.2; do
  run_in_background lab up --nodes 3 --name "$first"
  sleep "$moment"
  kill -KILL "$background" 2>/dev/null
  join 2>/dev/null
  if [[ -d /var/lib/clustermpi/labs/$first ]]; then
    run lab down "$first"
    expect_status 0 "after SIGKILL at $moment s"
  fi
  rm -rf cluster.toml
  expect_no_traces "SIGKILL at $moment s"
done

say "# Ctrl-C"
run_in_background lab up --nodes 3 --name "$first"
sleep 0.3
kill -INT "$background"
join
expect_status 130
run lab down "$first"
expect_no_traces "Ctrl-C"

if [[ -n $alone ]] && ! labs_of_others; then
  expect_equal "this machine's settings" "$before" "$(settings)"
else
  say "other labs are up: whether this machine's settings are put back was NOT looked at"
fi
say "passed"
