# shellcheck shell=bash
# For tests on a lab of virtual nodes: the lab is this test's own, its inventory is ./cluster.toml, and it
# is taken down however the test ends. To be sourced.
# shellcheck source=../lib.sh
tests_folder=$(realpath "$(dirname "${BASH_SOURCE[0]}")/..")
source "$tests_folder/lib.sh"

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

cache=${CLUSTERMPI_CACHE:-/var/cache/clustermpi}

# start_lab [--slurm] [--bare] ARG...: as `lab up` takes them. A batch system is for the tests that are about it,
# and bare nodes are for those about installing, and for other suites than bookworm: the others start from a root
# that has the packages already. A machine that cannot have a lab fails the test.
start_lab() {
  local bare='' slurm=''
  while :; do
    case $1 in
      --slurm) slurm=yes ;;
      --bare) bare=yes ;;
      *) break ;;
    esac
    shift
  done
  [[ -n $slurm ]] || set -- --no-slurm "$@"
  [[ -n $bare ]] || furnish
  # The lab's nodes are started from this cache whenever they are switched on again.
  if [[ -n $bare ]]; then export CLUSTERMPI_CACHE=$cache; else export CLUSTERMPI_CACHE=$cache/furnished; fi
  lab_is_up=yes
  # Should this test be killed, whoever started it sweeps.
  [[ -z ${CLUSTERMPI_TEST_LABS:-} ]] || : >"$CLUSTERMPI_TEST_LABS/$lab"
  run lab up --name "$lab" "$@"
  ((status == 0)) || { show_run; die "no lab on this machine: $(tail -n 2 <<<"$err" | tr '\n' ' ')"; }
}

# What Open MPI, Slurm and mounts over NFS come with, in the words of the roles.
furnishings() {
  local roles=$tests_folder/../playbooks/roles role
  for role in python base openmpi munge slurm; do
    sed -n 's/^package \([^ |]*\).*/\1/p' "$roles/$role/files/managed.list"
  done
  echo nfs-common
}

# A base root that has the packages, made once, of a bare node. Two tests may come here at once.
furnish() {
  local root=$cache/furnished/roots/bookworm-amd64
  mkdir -p "${root%/*}"
  exec {furnishing}>"$cache/furnished/lock"
  flock "$furnishing"
  if [[ ! -d $root ]]; then
    say "furnishing a root: once, a minute or two"
    make_furnished_root "$root"
  fi
  exec {furnishing}>&-
}
make_furnished_root() {
  start_lab --bare --nodes 1
  # No daemon starts: what it would leave behind, all nodes would share.
  on 1 "set -e; export DEBIAN_FRONTEND=noninteractive
    printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d; chmod +x /usr/sbin/policy-rc.d
    apt-get update -q; apt-get install -q -y --no-install-recommends $(furnishings | xargs)
    rm /usr/sbin/policy-rc.d; apt-get clean" >"$work/furnish.log" 2>&1 || die "no furnished root: $(tail -n 3 "$work/furnish.log")"
  keep_root 1 "$1"
  stop_lab
}

# keep_root N FOLDER: node N as a root that others start from, once it is there whole.
keep_root() {
  rm -rf "$2.partial"
  mkdir -p "$2.partial"
  tar -C "$(node_root "$1")" --one-file-system --xattrs -c . | tar -C "$2.partial" --xattrs -xp || die "no copy of $(node "$1")"
  # Two nodes with one identity or one host key are no two nodes.
  rm -f "$2.partial"/etc/ssh/ssh_host_*
  : >"$2.partial/etc/machine-id"
  mv -T "$2.partial" "$2"
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
