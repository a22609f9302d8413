# shellcheck shell=bash
# For tests on emulated machines: what needs a kernel of its own, such as NFS, control groups or a reboot. A
# machine is a lab's base root with Debian's kernel, run by qemu; it is switched on and off like a board with a
# plug. /dev/vda is its own, /dev/vdb is blank. The inventory of all is ./cluster.toml; they are gone however the test ends. To be sourced.
# shellcheck source=../cluster/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/../cluster/lib.sh"

machine_root=$cache/machines/bookworm-amd64-furnished
bridge=cmpi$BASHPID
network=''            # 10.214.X
machine_processes=()  # by number
machine_cpus=1        # a test that needs more says so

machine() { printf 'em%02d' "$1"; }             # machine 2: the second one's name
machine_address() { printf '%s.%d' "$network" "$((10 + $1))"; }
machine_console() { printf '%s/%s.console' "$work" "$(machine "$1")"; }

eval "lab_$(declare -f clean_up)"
clean_up() {
  local number
  for number in "${!machine_processes[@]}"; do power_off "$number"; done
  if mountpoint -q "$work/merged"; then umount "$work/merged"; fi
  if [[ -e /sys/class/net/$bridge ]]; then ip link del "$bridge"; fi
  lab_clean_up
}

# A lab's node gets a kernel, and all packages that the tests have installed: they are about what a kernel does, and
# apt is minutes under emulation.
build_machine_root() {
  say "building the machines' root: once, some minutes"
  start_lab --nodes 1
  on 1 'set -e; export DEBIAN_FRONTEND=noninteractive; apt-get update -q
    apt-get install -q -y --no-install-recommends linux-image-cloud-amd64 initramfs-tools udev kmod nfs-kernel-server
    systemctl disable nfs-server; systemctl enable systemd-networkd; apt-get clean' >"$work/root.log" 2>&1 || die "no root for machines: $(tail -n 3 "$work/root.log")"
  keep_root 1 "$machine_root"
  stop_lab
}

