#!/bin/sh
# Gives this node another name, now and for good. Runs as root through `sh -s`; the program puts `name=NAME` in
# front. It is done without hostnamectl, which wants a message bus that small images lack.

# shellcheck disable=SC2154  # name is the program's
set -u -f
LC_ALL=C
PATH="${PATH:-/usr/bin:/bin}:/usr/sbin:/sbin"
export LC_ALL PATH

state=/var/lib/clustermpi
hosts=/etc/hosts
cloud=/etc/cloud/cloud.cfg.d

die() {
  echo "$*" >&2
  exit 1
}

# sudo looks its own host up: without an entry it complains, or waits for a name server first.
name_in_hosts() {
  grep -q -s "^[^#]*[[:blank:]]$name\([[:blank:]]\|\$\)" "$hosts" && return
  if grep -q -s '^127\.0\.1\.1[[:blank:]]' "$hosts"; then
    sed -i "s/^127\.0\.1\.1[[:blank:]].*/127.0.1.1\t$name/" "$hosts"
  else
    printf '127.0.1.1\t%s\n' "$name" >>"$hosts"
  fi
}

# cloud-init would bring back the name that the image's maker wrote, with the next start.
keep_from_cloud_init() {
  [ -d "$cloud" ] || return 0
  ours=$cloud/99-clustermpi-hostname.cfg
  [ ! -e "$ours" ] || return 0
  mkdir -p "$state" && chmod 0755 "$state" && printf 'file absent - %s\n' "$ours" >>"$state/journal" &&
    printf '# Written by clustermpi, which gave this host its name.\npreserve_hostname: true\n' >"$ours"
}

main() {
  name_in_hosts || die "$hosts cannot be written"
  keep_from_cloud_init || die "$cloud cannot be written"
  printf '%s\n' "$name" >/etc/hostname || die "/etc/hostname cannot be written"
  hostname "$name" || die "the name cannot be set"
}

# Our stdin is this script: nobody else may read from it.
main </dev/null
