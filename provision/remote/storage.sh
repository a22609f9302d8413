#!/bin/sh
# What stands between this node and the shared directory; and, where that was agreed to, a new file system on
# the manager's device. Runs as root through `sh -s`; the program puts variables in front:
#
#   mode=examine   reads only
#   mode=format    looks at the device again and makes the file system in the same breath
#   part=server|client|alone   what the node is to the others
#   directory=PATH             that all hosts share
#   device=PATH                that holds it here; empty: none
#   may_format=yes|no          inventory and command line both allow to make a file system on that device
#   wipe=yes|no                and to lose what is on it
#
# Prints one word and a text a line: `plan WHAT` for what is to be done, `refuse WHY` and `hint CURE` where it
# cannot be, `formatted DEVICE`. The first refusal is the last line but its hint.

# shellcheck disable=SC2154  # all of these are the program's
set -u -f
LC_ALL=C
PATH="${PATH:-/usr/bin:/bin}:/usr/sbin:/sbin"
export LC_ALL PATH

refuse() {
  printf 'refuse %s\nhint %s\n' "$1" "$2"
  exit 0
}

# Whether the kernel has a file system or server by that name: running, built in or as a module.
kernel_has() {
  grep -qw "$1" /proc/filesystems && return 0
  modules=/lib/modules/$(uname -r)
  grep -qs "/$1\.ko" "$modules/modules.dep" "$modules/modules.builtin"
}

examine_kernel() {
  case $part in
    server) kernel_has nfsd || refuse 'its kernel has no NFS server' \
      'use a kernel of the distribution, which has one: a container has that of its host' ;;
    client) kernel_has nfs4 || kernel_has nfsv4 || refuse 'its kernel has no NFS client' \
      'use a kernel of the distribution, which has one: a container has that of its host' ;;
  esac
}

# Field 1 of what is mounted last at the directory; a mount point that waits for its first use counts.
source_of_directory() {
  awk -v at="$directory" '$2 == at { source = $1 } END { print source }' /proc/self/mounts
}

# What is there is shared by a manager without a device; a mount would hide it.
examine_directory() {
  if [ -n "$(source_of_directory)" ] || [ ! -e "$directory" ]; then return 0; fi
  [ -d "$directory" ] || refuse "$directory is no directory" 'move it away, or name another directory below [storage]'
  if [ "$part" != client ] && [ -z "$device" ]; then return 0; fi
  [ -z "$(ls -A "$directory")" ] || refuse "$directory holds files of its own, which the shared directory would hide" \
    'move them away, or name another directory below [storage]'
}

something_else_is_mounted() {
  refuse "$directory is where $1 is mounted" 'unmount it, or name another directory below [storage]'
}

is_in_fstab() {
  sed -n '/^# BEGIN clustermpi$/,/^# END clustermpi$/p' /etc/fstab 2>/dev/null | grep -q "^[^#].* $directory nfs4 "
}

# Where our line is in /etc/fstab, the directory is mounted or waits for its first use.
examine_mount() {
  mounted=$(source_of_directory)
  if ! is_in_fstab; then
    [ -z "$mounted" ] || something_else_is_mounted "$mounted"
  elif [ -z "$mounted" ]; then
    echo "plan mount $directory again"
  fi
}

# The device and all that is made of it, as lsblk sees them: `NAME TYPE MOUNTPOINT` a line.
layers() { lsblk --noheadings --raw --paths --output NAME,TYPE,MOUNTPOINT "$real"; }

# Nobody else may use the device, whatever was agreed to.
examine_use() {
  itself=yes # the first line
  layers | while read -r name type mountpoint; do
    case $mountpoint in
      '') ;;
      '[SWAP]') refuse "$device is swap space that is in use ($name)" "$other_device" ;;
      *) refuse "$device is in use: $name is mounted at $mountpoint" "unmount it, or $other_device" ;;
    esac
    case ${itself:-$type} in
      yes | part) itself='' ;;
      *) refuse "$device is in use: $name ($type) is made of it" "$other_device" ;;
    esac
  done
}

# Decides what is to be done with the device, which nobody uses, by what is on it.
examine_content() {
  found=$(wipefs --noheadings --output TYPE "$real") \
    || refuse "$device cannot be read" 'look into its kernel log: sudo dmesg'
  found=$(printf '%s\n' "$found" | sort -u | paste -sd, -)
  parts=$(layers | awk 'NR > 1 && $2 == "part" { print $1 }' | paste -sd, -)
  [ -z "$parts" ] || found="partitions ($parts)"
  case $may_format$wipe:$found in
    yes*:) echo "plan format $device (ext4)" ;;
    yesyes:*) echo "plan format $device (ext4), which carries $found" ;;
    yesno:*) refuse "$device carries $found" \
      'add --wipe to lose all that is on it, or leave --yes-format out to use it as it is' ;;
    no*:) refuse "$device carries no file system" \
      "to have one made, write format = true below [storage] and add --yes-format $device" ;;
    no*:ext[234] | no*:xfs | no*:btrfs | no*:f2fs) echo "plan mount $device ($found) at $directory" ;;
    *) refuse "$device carries $found, not a file system that Linux hosts can share" \
      "name a partition or another device below [storage]; or format it: format = true there, and --yes-format $device --wipe" ;;
  esac
}

examine_device() {
  other_device='name another device below [storage]'
  [ -e "$device" ] || refuse "there is no $device" "plug it in, or $other_device"
  [ -b "$device" ] || refuse "$device is no block device" "$other_device"
  mounted=$(source_of_directory)
  if [ -n "$mounted" ] && [ "$(readlink -f "$mounted")" != "$real" ]; then
    something_else_is_mounted "$mounted"
  fi
  if [ -n "$mounted" ] && [ "$wipe" = no ]; then return 0; fi
  answer=$(examine_use)
  [ -n "$answer" ] || answer=$(examine_content)
  printf '%s\n' "$answer"
}

# Between the examination and the first byte there is nothing but this; mkfs itself refuses a device that is
# in use.
format() {
  answer=$(examine_device)
  case $answer in
    'plan format '*) ;;
    *) printf '%s\n' "$answer" && return 0 ;;
  esac
  if said=$(wipefs --quiet --all "$real" 2>&1 && mkfs.ext4 -q -F "$real" 2>&1); then
    echo "formatted $device"
  else
    refuse "$device cannot be formatted: $(printf '%s' "$said" | tail -n 1)" 'look into its kernel log: sudo dmesg'
  fi
}

examine() {
  examine_kernel
  examine_directory
  if [ -n "$device" ]; then examine_device; fi
  if [ "$part" = client ]; then examine_mount; fi
}

real=$(readlink -f "$device")
case $mode in
  examine) examine </dev/null ;;
  format) format </dev/null ;;
esac
