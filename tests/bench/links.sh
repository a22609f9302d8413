#!/bin/bash
# All pairs of 16 hosts in rounds, as links does, beside one pair after the other. The hosts are network
# namespaces on one bridge, each with a network card of 100 Mbit/s, so that it is the wire that takes its time and not
# this machine. Usage: links.sh [ROUNDS [HOSTS]]
source "$(dirname "$0")/mpi_lib.sh"
((EUID == 0)) || die "network namespaces take root"

rounds=${1:-3}
hosts=${2:-16}
id=lb$$
hub=$id-hub

remove_hosts() {
  local name
  for name in $(ip netns list | awk -v id="$id-" 'index($1, id) == 1 { print $1 }'); do ip netns delete "$name"; done
}
trap 'remove_hosts; rm -rf "$work"' EXIT

in_hub() { ip netns exec "$hub" "$@"; }
add_host() {  # add_host NUMBER
  local name=$id-$1
  ip netns add "$name"
  ip link add eth0 netns "$name" type veth peer name "v$1" netns "$hub"
  in_hub ip link set "v$1" master bridge up
  ip -n "$name" address add "10.99.0.$1/24" dev eth0
  ip -n "$name" link set lo up
  ip -n "$name" link set eth0 up
  ip netns exec "$name" tc qdisc add dev eth0 root tbf rate 100mbit burst 32k latency 50ms
}

ip netns add "$hub"
ip -n "$hub" link set lo up
in_hub ip link add bridge type bridge
in_hub ip link set bridge up
ip -n "$hub" address add 10.99.0.254/24 dev bridge
names=''
for ((i = 1; i <= hosts; ++i)); do
  add_host "$i" || die "no host $i"
  names+=${names:+,}n$i
done

# What stands in for ssh: the host's network and name.
cat >"$work/agent" <<EOF
#!/bin/bash
while [[ \$1 == -* ]]; do shift; done
host=\$1
shift
export TMPDIR=$work/\$host
mkdir -p "\$TMPDIR"
exec ip netns exec $id-\${host#n} unshare --uts bash -c "hostname \$host; \$*"
EOF
chmod +x "$work/agent"
on_netns() {
  in_hub timeout 300 mpirun --mca plm_rsh_agent "$work/agent" --mca plm_rsh_no_tree_spawn 1 \
    --mca btl_tcp_if_include 10.99.0.0/24 --mca oob_tcp_if_include 10.99.0.0/24 --mca mpi_yield_when_idle 1 \
    --map-by node --oversubscribe --host "$names" -n "$hosts" "$@"
}

compile "$root/examples/verify/links.cpp"
at_once=() one_by_one=() ratios=()
for ((round = 0; round < rounds; ++round)); do
  result=$(on_netns "$work/links" --deadline 20 | grep '^RESULT') || die "links: $result"
  at_once+=("$(figure seconds "$result")")
  result=$(on_netns "$work/links" --deadline 20 --serial | grep '^RESULT') || die "links --serial: $result"
  one_by_one+=("$(figure seconds "$result")")
  ratios+=("$(ratio "${at_once[-1]}" "${one_by_one[-1]}")")
done
printf '\n%d hosts, %d pairs, 4 MiB and 65 pings each way, 100 Mbit/s; medians of %d interleaved rounds\n' \
  "$hosts" $((hosts * (hosts - 1) / 2)) "$rounds"
printf '  in rounds %.3f s, one by one %.3f s; last: %s\n' "$(median "${at_once[@]}")" "$(median "${one_by_one[@]}")" "$result"
judge "links in rounds beside one pair after the other" "$(median "${ratios[@]}")" most 0.25
exit "$missed"