# Where a test was killed, its bridge is left.
sweep_bridges() {
  local left
  for left in /sys/class/net/cmpi[0-9]*; do
    [[ -e $left/bridge ]] || continue
    left=${left##*/}
    [[ -e /proc/${left#cmpi} ]] || ip link del "$left"
  done
}

make_network() {
  local third=0
  while [[ -n $(ip -4 route show "10.214.$third.0/24") ]]; do ((++third)); done
  network=10.214.$third
  ip link add "$bridge" type bridge
  ip addr add "$network.1/24" dev "$bridge"
  ip link set "$bridge" up
  # qemu makes the cable, which goes with it, and has it plugged in by this.
  # shellcheck disable=SC2016
  printf '#!/bin/sh\nip link set "$1" master %s up\n' "$bridge" >"$work/plug"
  chmod +x "$work/plug"
}

# The last number of a machine's hardware addresses is its own; the first NIC leads to the others and to us,
# the second to the world.
hardware_address() { printf '52:54:00:%02x:00:%02x' "$2" "$1"; }

write_identity() {
  local root=$work/merged name
  name=$(machine "$1")
  echo "$name" >"$root/etc/hostname"
  printf '127.0.0.1\tlocalhost\n127.0.1.1\t%s\n' "$name" >"$root/etc/hosts"
  printf '/dev/vda / ext4 defaults 0 1\n' >"$root/etc/fstab"
  : >"$root/etc/machine-id"
  rm -f "$root"/etc/ssh/ssh_host_*
  ssh-keygen -q -t ed25519 -N '' -f "$root/etc/ssh/ssh_host_ed25519_key"
  install -d -o 1000 -g 1000 -m 0700 "$root/home/pi/.ssh"
  install -o 1000 -g 1000 -m 0600 "$work/key.pub" "$root/home/pi/.ssh/authorized_keys"
  printf '[Match]\nMACAddress=%s\n[Network]\nAddress=%s/24\n' \
    "$(hardware_address "$1" 1)" "$(machine_address "$1")" >"$root/etc/systemd/network/cluster.network"
  printf '[Match]\nMACAddress=%s\n[Network]\nDHCP=ipv4\n[DHCPv4]\nUseHostname=no\n' \
    "$(hardware_address "$1" 2)" >"$root/etc/systemd/network/world.network"
}

make_disk() {
  local folder=$work/identity$1
  mkdir -p "$folder/upper" "$folder/work" "$work/merged"
  mount -t overlay overlay -o "lowerdir=$machine_root,upperdir=$folder/upper,workdir=$folder/work" "$work/merged"
  write_identity "$1"
  truncate -s 256M "$work/blank$1"
  truncate -s 8G "$work/disk$1"
  mke2fs -q -t ext4 -d "$work/merged" "$work/disk$1" || die "no disk for $(machine "$1")"
  umount "$work/merged"
}

# /dev/kvm may be there and lead nowhere: the processor has to be able to.
accelerator() {
  if [[ -w /dev/kvm ]] && grep -qwE 'vmx|svm' /proc/cpuinfo; then echo kvm; else echo tcg; fi
}

# power_on N: returns at once. The machine dies with this shell, whatever ends that.
power_on() {
  say "$(machine "$1") is switched on"
  printf '\n== switched on\n' >>"$(machine_console "$1")"
  setpriv --pdeathsig KILL qemu-system-x86_64 -machine "q35,accel=$(accelerator)" -cpu max -smp "$machine_cpus" -m 1024 \
    -nodefaults -no-user-config -display none \
    -kernel "$work/vmlinuz" -initrd "$work/initrd" \
    -append 'root=/dev/vda rw console=ttyS0 systemd.show_status=1' \
    -chardev "file,id=console,append=on,path=$(machine_console "$1")" -serial chardev:console \
    -drive "file=$work/disk$1,if=virtio,format=raw,cache=unsafe" \
    -drive "file=$work/blank$1,if=virtio,format=raw,cache=unsafe" -device virtio-rng-pci \
    -netdev "tap,id=cluster,ifname=$bridge-$1,script=$work/plug,downscript=no" \
    -device "virtio-net-pci,netdev=cluster,mac=$(hardware_address "$1" 1)" \
    -netdev user,id=world -device "virtio-net-pci,netdev=world,mac=$(hardware_address "$1" 2)" \
    </dev/null >"$work/qemu$1" 2>&1 &
  machine_processes[$1]=$!
}

# power_off N: the plug is pulled.
power_off() {
  local process=${machine_processes[$1]:-}
  [[ -n $process ]] || return 0
  say "$(machine "$1") is switched off"
  kill -KILL "$process" 2>/dev/null
  wait "$process" 2>/dev/null
  unset "machine_processes[$1]"
}

# at N COMMAND: as root in the machine, within half a minute.
# Without a look at host keys: the machines were made a minute ago, on a bridge that nobody else is on, and the
# program under test, which goes another way, does check them.
at() {
  timeout -k 1 "${at_most:-30}" ssh -F none -i "$work/key" -o BatchMode=yes -o StrictHostKeyChecking=no \
    -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR -o ConnectTimeout=5 \
    "pi@$(machine_address "$1")" "sudo sh -c $(printf '%q' "$2")" </dev/null
}

is_on() { kill -0 "${machine_processes[$1]:-0}" 2>/dev/null; }
answers() {
  is_on "$1" || die "$(machine "$1") does not run: $(tail -n 3 "$work/qemu$1")"
  at "$1" true >/dev/null 2>&1
}
wait_for_machine() { wait_until "${2:-240}" "the start of $(machine "$1")" answers "$1"; }

# start_machines N: nodes that have their packages and nothing else, reached by the inventory ./cluster.toml.
start_machines() {
  local number
  [[ -d $machine_root ]] || build_machine_root
  cp "$machine_root"/boot/vmlinuz-* "$work/vmlinuz"
  cp "$machine_root"/boot/initrd.img-* "$work/initrd"
  ssh-keygen -q -t ed25519 -N '' -f "$work/key"
  sweep_bridges
  make_network
  for ((number = 1; number <= $1; ++number)); do
    make_disk "$number"
    power_on "$number"
  done
  {
    printf '[cluster]\nname = "em"\nmanager = "%s"\nuser = "pi"\n\n[ssh]\nidentity = "%s"\n' "$(machine 1)" "$work/key"
    printf '\n[[hosts]]\nnames = "em[01-%02d]"\naddress = "%s.[11-%d]"\n' "$1" "$network" "$((10 + $1))"
  } >cluster.toml
  for ((number = 1; number <= $1; ++number)); do wait_for_machine "$number"; done
}
