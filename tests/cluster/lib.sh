# shellcheck shell=bash
# For tests on a lab of virtual nodes: the lab is this test's own, its inventory is ./cluster.toml, and it
# is taken down however the test ends. To be sourced.
# shellcheck source=../lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"

((EUID == 0)) || die "the cluster tests boot virtual nodes and need root"

lab=ct$BASHPID
lab=${lab:0:9}x   # a letter last: a number follows in the nodes' names
lab_is_up=''

clean_up() {
  [[ -n $lab_is_up ]] || return 0
  say "lab down"
  if "$CLUSTERMPI" lab down "$lab" >"$work/down" 2>&1; then
    [[ -z ${CLUSTERMPI_TEST_LABS:-} ]] || rm -f "$CLUSTERMPI_TEST_LABS/$lab"
  else
    printf 'FAIL: lab down:\n%s\n' "$(<"$work/down")"
    last=1
  fi
}

# start_lab ARG...: as `lab up` takes them, and --slurm: a batch system is for the tests that are about it. A
# machine that cannot have a lab fails the test.
start_lab() {
  if [[ $1 == --slurm ]]; then shift; else set -- --no-slurm "$@"; fi
  lab_is_up=yes
  # Should this test be killed, whoever started it sweeps.
  [[ -z ${CLUSTERMPI_TEST_LABS:-} ]] || : >"$CLUSTERMPI_TEST_LABS/$lab"
  run lab up --name "$lab" "$@"
  ((status == 0)) || { show_run; die "no lab on this machine: $(tail -n 2 <<<"$err" | tr '\n' ' ')"; }
}

stop_lab() {
  run lab down "$lab"
  expect_status 0 "lab down"
  rm -rf cluster.toml .clustermpi
  lab_is_up=''
}

# expect_converges HOSTS: the next `up` proves that many hosts, and the one after it finds nothing to do.
expect_converges() {
  run up --json
  expect_status 0
  expect_json 'd["verification"]["hello"]["figures"]["hosts"]' "$1"
  run up --json
  expect_status 0
  expect_json 'd["changed"]' false
}

node() { printf '%s%02d' "$lab" "$1"; }   # node 2: the second one's name

# on NODE COMMAND: as root in the node, by way of the lab's own bookkeeping and not of the network, so that
# a test can look at a node that is cut off. The node's processes are this machine's: the one whose root is
# the node's and whose name is systemd is its first.
node_root() { printf '/var/lib/clustermpi/labs/%s/%s/root' "$lab" "$(node "$1")"; }
node_init() {
  local process
  for process in $(pgrep -x systemd); do
    [[ $(readlink "/proc/$process/ns/net") == "$(node_netns "$1")" ]] && echo "$process" && return 0
  done
  return 1
}
node_netns() { printf 'net:[%s]' "$(stat -L -c %i "/run/netns/$(node "$1")")"; }
on() {
  local init
  init=$(node_init "$1") || die "$(node "$1") does not run"
  nsenter --target "$init" --mount --uts --ipc --net --pid --root --wdns=/ -- /bin/sh -c "$2"
}

installs_packages() { on "$1" 'pgrep -x apt-get || pgrep -x dpkg' >/dev/null 2>&1; }
