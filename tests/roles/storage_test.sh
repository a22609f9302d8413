#!/bin/bash
# provision/remote/storage.sh: what it makes of a device, tried on loop devices. The order that matters: a
# device is formatted only where both allow it and it carries nothing, or --wipe was given too.
set -euo pipefail
script=$(cd "$(dirname "$0")/../.." && pwd)/provision/remote/storage.sh
dir=$(mktemp -d)
device=''
clean_up() {
  if mountpoint -q "$dir/elsewhere"; then umount "$dir/elsewhere"; fi
  if mountpoint -q "$dir/shared"; then umount "$dir/shared"; fi
  [[ -z $device ]] || losetup -d "$device"
  rm -rf "$dir"
}
trap clean_up EXIT

fail() { printf 'FAIL: %s\n  expected: %s\n  came:     %s\n' "$@"; exit 1; }
expect() { [[ $2 == "$3" ]] || fail "$@"; }
((EUID == 0)) || fail "who runs this" "root, for loop devices" "$(id -un)"

mkdir "$dir/shared" "$dir/elsewhere"
truncate -s 64M "$dir/disk"
device=$(losetup --find --show --partscan "$dir/disk")

# says VARIABLE=VALUE...: what the script says of the device; each call begins with no consent at all.
says() {
  { printf '%s\n' mode=examine part=alone "directory=$dir/shared" "device=$device" may_format=no wipe=no "$@"
    cat "$script"; } | sh -s
}
refusal() { says "$@" | sed -n 's/^refuse //p'; }
digest() { blockdev --flushbufs "$device"; sha256sum <"$device"; }
yes=may_format=yes

expect "a device that is not there" "there is no /dev/none" "$(refusal device=/dev/none)"
expect "no device at all" "$dir/disk is no block device" "$(refusal "device=$dir/disk")"

blank=$(digest)
expect "blank, without consent" "refuse $device carries no file system
hint to have one made, write format = true below [storage] and add --yes-format $device" "$(says)"
expect "blank, without consent, and told to format" "$device carries no file system" "$(refusal mode=format)"
expect "blank, with consent" "plan format $device (ext4)" "$(says $yes)"
expect "nothing was written by all that" "$blank" "$(digest)"

expect "formatted" "formatted $device" "$(says mode=format $yes)"
expect "a file system afterwards" ext4 "$(blkid -p -o value -s TYPE "$device")"
formatted=$(digest)
expect "a file system is used as it is" "plan mount $device (ext4) at $dir/shared" "$(says)"
expect "a file system, with consent" "refuse $device carries ext4
hint add --wipe to lose all that is on it, or leave --yes-format out to use it as it is" "$(says $yes)"
expect "a file system, with consent, told to format" "$device carries ext4" "$(refusal mode=format $yes)"
expect "nothing was written by all that" "$formatted" "$(digest)"
expect "a file system that may be lost" "plan format $device (ext4), which carries ext4" "$(says $yes wipe=yes)"
uuid=$(blkid -p -o value -s UUID "$device")
expect "wiped" "formatted $device" "$(says mode=format $yes wipe=yes)"
[[ $(blkid -p -o value -s UUID "$device") != "$uuid" ]] || fail "wiped" "another file system" "the same"

mount "$device" "$dir/elsewhere"
expect "mounted elsewhere" "$device is in use: $device is mounted at $dir/elsewhere" "$(refusal)"
expect "mounted elsewhere, and all allowed" "$device is in use: $device is mounted at $dir/elsewhere" \
       "$(refusal mode=format $yes wipe=yes)"
umount "$dir/elsewhere"
mount "$device" "$dir/shared"
expect "mounted where it belongs" "" "$(says)"
expect "mounted where it belongs, told to format" "" "$(says mode=format $yes)"
expect "mounted where it belongs, told to wipe" "$device is in use: $device is mounted at $dir/shared" \
       "$(refusal mode=format $yes wipe=yes)"
umount "$dir/shared"
mount -t tmpfs none "$dir/shared"
expect "something else in its place" "$dir/shared is where none is mounted" "$(refusal)"
umount "$dir/shared"

: >"$dir/shared/mine"
expect "files that a mount would hide" "$dir/shared holds files of its own, which the shared directory would hide" \
       "$(refusal)"
expect "files of a directory without a device" "" "$(says device=)"
rm "$dir/shared/mine"
expect "a file in place of the directory" "$dir/disk is no directory" "$(refusal "directory=$dir/disk")"

