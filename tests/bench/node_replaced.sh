#!/bin/bash
# One node of four is replaced by a bare one of the same name, with host keys of its own: `up` costs about
# what it costs for a single node.
source "$(dirname "$0")/lib.sh"

rounds=${1:-3}
# flash FOLDER BARE: puts a node's own layer back to what it was. Nobody may write below a mounted overlay.
flash() {
  local options
  options=$(findmnt --noheadings --output FS-OPTIONS --mountpoint "$1/root") || die "$1/root is not mounted"
  umount "$1/root"
  find "$1/upper" "$1/work" -mindepth 1 -delete
  cp -a "$2/." "$1/upper/"
  rm -rf "$2"
  mount -t overlay overlay -o "$options" "$1/root"
}

singles=() replaced=()
for ((i = 0; i < rounds; ++i)); do
  start_lab --nodes 1
  measure "$CLUSTERMPI" up -q
  singles+=("$seconds")
  stop_lab

  start_lab --nodes 4
  folder=$(dirname "$(node_root 4)")
  run lab stop "$(node 4)"
  cp -a "$folder/upper" "$work/bare"
  run lab start "$(node 4)"
  measure "$CLUSTERMPI" up -q

  run lab stop "$(node 4)"
  expect_status 0
  flash "$folder" "$work/bare"
  run lab start "$(node 4)"
  expect_status 0
  on 4 'rm /etc/ssh/ssh_host_*; ssh-keygen -A >/dev/null; systemctl restart ssh'
  run hostkey forget "$(node 4)"
  expect_status 0
  measure "$CLUSTERMPI" up -q
  replaced+=("$seconds")
  stop_lab
  say "round $((i + 1)): one node ${singles[i]} s, one of four replaced ${replaced[i]} s"
done

printf '\none node of four replaced by a bare one, median of %d\n' "$rounds"
printf '%-48s %10.3f s\n' "up of a lab of one" "$(median "${singles[@]}")" \
  "up after one of four was replaced" "$(median "${replaced[@]}")"
judge "ratio" "$(ratio "$(median "${replaced[@]}")" "$(median "${singles[@]}")")" 1.3 x
exit "$missed"
