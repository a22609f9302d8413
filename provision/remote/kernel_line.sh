#!/bin/sh
# Has the next kernel limit memory: adds a word to the line that a Raspberry Pi's boot loader starts it with.
# A broken line is a board that does not start: the words that are there stay as they are, the line stays one
# line, and the file as it was is kept beside it, where any computer that the card is put into can bring it
# back. Runs as root through `sh -s`; the program puts `file=PATH` in front. Prints `added` or `kept`.
#
# The journal (see reset.sh) learns of it first; kernel.state says in which boot it was, so that whoever looks
# can tell whether the node was started since.

# shellcheck disable=SC2154  # file is the program's
set -u -f
LC_ALL=C
PATH="${PATH:-/usr/bin:/bin}:/usr/sbin:/sbin"
export LC_ALL PATH

word=cgroup_enable=memory
state=/var/lib/clustermpi
before=$file.before-clustermpi

refuse() {
  rm -f "$file.new" "$before.new"
  echo "$*" >&2
  exit 1
}

journal() {
  grep -q -s -x -F -e "$1" "$state/journal" || printf '%s\n' "$1" >>"$state/journal"
}

remember() {
  mkdir -p "$state" && chmod 0755 "$state" || return 1
  journal "word $word - $file" && { [ -e "$before" ] || journal "file absent - $before"; } || return 1
  read -r boot </proc/sys/kernel/random/boot_id || return 1
  printf 'playbook kernel\ninputs %s\n' "$boot" >"$state/kernel.state.new" &&
    mv -f "$state/kernel.state.new" "$state/kernel.state"
}

keep() {
  [ -e "$before" ] || { cp -p "$file" "$before.new" && sync "$before.new" && mv -f "$before.new" "$before"; }
}

# cp gives the new file the owner and mode of the old. The end of the line, if it has one, stays as it is.
write() {
  cp -p "$file" "$file.new" &&
    sed '1s/[[:blank:]]*\(\r\{0,1\}\)$/ '"$word"'\1/' "$file" >"$file.new" &&
    sync "$file.new" && mv -f "$file.new" "$file" && sync "${file%/*}"
}

main() {
  line=$(sed -n 1p "$file" | tr '\t\r' '  ')
  case " $line " in
    *" $word "*) echo kept && return ;;
    *" root="*) ;;
    *) refuse "$file does not look like the line of a kernel: it names no root=" ;;
  esac
  remember || refuse "$state cannot be written"
  complaint=$({ keep && write; } 2>&1) || refuse "$file cannot be written: $complaint"
  echo added
}

# Our stdin is this script: nobody else may read from it.
main </dev/null