# clear: nothing is on the device.
clear() { wipefs -qa "$device" >/dev/null; }
clear
mkswap "$device" >/dev/null
expect "swap space" "$device carries swap, not a file system that Linux hosts can share" "$(refusal)"
expect "swap space, with consent" "$device carries swap" "$(refusal $yes)"
clear
# One partition of 4 MiB, as a boot record has it.
printf '\0\0\0\0\203\0\0\0\0\10\0\0\0\40\0\0' | dd of="$device" bs=1 seek=446 conv=notrunc status=none
printf '\125\252' | dd of="$device" bs=1 seek=510 conv=notrunc status=none
expect "a partition table" "$device carries dos, not a file system that Linux hosts can share" "$(refusal)"
# Not every kernel reads boot records, and the others may have read this one.
[[ -e /sys/class/block/${device##*/}p1 ]] || addpart "$device" 1 2048 8192
# Its node is made here: a machine without udev has none of its own.
IFS=: read -r major minor <"/sys/class/block/${device##*/}p1/dev"
mknod "$dir/part" b "$major" "$minor"
expect "partitions" "$device carries partitions (${device}p1), not a file system that Linux hosts can share" "$(refusal)"
expect "partitions, told to format" "$device carries partitions (${device}p1)" "$(refusal mode=format $yes)"
expect "a partition of its own" "$dir/part carries no file system" "$(refusal "device=$dir/part")"
mkfs.ext4 -q "$dir/part"
mount "$dir/part" "$dir/elsewhere"
expect "a partition in use" "$device is in use: ${device}p1 is mounted at $dir/elsewhere" \
       "$(refusal mode=format $yes wipe=yes)"
umount "$dir/elsewhere"
clear
[[ ! -e /sys/class/block/${device##*/}p1 ]] || delpart "$device" 1
# What lvm and mdadm leave, without lvm and mdadm: their magic words.
{ printf 'LABELONE\1\0\0\0\0\0\0\0'; } | dd of="$device" bs=512 seek=1 conv=notrunc status=none
printf 'LVM2 001' | dd of="$device" bs=1 seek=536 conv=notrunc status=none
expect "a member of a volume group" "$device carries LVM2_member, not a file system that Linux hosts can share" "$(refusal)"
expect "a member of a volume group, with consent" "$device carries LVM2_member" "$(refusal mode=format $yes)"
clear

root_device=$(findmnt -n -o SOURCE /)
if [[ -b $root_device ]]; then
  expect "what holds the system" "$root_device is in use: $root_device is mounted at /" \
         "$(refusal "device=$root_device" mode=format $yes wipe=yes)"
fi

# Kernels that have NFS in one way or another, and one that has none.
mkdir "$dir/modules"
printf 'nodev\ttmpfs\n' >"$dir/filesystems"
kernel() {
  { printf '%s\n' mode=examine "part=$1" "directory=$dir/shared" device= may_format=no wipe=no
    sed "s#/etc/fstab#$dir/fstab#; s#/proc/filesystems#$dir/filesystems#; s#^  modules=.*#  modules=$dir/modules#" "$script"; } | sh -s
}
expect "no client" "refuse its kernel has no NFS client
hint use a kernel of the distribution, which has one: a container has that of its host" "$(kernel client)"
expect "no server" "refuse its kernel has no NFS server
hint use a kernel of the distribution, which has one: a container has that of its host" "$(kernel server)"
expect "neither is wanted" "" "$(kernel alone)"
printf 'kernel/fs/nfs/nfsv4.ko: a\nkernel/fs/nfsd/nfsd.ko: b\n' >"$dir/modules/modules.dep"
expect "modules" "" "$(kernel client)$(kernel server)"
rm "$dir/modules/modules.dep"
printf 'nodev\tnfsd\nnodev\tnfs4\n' >"$dir/filesystems"
expect "built in" "" "$(kernel client)$(kernel server)"

printf '# BEGIN clustermpi\n10.0.0.1:%s %s nfs4 hard 0 0\n# END clustermpi\n' "$dir/shared" "$dir/shared" >"$dir/fstab"
expect "a mount point that is gone" "plan mount $dir/shared again" "$(kernel client)"
mount -t tmpfs none "$dir/shared"
expect "a mount of ours" "" "$(kernel client)"
: >"$dir/fstab"
expect "a mount of somebody else's" "$dir/shared is where none is mounted" "$(kernel client | sed -n 's/^refuse //p')"
umount "$dir/shared"
